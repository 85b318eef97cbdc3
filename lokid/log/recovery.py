"""What opening the log does before it serves or appends; needs the lock held.

In this order:

1. A first segment is made when there is none; what a crash left of a segment
   that never got its name is deleted.
2. **Torn tail**: what lies behind the last intact line of the last segment is
   what a kill or a power cut leaves.  It is copied to ``torn/``, then dropped
   (a crash right then leaves the copy there, and no ``log.repaired``).
3. The last segment and the directory are made durable, since a kill may have
   left bytes that only the page cache holds.  (On a disk that failed an fsync
   the cache may show what the disk does not have; rewriting the tail for that
   case is not done here.)
4. All lines are walked.  If that does not reach the end of the last
   segment, that is **damage**: nothing is changed, and a new segment is begun
   whose only line is ``log.gap_found``.  The walk goes on there, now and on
   every later open, so the same damage is told once.

Refuses: a log with intact lines of a newer format (StorageError).

Limit: rot in the very last lines of the last segment looks like a tear and is
treated as one; the bytes stay in ``torn/``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lokid import atomic, codec
from lokid.events import Fact, LogGapFound, LogRepaired
from lokid.log.keys import event_id
from lokid.log.segment import (
    CHUNK,
    open_segment,
    pieces,
    segment_name,
    segment_names,
    segment_seq,
)
from lokid.log.walk import Damage, Place, Walk

_REPAIRED = b',"type":"%s","tv":' % LogRepaired.TYPE.encode()


class Recovered(NamedTuple):
    """Where a writer goes on, and what was found on the way.

    ``repaired`` counts the ``log.repaired`` already in the log; ``torn`` is the
    repair just made, not in the log yet.
    """

    place: Place
    entered: list[Place]
    damages: list[Damage]
    repaired: int
    torn: LogRepaired | None


def recover(directory: Path, at: str) -> Recovered:
    """Make the log fit to be served and appended to.

    ``at`` is the present, fixed width.  Raises OSError or StorageError.
    """
    names = _prepare(directory)
    torn = _drop_torn_tail(directory, names[-1])
    _make_durable(directory, names[-1])
    walk = Walk(directory)
    repaired = _walk_on(walk)
    if walk.broken:
        _begin_behind_damage(directory, walk.place, at)
        _walk_on(walk)
    return Recovered(walk.place, walk.entered, walk.damages, repaired, torn)


def _prepare(directory: Path) -> list[str]:
    """Names of the segments, at least one."""
    for left in directory.glob("*.ndjson" + atomic.TEMPORARY):
        left.unlink()
    names = segment_names(directory)
    if not names:
        names = [segment_name(1)]
        atomic.write_file(directory / names[0])
    return names


def _walk_on(walk: Walk) -> int:
    """Walk to the end; how many ``log.repaired`` lie on the way."""
    return sum(_REPAIRED in line for _, lines in walk.advance() for line in lines)


def _drop_torn_tail(directory: Path, name: str) -> LogRepaired | None:
    """Set aside and drop what lies behind the last intact line, if anything."""
    keep = end = 0
    for offset, piece in pieces(directory, name):
        end = offset + len(piece)
        if piece.endswith(b"\n") and codec.intact(piece[:-1]):
            keep = end
    if keep == end:
        return None
    torn = directory.parent / "torn"
    atomic.make_directory(torn)
    atomic.write_file(_free_name(torn, f"{name}-{keep}"), _bytes(directory, name, keep))
    os.truncate(directory / name, keep)
    return LogRepaired(segment=name, offset=keep, size=end - keep)


def _free_name(directory: Path, name: str) -> Path:
    """A name not taken yet: one place can tear more than once."""
    path = directory / name
    count = 1
    while path.exists():
        count += 1
        path = directory / f"{name}.{count}"
    return path


def _bytes(directory: Path, name: str, offset: int) -> Iterator[bytes]:
    fd = open_segment(directory, name)
    try:
        while chunk := os.pread(fd, CHUNK, offset):
            yield chunk
            offset += len(chunk)
    finally:
        os.close(fd)


def _make_durable(directory: Path, name: str) -> None:
    fd = open_segment(directory, name)
    try:
        atomic.fsync(fd, directory / name)
    finally:
        os.close(fd)
    atomic.fsync_dir(directory)


def _begin_behind_damage(directory: Path, place: Place, at: str) -> None:
    """Begin a segment behind all that can be seen, with the gap's line in it.

    The line chains to the last one served, so that it names the same place.
    """
    names = segment_names(directory)
    seen = max(place.seq, segment_seq(names[-1]))
    for name in names:
        if name >= place.segment:
            seen = max(seen, _highest_seq(directory, name))
    gap = LogGapFound(segment=place.segment, offset=place.offset, after_seq=place.seq)
    identity = (gap.TYPE, gap.segment, gap.offset, seen + 1)
    line = codec.encode_line(
        seen + 1, place.crc, event_id(identity), Fact(event=gap, identity=identity), at
    )
    atomic.write_file(directory / segment_name(seen + 1), [line])


def _highest_seq(directory: Path, name: str) -> int:
    """The highest seq that any intact line of a segment claims."""
    return max(
        (
            codec.head_of(piece).seq
            for _, piece in pieces(directory, name)
            if piece.endswith(b"\n") and codec.intact(piece[:-1])
        ),
        default=0,
    )
