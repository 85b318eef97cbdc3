"""Check a whole log and name each damaged place; changes nothing, needs no lock.

Reading stops at damage; this goes on behind it, line by line, so that a person
learns all of it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from lokid import codec
from lokid.events import LogGapFound
from lokid.log.segment import pieces, segment_names, segment_seq


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A damaged place: the bytes at ``offset`` of ``segment``.

    ``seq`` is the event that stands, or should stand, there.
    """

    segment: str
    offset: int
    seq: int
    reason: str


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a log holds.

    ``events`` counts the lines that reading serves, ``unserved`` the intact
    ones that lie behind damage, ``unknown`` those served whose event this
    version cannot decode.  ``torn``: the last segment ends in the middle of a
    line, which is no damage; the next writer repairs it.
    """

    events: int
    bytes: int
    segments: int
    first_seq: int
    last_seq: int
    unserved: int
    unknown: int
    problems: tuple[Problem, ...]
    torn: bool


def verify(directory: Path) -> VerifyReport:
    """Check every line of the log in ``directory``.

    Raises StorageError when the disk fails or a line is of a newer format.
    """
    check = _Check()
    names = segment_names(directory)
    for name in names:
        check.segment(name, pieces(directory, name), last=name == names[-1])
    return VerifyReport(
        events=check.events,
        bytes=check.bytes,
        segments=len(names),
        first_seq=check.first,
        last_seq=check.served,
        unserved=check.unserved,
        unknown=check.unknown,
        problems=tuple(check.problems),
        torn=check.torn,
    )


class _Check:
    """Goes from line to line, and goes on behind damage at the next intact one.

    ``_seq`` and ``_crc`` are those of the line before.  Behind damage nobody
    knows what should follow: then ``_crc`` is None and ``_sure`` is False.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.events = self.unserved = self.unknown = self.bytes = 0
        self.first = self.served = 0
        self.torn = False
        self._seq = 0
        self._sure = True
        self._crc: str | None = codec.NO_CRC.decode()
        self._name = ""
        self._serving = True

    def segment(
        self, name: str, found: Iterator[tuple[int, bytes]], *, last: bool
    ) -> None:
        """Judge one segment; a bad end of the last one is only torn."""
        self._name = name
        tail: list[Problem] = []
        offset, piece = next(found, (0, b""))
        if not self._is_gap(piece):
            self._begin()
        while piece:
            self.bytes += len(piece)
            fault = _fault(piece)
            if fault:
                self._seq, self._sure, self._crc = self._seq + 1, False, None
                tail.append(self._problem(offset, self._seq, fault))
            else:
                self._blame(tail)
                tail = []
                self._line(offset, piece[:-1])
            offset, piece = next(found, (0, b""))
        self.torn = last and bool(tail)
        if not last:
            self._blame(tail)

    def _is_gap(self, piece: bytes) -> bool:
        """Whether a segment begins with a gap line that leads on; go on there."""
        if _fault(piece):
            return False
        head = codec.head_of(piece)
        named = segment_seq(self._name)
        if head.type != LogGapFound.TYPE or not self.served < head.seq == named:
            return False
        if self._serving and named != self._seq + 1:
            self._blame([self._missing(named)])
        self._seq, self._sure, self._crc = named - 1, True, head.p
        self._serving = True
        return True

    def _begin(self) -> None:
        """Hold the segment's name against the line before it."""
        named = segment_seq(self._name)
        if named != self._seq + 1:
            if self._sure:
                self._blame([self._missing(named)])
            self._crc = None
        self._seq, self._sure = named - 1, True

    def _line(self, offset: int, line: bytes) -> None:
        """Judge an intact line against the one before it, and count it."""
        head = codec.head_of(line)
        reason = ""
        if self._sure and head.seq != self._seq + 1:
            reason = f"event {head.seq} stands where {self._seq + 1} should"
        elif self._crc is not None and head.p != self._crc:
            reason = "it does not chain to the line before"
        elif not codec.follows(line, head.seq, head.p.encode("ascii", "replace")):
            reason = "it is intact, but not in the form of the log"
        if reason:
            self._blame([self._problem(offset, head.seq, reason)])
        self._seq, self._sure = head.seq, True
        self._crc = codec.crc_of(line).decode()
        if not self._serving:
            self.unserved += 1
            return
        self.events += 1
        self.first = self.first or head.seq
        self.served = head.seq
        self.unknown += codec.decode_line(line).event is None

    def _missing(self, named: int) -> Problem:
        """What to say of a segment that does not begin where it should."""
        if named > self._seq + 1:
            reason = f"events {self._seq + 1} to {named - 1} are missing before it"
        else:
            reason = f"it begins with event {named}, but {self._seq} came before"
        return self._problem(0, named, reason)

    def _problem(self, offset: int, seq: int, reason: str) -> Problem:
        return Problem(segment=self._name, offset=offset, seq=seq, reason=reason)

    def _blame(self, problems: list[Problem]) -> None:
        self.problems.extend(problems)
        self._serving = self._serving and not problems


def _fault(piece: bytes) -> str:
    """Why a piece is no intact line; empty when it is one."""
    if not piece.endswith(b"\n"):
        return "the line has no end"
    if not codec.intact(piece[:-1]):
        return "the line does not match its checksum"
    return ""
