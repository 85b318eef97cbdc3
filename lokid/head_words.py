"""Which words may stand in the head of a command.

`head` holds a whole head to its rule: words separated by one space, at most 80
characters, every word harmless.  `head_word` gives a word as it may stand there:
itself, when it is a plain word of a machine, a path inside the workspace
(``tests/test_cart.py::test_total``, ``./cart/...``), a package with its version
(``login@158``, ``@scope/name@1.2``) or a placeholder; with its random parts as
``{hash}``; or the placeholder for what it is instead.

Its law: the rule applied again changes nothing.
"""

from __future__ import annotations

import functools
import re

from lokid.names import guarded, relative_path
from lokid.programs import HEAD_OPTIONS
from lokid.scrub import one_line, scrub, settle
from lokid.secret_shapes import TOKEN, hide, holds_secret

LIMIT = 80
"""Characters of a head."""
_LONGEST = 72  # characters of a word: with its program it must fit a head
NOTHING_KNOWN = "{str}"
_READ = 1000  # characters of a head that are looked at

_PLACEHOLDER = re.compile(r"\{[a-z]+\}")
_HASH = "{hash}"
_STAND_IN = "hash"  # what stands for a {hash} while a word is looked at

_RANDOM = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
    r"|(?<=[-_])(?=[A-Fa-f]*\d)[0-9A-Fa-f]{6,}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(?=\d*[A-Fa-f])(?=[A-Fa-f]*\d)[0-9A-Fa-f]{7,}(?![0-9A-Za-z])"
)
_MIXED = re.compile(
    r"(?<![0-9A-Za-z])(?=[A-Za-z]*\d)(?=[0-9A-Z]*[a-z])(?=[0-9a-z]*[A-Z])"
    r"[0-9A-Za-z]{8,19}(?![0-9A-Za-z])"
)
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_SHORT_PIECES = 2  # mean letters of a piece: Xa9fK2pQ has 1.1, getUser2Name 3

_LETTER = re.compile(r"[A-Za-z]")
_PLAIN = re.compile(r"[A-Za-z0-9_](?:[\w.+-]{0,62}[\w+])?", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d[\d.,_]*%?")
_SCRIPT = re.compile(r":?[A-Za-z][A-Za-z_-]*(?::[A-Za-z][A-Za-z_-]*){1,3}")
_IMAGE = re.compile(r"[a-z][a-z0-9._-]*:\d+(?:\.\d+){0,2}(?:-[a-z]+[0-9.]{0,5})?")
_PINNED = re.compile(r"[A-Za-z][\w.-]*==\d+(?:\.\w+){0,3}", re.ASCII)
_PACKAGE = re.compile(
    r"(?:@(?P<scope>[a-z0-9][\w.-]*)/)?(?P<name>[A-Za-z0-9][\w.-]*)"
    r"(?P<version>@(?:[~^v]?\d+(?:\.(?:\d+|x)){0,2}(?:-[a-z]+(?:\.\d+)?)?"
    r"|latest|next|beta|alpha|canary|rc))?",
    re.ASCII,
)
_PATH_LETTERS = re.compile(r"[\w.@+/\[\]-]+", re.ASCII)
_TEST_ID = re.compile(r"[A-Za-z_][\w\[\].-]*", re.ASCII)
_FOLDER = re.compile(r"[A-Za-z_][\w-]{0,63}", re.ASCII)
_FOLDERS = frozenset(
    {
        "app", "apps", "bin", "cmd", "docs", "examples", "internal", "lib", "packages",
        "pkg", "scripts", "spec", "src", "test", "tests", "tools",
    }
)  # fmt: skip
_LINE = re.compile(r"(?::\d+){1,2}$")
_PATHLIKE = re.compile(r"[/@=]|\.[A-Za-z]\w*$")


@functools.lru_cache(maxsize=4096)
def head(text: str) -> str:
    """A head in which every word is harmless; empty when there is none."""
    return settle(_clean, one_line(text[:_READ]))


def _clean(text: str) -> str:
    kept = ""
    for word in hide(text).split():
        longer = f"{kept} {word if word in HEAD_OPTIONS else head_word(word)}".lstrip()
        if len(longer) > LIMIT:
            break
        kept = longer
    return kept


@functools.lru_cache(maxsize=8192)
def head_word(word: str) -> str:
    """The word as it may stand in a head, or the placeholder for it."""
    if holds_secret(word):
        return TOKEN
    if is_placeholder(word) or _is_package(word):
        return word
    return _named(_MIXED.sub(_mixed, _RANDOM.sub(_HASH, word[:_LONGEST])))


def _named(word: str) -> str:
    """A plain word or a path, its random parts replaced; else what it is."""
    bare = word.replace(_HASH, _STAND_IN)
    if word == _HASH or (len(word) < _LONGEST and _is_plain(bare)):
        return word
    path = _path(bare) if len(word) < _LONGEST else None
    if path is None:
        return _instead(word)
    return path if bare == word else _with_hashes(word, bare, path)


def tells_itself(word: str) -> bool:
    """Whether a quoted word is a file or a package, not somebody's text."""
    return bool(_PATHLIKE.search(word))


def is_placeholder(word: str) -> bool:
    """Whether nothing but its kind is known of a word."""
    return bool(_PLACEHOLDER.fullmatch(word))


# -- the kinds -----------------------------------------------------------------


def _is_plain(word: str) -> bool:
    known = any(kind.fullmatch(word) for kind in (_PLAIN, _SCRIPT, _IMAGE, _PINNED))
    return known and bool(_LETTER.search(word)) and not guarded(word)


def _is_package(word: str) -> bool:
    """Whether a word is a package with its scope or its version."""
    if len(word) >= _LONGEST:
        return False
    found = _PACKAGE.fullmatch(word)
    if not found or not (found["scope"] or found["version"]):
        return False
    return not any(map(guarded, filter(None, (found["scope"], found["name"]))))


def _path(word: str) -> str | None:
    """A path inside the workspace without line and column; None: it is none."""
    body, *ids = word.split("::")
    body = _LINE.sub("", body).rstrip("/")
    if ids and not all(_TEST_ID.fullmatch(one) and not guarded(one) for one in ids):
        return None
    if not _PATH_LETTERS.fullmatch(body) or not _inside(body):
        return None
    return "::".join([body, *ids])


def _inside(body: str) -> bool:
    """Whether a path is of the workspace: a file, or a folder known as such."""
    local = body.startswith("./")
    body = body.removeprefix("./")
    spread = body == "..." or body.endswith("/...")
    body = body.removesuffix("...").rstrip("/")
    if not body:
        return spread
    if relative_path(body) == body:
        return True
    parts = body.split("/")
    own = local or spread or parts[0] in _FOLDERS
    return own and all(_FOLDER.fullmatch(one) and not guarded(one) for one in parts)


# -- what is random or unknown -------------------------------------------------


def _mixed(found: re.Match[str]) -> str:
    pieces = _PIECE.findall(found[0])
    return _HASH if len(found[0]) < _SHORT_PIECES * len(pieces) else found[0]


def _with_hashes(word: str, bare: str, path: str) -> str:
    """The path as it was written: only its end may have been taken off."""
    ids = word.count("::")
    if ids:
        return word
    return word[: len(word) - (len(bare) - len(path))]


def _instead(word: str) -> str:
    scrubbed = scrub(word)
    if is_placeholder(scrubbed):
        return scrubbed
    if _NUMBER.fullmatch(word):
        return "{n}"
    return "{path}" if "/" in word else NOTHING_KNOWN
