"""How a found line is worded before it is scrubbed: what varies is let go.

Folders say where a machine keeps things, but the file may be the cause: a path
to a named file is cut down to the file's name.  Names drawn at random stay
paths, so that they become ``{path}``.
"""

from __future__ import annotations

import re

from lokid.parameters import EXTENSIONS

_ENDINGS = (
    f"{EXTENSIONS}|o|a|d|db|sqlite|sqlite3|csv|tsv|jsonl|ndjson|jar|war|class|gradle|kts"
    "|properties|cmake|bat|ps1|ipynb|mdx|svg|png|jpg|pdf|zip|gz|tgz|whl|exe|dll|bin"
)
_KEPT = r"Makefile|Dockerfile|Gemfile|Rakefile|Procfile|\.env(?:\.\w+)?|\.\w{2,12}rc"
_FILE = re.compile(
    r"[A-Za-z][\w+.-]*://\S+|\S+@\S+"  # an address is no file
    r"|(?:[A-Za-z]:)?(?:~|\.{1,2}|[\w.@+-]*)(?:[/\\][\w.@+()\[\]-]*)*[/\\]"
    rf"(?P<file>[\w@+.()\[\]-]+\.(?:{_ENDINGS})|{_KEPT})(?![\w/\\-]|\.\w)"
)
_RANDOM = re.compile(
    r"tmp|temp|\d{5}|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}|pytest-|cc[A-Za-z0-9]{6}\."
)
_SPACES = re.compile(r"\s+")


def reworded(line: str) -> str:
    """The line with plain spaces, and files by their names alone."""
    text = _SPACES.sub(" ", line).replace("@npm:", "@")
    return _FILE.sub(_file, text).strip()


def _file(found: re.Match[str]) -> str:
    name = found["file"]
    return found[0] if name is None or _RANDOM.search(name) else name
