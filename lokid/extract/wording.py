"""How a found line is worded before it is scrubbed: what varies is let go.

Folders say where a machine keeps things, but the file may be the cause: a path
to a named file is cut down to the file's name.  Names drawn at random stay
paths, so that they become ``{path}``.
"""

from __future__ import annotations

import re

from lokid.parameters import EXTENSIONS

_ENDINGS = (
    f"{EXTENSIONS}|o|a|d|db|sqlite|sqlite3|csv|tsv|jsonl|ndjson|jar|war"
    f"|class|gradle|kts"
    "|properties|cmake|bat|ps1|ipynb|mdx|svg|png|jpg|pdf|zip|gz|tgz|whl|exe|dll|bin"
)
_KEPT = r"Makefile|Dockerfile|Gemfile|Rakefile|Procfile|\.env(?:\.\w+)?|\.\w{2,12}rc"
_FILE = re.compile(
    r"[A-Za-z][\w+.-]*://\S+|\S+@\S+"  # an address is no file
    r"|(?:[A-Za-z]:)?(?:~|\.{1,2}|[\w.@+-]*)(?:[/\\][\w.@+()\[\]-]*)*[/\\]"
    rf"(?P<file>[\w@+.()\[\]-]+\.(?:{_ENDINGS})|{_KEPT})(?![\w/\\-]|\.\w)"
)
_RANDOM = re.compile(
    r"tmp|temp|\d{5}|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}"
    r"|pytest-|cc[A-Za-z0-9]{6}\."
)
_SPACES = re.compile(r"\s+")
_VALUES = (
    re.compile(r"(?<=with base \d\d: ).+|(?<=with base \d: ).+"),
    re.compile(r"(?<=could not convert string to float: ).+"),
    re.compile(r"(?<=time data )(?:'[^']*'|\"[^\"]*\")"),
    re.compile(r"(?<=For input string: )\".*\""),
    re.compile(r"(?<=Unexpected token ).+(?= is not valid JSON)"),
    re.compile(r"(?<=Unexpected token )[^\s<>]+(?= in JSON)"),
    re.compile(r"\"[^\"]*\"(?= \(untyped)"),
)
"""Values that a message quotes: another value is the same failure."""
_OPTION = re.compile(r"((?<![\w-])--[A-Za-z][\w-]*)=[^\s'\"]*")
"""An option's value, however, is seldom what a tool does not know."""
_HOST = re.compile(r"(?<=host address )['\u2018][^'\u2019]+['\u2019]")
_COMPARED = re.compile(
    r"(?i)(?<=\bgot )\S+?(?=,? want\b)"
    r"|(?<=\bwant )[^\s;:,]+|(?<=\bgot: )\S+|(?<=\bwant: )\S+"
    r"|'[^']*'(?= [!=]= )|(?<=[!=]= )'[^']*'|\"[^\"]*\"(?= [!=]= )"
    r"|(?<=[!=]= )\"[^\"]*\""
    r"|(?<=expected: )<[^<>]*>|(?<=but was: )<[^<>]*>"
    r"|(?<=expected:)<[^<>]*>|(?<=was:)<[^<>]*>"
)
_NUMBER = re.compile(r"[<\"']?-?\d[\d.,]*[>\"']?")
_TESTS = re.compile(r"Assert\w+: |assert|[a-z]+ test: |jest|vitest|mocha|\w+Failure: ")


def reworded(line: str) -> str:
    """The line with plain spaces, and files by their names alone."""
    text = _SPACES.sub(" ", line).replace("@npm:", "@")
    text = _HOST.sub("{host}", _OPTION.sub(r"\1", text))
    for value in _VALUES:
        text = value.sub("{str}", text)
    if _TESTS.match(text):
        text = _COMPARED.sub(_value, text)
    return _FILE.sub(_file, text).strip()


def _value(found: re.Match[str]) -> str:
    """What a test compared, by its kind alone."""
    return "{n}" if _NUMBER.fullmatch(found[0]) else "{str}"


def _file(found: re.Match[str]) -> str:
    name = found["file"]
    return found[0] if name is None or _RANDOM.search(name) else name
