"""How much of the log is kept, and where it is cut when that is too much.

The bound is `Settings.retention_bytes`, at least two segments, and
`Settings.retention_days` by the time of arrival: what an import brought counts
from its import.  A log that passes it is brought to half of it: the cost of each
cut is that of what is kept, so that it may not come often.

It is cut right before a run, the last that began before that place, so that no run
is torn; a run that is larger than what must go is cut behind a completed iteration,
and where there are no iterations, anywhere.  Never cut: what an earlier compaction
left at the begin (it is summed again as a whole), and nothing behind a damaged place
that nobody accepted, since that is evidence.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lokid import clock, codec
from lokid.config import Settings
from lokid.events import (
    IterationCompleted,
    LogCompacted,
    LogLossAccepted,
    RunStarted,
)
from lokid.log import LogReader
from lokid.log.walk import Walk

LEAST_SEGMENTS = 2
"""Segments that are kept at the least, whatever the setting says."""
KEPT = 0.5
"""The share of the bound that is left of a log that passed it."""
FULL_SHARE = 0.5
"""Of what must go: a cut before a run that frees less is not worth it."""
_DAY = 86_400.0
_RUN = RunStarted.TYPE.encode()
_ITERATION = IterationCompleted.TYPE.encode()
_COMPACTED = LogCompacted.TYPE.encode()


def bound(settings: Settings) -> int:
    """The bytes that the log may have."""
    return max(settings.retention_bytes, LEAST_SEGMENTS * settings.segment_bytes)


def limits(settings: Settings) -> dict[str, int]:
    """How much is kept under these settings, for whoever asks."""
    return {"bytes": bound(settings), "days": settings.retention_days}


class Aim(NamedTuple):
    """What must go: so many bytes from the begin, and what arrived before a time."""

    size: int
    before: bytes

    @staticmethod
    def of(settings: Settings, size: int, now: str) -> Aim:
        """What these settings ask of a log of this size at this moment."""
        most = bound(settings)
        spare = size - int(most * KEPT) if size > most else 0
        early = clock.to_seconds(now) - settings.retention_days * _DAY
        return Aim(spare, (clock.from_seconds(max(0.0, early)) or "").encode())


def find_until(directory: Path, aim: Aim, known: int | None = None) -> int | None:
    """The seq behind which a log is cut for an aim; None: nothing is to go.

    Reads no more of it than what is to go.  Any thread, beside a writer: what came
    behind ``known`` stays, where whoever asks has not read it.
    """
    search = _Search(aim, known)
    walk = Walk(directory)
    for first, lines in walk.advance():
        if walk.damages and not _accepted(directory, walk):
            break
        if not search.take(first, lines):
            break
    return search.until


def is_old(directory: Path, aim: Aim) -> bool:
    """Whether the oldest line that is no summary is too old."""
    head = 0
    for line in LogReader(directory).lines():
        if not head:
            head = _head(line)
        if codec.head_of(line).seq > head:
            return codec.at_of(line) < aim.before
    return False


class _Search:
    """Goes through the lines until enough of them is found to go."""

    def __init__(self, aim: Aim, known: int | None) -> None:
        self._aim = aim
        self._known = known
        self._head: int | None = None
        self._size = 0
        # what may go, and how much that is: before a run, behind an iteration, at all
        self._run = self._iteration = self._any = (0, 0)

    @property
    def until(self) -> int | None:
        """The last line that goes, as far as was looked."""
        for until, size in (self._run, self._iteration):
            if size >= self._size * FULL_SHARE:
                return until or None
        return self._any[0] or None

    def take(self, first: int, lines: list[bytes]) -> bool:
        """Look at more lines; False when enough goes."""
        if self._head is None:
            self._head = _head(lines[0])
        for seq, line in enumerate(lines, first):
            if seq <= self._head:
                continue
            kind = codec.type_of(line)
            if kind == _RUN and self._size:
                self._run = (seq - 1, self._size)
            enough = self._size >= self._aim.size
            if self._known is not None and seq > self._known:
                return False
            if enough and codec.at_of(line) >= self._aim.before:
                return False
            self._size += len(line) + 1
            self._any = (seq, self._size)
            if kind == _ITERATION:
                self._iteration = self._any
        return True


def _head(line: bytes) -> int:
    """Up to where a log that begins with this line is made of summaries."""
    if codec.type_of(line) != _COMPACTED:
        return 0
    event = codec.decode_line(line).event
    return event.until_seq if isinstance(event, LogCompacted) else 0


def _accepted(directory: Path, walk: Walk) -> bool:
    """Whether somebody accepted each damaged place that a walk went over."""
    types = frozenset({LogLossAccepted.TYPE})
    told = map(codec.decode_line, LogReader(directory).lines(types=types))
    known = {
        (one.event.segment, one.event.offset)
        for one in told
        if isinstance(one.event, LogLossAccepted)
    }
    return all((one.segment, one.offset) in known for one in walk.damages)
