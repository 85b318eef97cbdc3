"""The one walk over verified lines; every reader of the log takes it.

A line is *served* when it and all lines before it verify: checksum, seq one
higher, ``p`` the checksum of the line before, the segment named by its first
seq.  Where that breaks, nothing more is served up to the next segment whose
first line is ``log.gap_found`` with a higher seq; there the walk goes on.

Safe without the lock while a writer appends: the names are listed before a
segment is read, so a segment with a successor is known to be whole, and a last
line that is not complete yet ends the walk without a word.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

from lokid import codec
from lokid.events import LogGapFound
from lokid.log.segment import (
    blocks,
    open_segment,
    pieces,
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

    def advance(self) -> Iterator[tuple[int, list[bytes]]]:
        """(seq of the first, lines without LF), to the end; may be called again.

        Raises StorageError when the disk does, or a line is of a newer format.
        """
        while True:
            names = segment_names(self._directory)
            self.broken = False
            if self.place.segment in names:
                self.broken = not (yield from self._read())
            if not self._enter(names):
                return

    def _read(self) -> Generator[tuple[int, list[bytes]], None, bool]:
        """Yield the rest of the segment; return whether all of it verified."""
        name, offset, seq, crc = self.place
        if not offset and segment_seq(name) != seq + 1:
            return False
        fd = open_segment(self._directory, name)
        try:
            for at, block in blocks(fd, offset):
                lines = block.split(b"\n")
                rest = lines.pop()
                good = codec.count_following(lines, seq, crc)
                bad = lines[good:]
                if good:
                    first = seq + 1
                    seq += good
                    crc = codec.crc_of(lines[good - 1])
                    end = at + sum(map(len, lines[:good])) + good
                    self.place = Place(name, end, seq, crc)
                    yield first, lines[:good]
                if bad:
                    _refuse_newer(bad[0])
                if bad or rest:
                    return False
        finally:
            os.close(fd)
        return True

    def _enter(self, names: list[str]) -> bool:
        """Go to the start of the next segment to serve; False when there is none."""
        here = self.place
        later = [name for name in names if name > here.segment]
        if not self.broken:
            if later:
                self._stand(Place(later[0], 0, here.seq, here.crc))
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

    def _stand(self, place: Place) -> None:
        self.place = place
        self.entered.append(place)


def gap_chain(directory: Path, name: str, after_seq: int) -> bytes | None:
    """The ``p`` of a segment's gap line, the first in it.

    None when there is none that leads on from ``after_seq``.
    """
    if segment_seq(name) <= after_seq:
        return None
    piece = next((piece for _, piece in pieces(directory, name)), b"")
    if not piece.endswith(b"\n") or not codec.intact(piece[:-1]):
        return None
    head = codec.head_of(piece)
    chain = head.p.encode("ascii", "replace")
    leads = head.type == LogGapFound.TYPE and head.seq == segment_seq(name)
    return chain if leads and codec.follows(piece[:-1], head.seq, chain) else None


def _refuse_newer(line: bytes) -> None:
    """Raise StorageError for an intact line of a newer format."""
    if codec.intact(line):
        codec.head_of(line)
