"""Check a whole log and name each damaged place; changes nothing, needs no lock.

Reading stops at damage; this goes on behind it, line by line, so that a person
learns all of it at once.  What a person accepted (``log.loss_accepted``) is named
as accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from lokid import codec
from lokid.errors import LogDamaged
from lokid.events import LogGapFound, LogLossAccepted
from lokid.log import joints, watermark
from lokid.log.joints import Begin
from lokid.log.report import Problem, VerifyReport
from lokid.log.segment import pieces, segment_names, segment_seq
from lokid.log.watermark import Watermark

OWN = "log."
"""How the types of our own lines begin: they tell of places, not of facts."""


def verify(directory: Path) -> VerifyReport:
    """Check every line of the log in ``directory``.

    Raises StorageError when the disk fails or a line is of a newer format.
    """
    durable = watermark.read(directory)  # before the log: a writer may go on
    names = joints.told(directory, segment_names(directory))
    check = _Check(directory, names, durable)
    for name in names:
        check.segment(name, pieces(directory, name), last=name == names[-1])
    check.end()
    return VerifyReport(
        events=check.events,
        bytes=check.bytes,
        segments=len(names),
        first_seq=check.first,
        last_seq=check.served,
        unserved=len(check.behind),
        unknown=check.unknown,
        problems=tuple(
            msgspec.structs.replace(
                one, accepted=(one.segment, one.offset) in check.accepted
            )
            for one in check.problems
        ),
        torn=check.torn,
        compacted=check.compacted,
    )


class _Check:
    """Goes from line to line, and goes on behind damage at the next intact one.

    ``_seq`` and ``_crc`` are those of the line before.  Behind damage nobody
    knows what should follow: then ``_crc`` is None and ``_sure`` is False.
    """

    def __init__(
        self, directory: Path, names: list[str], durable: Watermark | None
    ) -> None:
        self.problems: list[Problem] = []
        self.accepted: set[tuple[str, int]] = set()
        self.behind: set[str] = set()  # ids of intact facts that are not served
        self.events = self.unknown = self.bytes = 0
        self.first = self.served = self.compacted = 0
        self.torn = False
        self._directory = directory
        self._names = names
        self._durable = durable
        self._begin_at: Begin | None = None
        self._highest = 0
        self._seq = 0
        self._sure = True
        self._crc: str | None = codec.NO_CRC.decode()
        self._name = ""
        self._serving = True

    def segment(
        self, name: str, found: Iterator[tuple[int, bytes]], *, last: bool
    ) -> None:
        """Judge one segment; a bad end of the last one is only torn."""
        before, self._name = self._name, name
        tail: list[Problem] = []
        offset, piece = next(found, (0, b""))
        if not self._is_gap(piece):
            self._begin(before, piece)
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
        self.torn = last and bool(tail) and not self._was_durable(tail[0])
        if not self.torn:
            self._blame(tail)

    def end(self) -> None:
        """Hold the end against the watermark."""
        known = self._durable
        if known is not None and known.seq > self._highest and not self.torn:
            ends = f"ends with event {self._highest}" if self._names else "is gone"
            reason = f"the log {ends}, but {known.seq} was durable"
            lost = Problem(
                segment=known.segment,
                offset=known.offset,
                seq=known.seq,
                reason=reason,
            )
            self._blame([lost])

    def _was_durable(self, first: Problem) -> bool:
        known = self._durable
        return known is not None and (
            known.segment > first.segment
            or (known.segment == first.segment and first.offset < known.offset)
        )

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

    def _begin(self, before: str, piece: bytes) -> None:
        """Hold the segment's name and chain against the line before it."""
        named = segment_seq(self._name)
        if not before:
            self._begin_at = joints.begin_of(self._directory, self._name)
            if self._begin_at is not None:
                self._seq = named - 1
        if named != self._seq + 1:
            if self._sure:
                self._blame([self._missing(named)])
            self._crc = None
        elif before and self._crc is not None and not _fault(piece):
            chain, crc = codec.head_of(piece).p, self._crc.encode()
            if chain != self._crc and joints.Redactions(self._directory).lead(
                self._names, crc, chain.encode("ascii", "replace")
            ):
                self._crc = chain
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
        self._highest = max(self._highest, head.seq)
        self._crc = codec.crc_of(line).decode()
        if self._begin_at is not None and head.seq == self._begin_at.until:
            self._crc = self._begin_at.chain.decode("ascii", "replace")
        self._count(head, line)

    def _count(self, head: codec.Head, line: bytes) -> None:
        if not self._serving:
            if not head.type.startswith(OWN):
                self.behind.update(_ids(line))
            return
        self.events += 1
        if not self.first:
            self.first = head.seq
            self.compacted = joints.stood_for(line)
        self.served = head.seq
        recorded = codec.decode_line(line)
        self.behind.discard(recorded.id)
        event = recorded.event
        self.unknown += event is None
        if isinstance(event, LogLossAccepted):
            self.accepted.add((event.segment, event.offset))

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


def _ids(line: bytes) -> list[str]:
    """The id of an intact line; none where it is no envelope of ours."""
    try:
        return [codec.decode_line(line).id]
    except LogDamaged:
        return []


def _fault(piece: bytes) -> str:
    """Why a piece is no intact line; empty when it is one."""
    if not piece.endswith(b"\n"):
        return "the line has no end"
    if not codec.intact(piece[:-1]):
        return "the line does not match its checksum"
    return ""
