"""Names that may stand in an event: a machine's words, symbols, paths.

Each function gives the name as it may be kept, or None when it may not: one
that holds a path of this machine, an address, a host, an owner/repo pair or a
secret shape is no name.  All of them are pure, so read models may ask too.
"""

from __future__ import annotations

import functools
import re

from lokid.scrub import holds_private, one_line, settle

_SYMBOL_LIMIT = 80
_SYMBOL_READ = 400
_NO_QUOTES = str.maketrans("\"'", "  ")
_PATH_LIMIT = 200

_TOKEN = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_LONG_HEX = re.compile(
    r"(?<![0-9A-Za-z])(?=[A-Fa-f]*\d)[0-9A-Fa-f]{32,}(?![0-9A-Za-z])"
)

_NAME = re.compile(r"[\w.@+()\[\]-]{1,100}")
_FILE_NAME = re.compile(r"\.?[\w@+()\[\]-][\w.@+()\[\]-]*\.[A-Za-z][A-Za-z0-9]{0,9}")
_DOT_FILE = re.compile(r"\.[A-Za-z][\w.-]{1,40}")
_WORD = re.compile(r"[A-Za-z][\w-]{0,63}")
_BARE_FILES = frozenset(
    {
        "Makefile", "Dockerfile", "Containerfile", "Procfile", "Gemfile", "Rakefile",
        "Justfile", "Jenkinsfile", "LICENSE", "README", "CHANGELOG", "CODEOWNERS",
    }
)  # fmt: skip
_NO_FILES = (".git", ".com", ".org", ".net")  # a repository or a host, not a file


@functools.lru_cache(maxsize=4096)
def token(text: str) -> str | None:
    """The word of a machine as it stands, or None when it is not one."""
    if not _TOKEN.fullmatch(text) or guarded(text):
        return None
    return text


def symbol(text: str) -> str | None:
    """A function's name, at most 80 characters; ``<anonymous>`` in round brackets."""
    if guarded(one_line(text[:_SYMBOL_READ])):
        return None
    return settle(_short_name, text[:_SYMBOL_READ]) or None


def relative_path(text: str) -> str | None:
    """A file's path inside the workspace, or one plain word; else None.

    The last name must have an extension: two names without one may be the
    owner and the name of a repository.
    """
    parts = text.removeprefix("./").split("/")
    last = parts[-1]
    if len(text) > _PATH_LIMIT or not all(_NAME.fullmatch(part) for part in parts):
        return None
    if ".." in parts or "." in parts or any(map(guarded, parts)):
        return None
    alone = len(parts) == 1 and _WORD.fullmatch(last)
    named = _FILE_NAME.fullmatch(last) or _DOT_FILE.fullmatch(last)
    if last.lower().endswith(_NO_FILES) or not (alone or named or last in _BARE_FILES):
        return None
    return "/".join(parts)


def guarded(name: str) -> bool:
    """Whether a name holds something private, also inside of quotes."""
    bare = name.translate(_NO_QUOTES)
    if _LONG_HEX.search(name) or holds_private(name):
        return True
    return bare != name and holds_private(bare)


def _short_name(text: str) -> str:
    return one_line(text)[:_SYMBOL_LIMIT].rstrip()
