"""The one walk over verified lines; every reader of the log takes it.

A line is *served* when it and all lines before it verify: checksum, seq one
higher, ``p`` the checksum of the line before, the segment named by its first
seq.  Where that breaks, nothing more is served up to the next segment whose
first line is ``log.gap_found`` with a higher seq; there the walk goes on.  Two
breaks of the chain are none: behind the carried lines of a compacted beginning,
and behind a redacted segment (``joints.py``).

Safe without the lock while a writer appends: the names are listed before a
segment is read, so a segment with a successor is known to be whole, and a last
line that is not complete yet ends the walk without a word.  A walk whose segment
was compacted away goes on in the new one behind the last line it gave.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

from lokid import codec
from lokid.errors import StorageError
from lokid.events import LogGapFound
from lokid.log import joints
from lokid.log.joints import Begin
from lokid.log.segment import (
    SegmentGone,
    blocks,
    first_line,
    open_segment,
    segment_names,
    segment_seq,
)


class Place(NamedTuple):
    """Between two lines: ``offset`` in ``segment``, behind ``seq`` with ``crc``."""

    segment: str
    offset: int
    seq: int
    crc: bytes


class Damage(NamedTuple):
    """Where the served lines broke off, and the last seq before."""

    segment: str
    offset: int
    after_seq: int


START = Place("", 0, 0, codec.NO_CRC)
"""Before the first line of the first segment."""


class Walk:
    """Verified lines from a place on; remembers where it stands.

    ``entered`` are the places where segments begin, as far as this walk saw
    them: a later walk may start at one of them.  ``damages`` are the breaks it
    went over at a gap line.  ``broken``: it stands at a line that does not verify
    (at the very end of the log that may be one that is being written).
    """

    def __init__(self, directory: Path, place: Place = START) -> None:
        """``place`` must come from an earlier walk, or be `START`."""
        self.place = place
        self.broken = False
        self.entered: list[Place] = []
        self.damages: list[Damage] = []
        self._directory = directory
        self._begin: Begin | None = None
        self._given = 0

    def advance(self) -> Iterator[tuple[int, list[bytes]]]:
        """(seq of the first, lines without LF), to the end; may be called again.

        Raises StorageError when the disk does, a line is of a newer format, or
        what was to come next was compacted away.
        """
        while True:
            names = segment_names(self._directory)
            self.broken = False
            try:
                if self.place.segment in names:
                    for first, lines in self._read():
                        new = lines[max(0, self._given + 1 - first) :]
                        if new:
                            self._given = first + len(lines) - 1
                            yield self._given + 1 - len(new), new
                elif self.place.segment and self._was_compacted(names):
                    self.place = START
                if not self._enter(names):
                    return
            except SegmentGone:
                continue  # listed a moment ago, compacted since

    def _read(self) -> Generator[tuple[int, list[bytes]]]:
        """Yield the rest of the segment; ``broken`` unless all of it verified."""
        name, offset, seq, crc = self.place
        if not offset and crc == codec.NO_CRC:
            self._begin = joints.begin_of(self._directory, name)
        if not offset and segment_seq(name) != seq + 1:
            self.broken = True
            return
        fd = open_segment(self._directory, name)
        try:
            for at, block in blocks(fd, offset):
                lines = block.split(b"\n")
                rest = lines.pop()
                good, crc = self._following(lines, seq, crc)
                bad = lines[good:]
                if good:
                    first = seq + 1
                    seq += good
                    end = at + sum(map(len, lines[:good])) + good
                    self.place = Place(name, end, seq, crc)
                    yield first, lines[:good]
                if bad:
                    _refuse_newer(bad[0])
                if bad or rest:
                    self.broken = True
                    return
        finally:
            os.close(fd)

    def _following(self, lines: list[bytes], seq: int, crc: bytes) -> tuple[int, bytes]:
        """How many lines follow, and what the next one chains to."""
        begin, good = self._begin, 0
        if begin is not None and seq <= begin.until:
            carried = lines[: begin.until - seq]
            good = codec.count_following(carried, seq, crc)
            crc = codec.crc_of(carried[good - 1]) if good else crc
            if good < len(carried):
                return good, crc
            if seq + good == begin.until:
                crc = begin.chain
        more = codec.count_following(lines[good:], seq + good, crc)
        good += more
        return good, codec.crc_of(lines[good - 1]) if more else crc

    def _enter(self, names: list[str]) -> bool:
        """Go to the start of the next segment to serve; False when there is none."""
        here = self.place
        if here == START:
            names = joints.told(self._directory, names)
            if names and joints.begin_of(self._directory, names[0]) is not None:
                self._stand(Place(names[0], 0, segment_seq(names[0]) - 1, here.crc))
                return True
        later = [
            name for name in names if name > here.segment and not self._is_void(name)
        ]
        if not self.broken:
            if later:
                crc = self._chained(names, later[0])
                self._stand(Place(later[0], 0, here.seq, crc))
            return bool(later)
        if here.offset == 0:  # broken at its start, which may be a gap line
            later.insert(0, here.segment)
        for name in later:
            chain = gap_chain(self._directory, name, here.seq)
            if chain is not None:
                if name != here.segment or segment_seq(name) != here.seq + 1:
                    self.damages.append(Damage(*here[:3]))
                self._stand(Place(name, 0, segment_seq(name) - 1, chain))
                return True
        return False

    def _is_void(self, name: str) -> bool:
        """Whether a compaction made it void, or made it of what was given already."""
        seq = segment_seq(name)
        if self._begin is not None and seq <= self._begin.until:
            return True
        if seq > self.place.seq or self.broken:
            return False
        begin = joints.begin_of(self._directory, name)
        return begin is not None and begin.until <= self.place.seq

    def _chained(self, names: list[str], name: str) -> bytes:
        """What the first line of the next segment chains to."""
        here, line = self.place, first_line(self._directory, name)
        if not line or not here.segment:
            return here.crc
        chain = codec.head_of(line).p.encode("ascii", "replace")
        redactions = joints.Redactions(self._directory)
        if chain != here.crc and redactions.lead(names, here.crc, chain):
            return chain
        return here.crc

    def _was_compacted(self, names: list[str]) -> bool:
        """Whether the segment we stood in is gone because a new one holds its rest."""
        names = joints.told(self._directory, names)
        begin = joints.begin_of(self._directory, names[0]) if names else None
        if begin is None:
            return False
        if begin.until > self.place.seq:
            message = f"the log in {self._directory} was compacted while it was read"
            raise StorageError(message, "ask again")
        return True

    def _stand(self, place: Place) -> None:
        self.place = place
        self.entered.append(place)


def gap_chain(directory: Path, name: str, after_seq: int) -> bytes | None:
    """The ``p`` of a segment's gap line, the first in it.

    None when there is none that leads on from ``after_seq``.
    """
    if segment_seq(name) <= after_seq:
        return None
    line = first_line(directory, name)
    if not line:
        return None
    head = codec.head_of(line)
    chain = head.p.encode("ascii", "replace")
    leads = head.type == LogGapFound.TYPE and head.seq == segment_seq(name)
    return chain if leads and codec.follows(line, head.seq, chain) else None


def _refuse_newer(line: bytes) -> None:
    """Raise StorageError for an intact line of a newer format."""
    if codec.intact(line):
        codec.head_of(line)
