"""A log cut into provider sessions by its marker lines.

The traps (measured or foreseen, each with its test): the end marker is glued
to the last line of an output without a newline; the head of a log is cut off,
so that it begins with an end; a killed session has a start only; and an agent
may print this very log, so that marker lines stand in a body.  A quoted marker
tells an earlier time than the session it stands in: order and time decide, and
where clocks cannot be read, the depth of the nesting.

A session is told as soon as an end is there, since nothing may follow it; the
last end before the next start is the session's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import msgspec

from lokid.sources.markers import Marker, markers_of

KEPT_TAIL = 16 * 1024
"""Bytes of a body's end that count (``joining.md``, rule 2)."""

_LONGEST_LINE = 256 * 1024
_HEADER_SPAN = 16 * 1024
_PHASE = re.compile(rb"=== RARV Phase: ([A-Za-z]+)[^\n]*===\r?\n")
_AFTER_PROMPT = re.compile(rb"(?<====\n)=== RARV Phase: ([A-Za-z]+)[^\n]*===\r?\n")
_HEADER = re.compile(
    rb"=== Provider: [^\n]*\r?\n|=== Prompt \(truncated\):(?s:.*?)===\r?\n"
)
_SAID = re.compile(rb"\S")


class Session(msgspec.Struct, frozen=True):
    """One finished session: its markers and where its body lies.

    ``start`` is None when the log's head was cut off.  ``quoted`` are the
    parts of the body that repeat older sessions.
    """

    start: Marker | None
    end: Marker
    phase: str | None
    body: int
    quoted: tuple[tuple[int, int], ...]

    def empty(self, data: bytes) -> bool:
        """Whether the provider printed nothing but white space."""
        return _SAID.search(data, self.body, self.end.begin) is None

    def tail(self, data: bytes) -> bytes:
        """The end of the body that counts, as it stands."""
        return data[max(self.body, self.end.begin - KEPT_TAIL) : self.end.begin]

    def own_lines(self, data: bytes) -> list[str]:
        """The lines of that end, the first one whole, without what is quoted."""
        at = self._first_line(data)
        pieces = []
        for begin, stop in self.quoted:
            pieces.append(data[at : max(at, begin)])
            at = max(at, stop)
        pieces.append(data[at : self.end.begin])
        return b"".join(pieces).decode("utf-8", "replace").splitlines()

    def body_lines(self, data: bytes) -> Iterator[bytes]:
        """All lines of the body, without what is quoted."""
        at = self.body
        for begin, stop in (*self.quoted, (self.end.begin, self.end.begin)):
            while at < begin:
                end = data.find(b"\n", at, begin)
                end = begin if end < 0 else end
                yield data[at:end]
                at = end + 1
            at = max(at, stop)

    def _first_line(self, data: bytes) -> int:
        """Where the first line of the kept end begins; an endless one is left out."""
        at = max(self.body, self.end.begin - KEPT_TAIL)
        whole = data.rfind(b"\n", max(self.body, at - _LONGEST_LINE), at) + 1
        if whole or at - self.body <= _LONGEST_LINE:
            return whole or self.body
        following = data.find(b"\n", at, self.end.begin) + 1
        return following or self.end.begin


class Split(msgspec.Struct, frozen=True):
    """The finished sessions of a piece of log, and how many bytes are done."""

    sessions: tuple[Session, ...]
    consumed: int


class _Open(msgspec.Struct):
    """The session at hand while markers are read; ``start`` None at the head."""

    start: Marker | None
    end: Marker | None = None
    depth: int = 0
    quote: int | None = None
    quoted: list[tuple[int, int]] = []

    def begins_quote(self, marker: Marker, seen: set[str]) -> bool:
        """Whether a start belongs to what this session prints."""
        if self.start is None or self.end is not None:
            return False
        mine, other = self.start.reading, marker.reading
        if mine is None or other is None:
            return True
        if mine.zone != other.zone:
            return marker.text in seen
        return other.moment <= mine.moment

    def ends_quote(self, marker: Marker) -> bool:
        """Whether an end belongs to what this session prints."""
        if self.start is None:
            return False
        mine = self.start.reading
        if mine is None or marker.reading is None or mine.zone != marker.reading.zone:
            return self.depth > 0
        if marker.reading.moment == mine.moment:
            return self.depth > 0
        return marker.reading.moment < mine.moment

    def quote_starts(self, marker: Marker) -> None:
        self.depth += 1
        if self.quote is None:
            self.quote = marker.begin

    def quote_ends(self, marker: Marker) -> None:
        self.depth = max(0, self.depth - 1)
        if self.quote is not None and not self.depth:
            self.quoted.append((self.quote, marker.stop))
            self.quote = None


def split(data: bytes, day: date | None, *, continued: bool) -> Split:
    """Cut a piece of log into sessions.

    ``day`` is that of the log's name; ``continued``: sessions of this log were
    read before ``data`` begins, so that an end without a start is a stray.
    """
    sessions: list[Session] = []
    current = _Open(None)
    seen: set[str] = set()
    for marker in markers_of(data, day):
        if not marker.starts:
            if current.ends_quote(marker):
                current.quote_ends(marker)
            else:
                current.end = marker
            continue
        if current.begins_quote(marker, seen):
            current.quote_starts(marker)
        else:
            sessions.extend(_finished(data, current, continued=continued))
            current = _Open(marker)
        seen.add(marker.text)
    sessions.extend(_finished(data, current, continued=continued))
    if current.end is not None:
        return Split(tuple(sessions), current.end.stop)
    return Split(tuple(sessions), current.start.begin if current.start else 0)


def _finished(data: bytes, current: _Open, *, continued: bool) -> Iterator[Session]:
    if current.end is None or (current.start is None and continued):
        return
    begin = current.start.stop if current.start else 0
    phase, body = _header(data, begin, current.end.begin)
    yield Session(
        start=current.start,
        end=current.end,
        phase=phase if current.start else None,
        body=body,
        quoted=tuple(current.quoted),
    )


def _header(data: bytes, begin: int, end: int) -> tuple[str | None, int]:
    """The phase, and where the body begins: after the line that tells it.

    The prompt's quote stands before that line and may span lines, so a phase
    line right after the quote's end is looked for first.
    """
    stop = min(end, begin + _HEADER_SPAN)
    found = _AFTER_PROMPT.search(data, begin, stop) or _PHASE.search(data, begin, stop)
    if found:
        return found[1].decode().upper(), found.end()
    while line := _HEADER.match(data, begin, stop):
        begin = line.end()
    return None, begin
