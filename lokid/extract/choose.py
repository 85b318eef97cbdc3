"""Which of the errors in an output is the one.

Cost matters here: every failed command's output goes through it.  So each
extractor is asked only about the lines in which one of its words stands, and
of a very long output only the beginning and the end are looked at.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from lokid.extract.extractor import ECHO, Extractor, Found
from lokid.extract.marked import TELLING, telling
from lokid.extract.table import TABLE
from lokid.extract.wording import reworded

PART = "\f"
"""A line that stands between the outputs of two commands."""
FAILED = "\f!"
"""The same, where what follows is certainly the text of a call that failed."""

_LONGEST = 2000  # characters of a line that are looked at
_HEAD, _TAIL = 400, 3000  # lines of a long output that are looked at
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_DRESS = re.compile(
    r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z |#\d+ \d+\.\d+ "
    r"|[a-z][\w.-]{0,40}-\d+ +\| |INTERNALERROR> )"
)
"""What a container's build, its log, a CI runner or pytest sets before each line."""

_GATES = (
    ": ", "rror", "RROR", "xception", "annot ", "ot found", "FAIL", "ailed", "nvalid",
    "xpected", "denied", "o such", "nknown", "irectory", "issing", "imeout", "imed out",
    "aemon", "esol", "onnect", "*** ", "npm ", "Too ", "Not ", "not ", "ault", "ermi",
    "Un", "quest", "ation", "rupt", "ompilation", "option", "Gate", "E: ", "no ",
    "ecipe", "un", "ild",
)  # fmt: skip
"""Pieces that many of the words share: a line without one holds none of those.

They cost nothing but time saved; a word that none of them is in is its own.
"""
_AFTER_COLON = frozenset(
    {
        "Argument list too long", "Broken pipe", "Device or resource busy",
        "Disk quota exceeded", "Exec format", "File exists", "File name too long",
        "Is a directory", "No space left on device", "Read-only file system",
        "Text file busy", "Too many levels of symbolic links", "Too many open files",
        "ad substitution", "ambiguous", "array subscript", "bad interpreter",
        "division by", "multiple definition of", "numeric argument", "operand",
        "parse error", "readonly", "too great", "unbound variable", "valid identifier",
        "undefined reference to", "event not found", "curl: (",
    }
)  # fmt: skip
"""Words before which a tool's name and a colon stand."""


def _behind(gates: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Each gate with the words that it is in."""
    told: dict[str, list[str]] = {}
    for word in sorted({word for one in TABLE for word in one.words}):
        gate = next((gate for gate in gates if gate in word), word)
        gate = ": " if word in _AFTER_COLON else gate
        told.setdefault(gate, []).append(word)
    return {gate: tuple(words) for gate, words in told.items()}


_BEHIND = _behind(_GATES)


class _Hit(msgspec.Struct, frozen=True):
    """One error that was found: where, by which extractor, and what."""

    at: int
    place: int  # in the table: the earlier wins on the same line
    extractor: Extractor
    found: Found

    @property
    def rank(self) -> int:
        """How well it names the cause."""
        return self.found.rank or self.extractor.rank


def cleaned(lines: Sequence[str]) -> list[str]:
    """The lines without colours, ends of line, and what a runner set before them."""
    clean = [line[:_LONGEST].rstrip(" \r\n\t") for line in lines]
    clean = [_ANSI.sub("", line) if "\x1b" in line else line for line in clean]
    return [
        _DRESS.sub("", line, count=1) if line[:1] in _DRESSED else line
        for line in clean
    ]


_BARE = re.compile(r"(?:Error|code|status|exit) -?\d+\W*$")
"""What an echo ends with that says nothing of the cause."""
_DRESSED = frozenset("I#0123456789abcdefghijklmnopqrstuvwxyz")


def best_of(lines: Sequence[str]) -> Found | None:
    """The error that names the cause best, or None when there is none."""
    by_line: dict[int, _Hit] = {}
    for hit in sorted(_hits(lines), key=lambda hit: (hit.at, hit.place)):
        by_line.setdefault(hit.at, hit)
    for hit in _unknown(lines, by_line):
        by_line[hit.at] = hit
    if not by_line:
        return None
    ordered = [by_line[at] for at in sorted(by_line)]
    last = _of_last_part(ordered, lines)
    top = max(hit.rank for hit in last)
    best = [hit for hit in last if hit.rank == top]
    chosen = _first_of_build(best, lines)
    told = reworded(chosen.found.line)
    return msgspec.structs.replace(chosen.found, at=chosen.at, line=told)


def _unknown(lines: Sequence[str], known: dict[int, _Hit]) -> Iterator[_Hit]:
    """A line of each failed call of which nothing better than an echo is known."""
    ends = [*_parts(lines), len(lines)]
    for begin, end in pairwise(ends):
        if lines[begin] != FAILED:
            continue
        hits = (known[at] for at in range(begin, end) if at in known)
        if any(hit.rank > ECHO or not _BARE.search(hit.found.line) for hit in hits):
            continue
        found = telling(lines, begin + 1, end, known)
        if found and found.at is not None:
            yield _Hit(found.at, len(TABLE), TELLING, found)


def _parts(lines: Sequence[str]) -> list[int]:
    return [at for at, line in enumerate(lines) if line in (PART, FAILED)]


def _of_last_part(hits: Sequence[_Hit], lines: Sequence[str]) -> Sequence[_Hit]:
    """Those of the last command that says why it failed.

    What failed before it was got over; a mere echo says nothing.
    """
    telling = [hit for hit in hits if hit.rank > ECHO]
    if not telling:
        return hits
    parts = _parts(lines)
    begin = bisect_right(parts, telling[-1].at)
    return [hit for hit in telling if bisect_right(parts, hit.at) == begin]


def _first_of_build(best: Sequence[_Hit], lines: Sequence[str]) -> _Hit:
    """The last one; where a compiler said it, the first of those in a row."""
    chosen = best[-1]
    cascade = chosen.extractor.cascade
    seen = {lines[chosen.at]}
    for hit in reversed(best[:-1]):
        again = lines[hit.at] in seen  # the next build says the same once more
        if cascade is None or hit.extractor.cascade != cascade or again:
            break
        seen.add(lines[hit.at])
        chosen = hit
    return chosen


def _hits(lines: Sequence[str]) -> Iterator[_Hit]:
    skipped = len(lines) - _HEAD - _TAIL
    if skipped > 0:
        lines = [*lines[:_HEAD], *[""] * skipped, *lines[-_TAIL:]]
    text = "\n".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    told = _lines_by_word(text, starts, lines)
    for place, extractor in enumerate(TABLE):
        asked = {at for word in extractor.words for at in told.get(word, ())}
        for at in sorted(asked):
            if found := extractor.find(lines, at):
                where = at if found.at is None else found.at
                yield _Hit(where, place, extractor, found)


def _lines_by_word(
    text: str, starts: Sequence[int], lines: Sequence[str]
) -> dict[str, list[int]]:
    """For each word of the table, the numbers of the lines that hold it."""
    told: dict[str, list[int]] = {}
    for gate, words in _BEHIND.items():
        for at in _lines_with(text, starts, gate):
            for word in words:
                if word in lines[at]:
                    told.setdefault(word, []).append(at)
    return told


def _lines_with(text: str, starts: Sequence[int], word: str) -> Iterator[int]:
    """The numbers of the lines that hold a word."""
    found = text.find(word)
    while found >= 0:
        at = bisect_right(starts, found) - 1
        yield at
        found = text.find(word, starts[at + 1])
