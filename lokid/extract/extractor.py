"""What an extractor is, what it finds, and the words that several of them use.

An extractor knows one kind of error.  ``words`` are what one of them must
stand in a line before ``find`` is asked about it (plain text search is what
makes a table of this length quick).  ``find(lines, at)`` is pure: it gives the
error whose line this is, or None.

Ranks: `CAUSE` names why something failed, `SUM` sums it up or speaks in a
tool's general words, `MARK` is the word of a tool that nobody here knows, `ECHO`
only repeats that something else failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from lokid.frames import base_of

CAUSE, SUM, MARK, ECHO = 4, 3, 2, 1


class Found(msgspec.Struct, frozen=True):
    """An error that stands in an output, raw.

    ``at`` is its line (None: the one that was asked about).  With ``stack`` the
    frames there tell the places, as far as ``places`` is empty.
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
    family: str | None
    places: tuple[str, ...] = ()


class Extractor(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of error line.

    ``cascade`` names the compiler or checker that says many such errors in a
    row, of which the first is the cause; of all others the last counts, since
    a program's end is its cause.
    """

    name: str
    words: tuple[str, ...]
    find: Find
    samples: tuple[Sample, ...]
    rank: int = CAUSE
    cascade: str | None = None


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


def ahead(pattern: str) -> Callable[[Sequence[str], int, int], re.Match[str] | None]:
    """Look for a line below another one, at most so many lines away."""
    shape = re.compile(pattern)

    def look(lines: Sequence[str], at: int, reach: int) -> re.Match[str] | None:
        below = lines[at + 1 : at + 1 + reach]
        return next(filter(None, map(shape.match, below)), None)

    return look
