"""What an extractor is, what it finds, and the words that several of them use.

An extractor knows one kind of error.  ``words`` are what one of them must
stand in a line before ``find`` is asked about it (plain text search is what
makes a table of this length quick).  ``find(lines, at)`` is pure: it gives the
error whose line this is, or None.

Ranks: `CAUSE` names why something failed, `SUM` sums it up or speaks in a
tool's general words, `ECHO` only repeats that something else failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from lokid.frames import base_of

CAUSE, SUM, ECHO = 3, 2, 1


class Found(msgspec.Struct, frozen=True):
    """An error that stands in an output, raw.

    ``at`` is the line whose stack tells the places, where ``stack`` is set;
    else ``places`` are all of them.
    """

    line: str
    places: tuple[str, ...] = ()
    at: int | None = None
    stack: bool = False
    rank: int | None = None


Find = Callable[[Sequence[str], int], Found | None]


class Sample(msgspec.Struct, frozen=True):
    """An output and what must be read from it; ``line`` as it is stored."""

    text: str
    line: str
    family: str
    places: tuple[str, ...] = ()


class Extractor(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of error line.

    ``cascade``: of several in a row the first is the cause, since a compiler
    stumbles on over what it could not read; of all others the last counts,
    since a program's end is its cause.
    """

    name: str
    words: tuple[str, ...]
    find: Find
    samples: tuple[Sample, ...]
    rank: int = CAUSE
    cascade: bool = False


def by_pattern(pattern: str, line: str, place: str = "") -> Find:
    """Find a whole line by its pattern; ``line`` and ``place`` are templates.

    A template names the pattern's groups in curly brackets; a group that did
    not take part reads as nothing.
    """
    shape = re.compile(pattern)

    def find(lines: Sequence[str], at: int) -> Found | None:
        found = shape.match(lines[at].strip())
        if found is None:
            return None
        parts = {name: value or "" for name, value in found.groupdict().items()}
        told = line.format_map(parts).strip()
        where = base_of(place.format_map(parts)) if place else ""
        return Found(told, (where,) if where else ())

    return find


_FILE = re.compile(
    r"(?:[A-Za-z]:)?[\w.@+~-]*(?:[/\\][\w.@+-]+)*[/\\]([\w@+-]?[\w.@+-]*\.[A-Za-z]\w{0,9}"
    r"|Makefile|Dockerfile|Gemfile|Rakefile|Cargo\.toml)(?![\w/\\.-])"
)


def bare_files(text: str) -> str:
    """The text with each path to a named file cut down to the file's name.

    Folders say where a machine keeps things; the file may be the cause.
    """
    return _FILE.sub(r"\1", text)


def following(lines: Sequence[str], at: int, reach: int) -> Sequence[str]:
    """The lines after one, up to ``reach`` of them."""
    return lines[at + 1 : at + 1 + reach]
