"""What opening the log does before it serves or appends; needs the lock held.

In this order:

1. A first segment is made when there is none; what a crash left of a segment
   that never got its name, or of a compaction, is deleted.
2. A log that ends where its watermark stands was closed well.  After any other
   end the last segment is **rewritten** into a fresh file: a kill may have left
   bytes that only the page cache holds, and after a failed fsync the cache may
   show what the disk does not have.
3. **Torn tail**: what lies behind the last intact line of the last segment, and
   behind the watermark, is what a kill or a power cut leaves.  It is copied to
   ``torn/``, then left out of the rewritten segment (a crash right then leaves
   the copy there, and no ``log.repaired``).
4. All lines are walked, or those behind a mark that the log still holds.  If
   that does not reach the end of the last segment, or the watermark, that is
   **damage**: nothing is changed, and a new segment is begun whose only line is
   ``log.gap_found``, behind everything that is there or was ever durable.  The
   walk goes on there, now and on every later open, so the same damage is told once.

Refuses: a log with intact lines of a newer format (StorageError).

Limit: rot in lines behind the watermark (what was appended after the last close,
snapshot or minute, in a log that was not closed well) looks like a tear and is
treated as one; the bytes stay in ``torn/``, and a whole line among them makes the
repair ``suspect``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from lokid import atomic, codec
from lokid.events import Fact, LogGapFound, LogRepaired
from lokid.log import joints, watermark
from lokid.log.keys import event_id
from lokid.log.segment import (
    contents,
    open_segment,
    pieces,
    segment_name,
    segment_names,
    segment_seq,
)
from lokid.log.walk import START, Damage, Place, Walk
from lokid.log.watermark import Mark, Watermark

NOWHERE = Watermark("", 0, 0, "")
"""Nothing is known to have been durable."""
_REPAIRED = b',"type":"%s","tv":' % LogRepaired.TYPE.encode()


class Recovered(NamedTuple):
    """Where a writer goes on, and what was found on the way.

    ``repaired`` counts the ``log.repaired`` already in the log; ``torn`` is the
    repair just made, not in the log yet.  ``resumed``: the walk began at the mark.
    """

    place: Place
    entered: list[Place]
    damages: list[Damage]
    repaired: int
    torn: LogRepaired | None
    resumed: bool


def recover(directory: Path, at: str, resume: Mark | None = None) -> Recovered:
    """Make the log fit to be served and appended to.

    ``at`` is the present, fixed width; ``resume`` a mark to go on from.  Raises
    OSError or StorageError.
    """
    names = _prepare(directory)
    known = watermark.read(directory)
    durable = max(
        (one for one in (known, resume) if one is not None),
        key=lambda one: one.seq,
        default=NOWHERE,
    )
    torn = _settle_tail(directory, names[-1], durable)
    resumed = resume is not None and watermark.holds(directory, names, resume)
    mark = resume if resumed else None
    walk = Walk(directory, mark.place if mark else START)
    repaired = _walk_on(walk) + (mark.repaired if mark else 0)
    if walk.broken or walk.place.seq < durable.seq:
        _begin_behind_damage(directory, walk.place, durable.seq, at)
        _walk_on(walk)
    return Recovered(
        walk.place,
        [*(mark.entered if mark else ()), *walk.entered],
        [*(mark.damages if mark else ()), *walk.damages],
        repaired,
        torn,
        resumed,
    )


def _prepare(directory: Path) -> list[str]:
    """Names of the segments, at least one; leftovers of a crash are deleted."""
    for left in directory.glob("*" + atomic.TEMPORARY):
        left.unlink()
    names = segment_names(directory)
    kept = joints.told(directory, names)
    for name in names:
        if name not in kept:
            (directory / name).unlink()
    if not kept:
        kept = [segment_name(1)]
        atomic.write_file(directory / kept[0])
    return kept


def _walk_on(walk: Walk) -> int:
    """Walk to the end; how many ``log.repaired`` lie on the way."""
    return sum(_REPAIRED in line for _, lines in walk.advance() for line in lines)


def _settle_tail(
    directory: Path, name: str, durable: Watermark | Mark
) -> LogRepaired | None:
    """Make the last segment durable, without a torn tail; the tail, if one was."""
    end = (directory / name).stat().st_size
    if (durable.segment, durable.offset) == (name, end):
        return None  # closed well: all of it is durable, or damaged
    if not end:
        _make_durable(directory, name)
        return None
    keep, suspect = _intact_end(directory, name)
    below = durable.offset if durable.segment == name else 0
    if keep < end and (keep < below or durable.segment > name):
        _make_durable(directory, name)  # rot: nothing of it is touched
        return None
    torn = None
    if keep < end:
        aside = directory.parent / "torn"
        atomic.make_directory(aside)
        tail = contents(directory, name, keep, end)
        atomic.write_file(_free_name(aside, f"{name}-{keep}"), tail)
        torn = LogRepaired(segment=name, offset=keep, size=end - keep, suspect=suspect)
    atomic.write_file(directory / name, contents(directory, name, 0, keep))
    return torn


def _intact_end(directory: Path, name: str) -> tuple[int, bool]:
    """Where the last intact line ends, and whether a whole one lies behind it."""
    keep, suspect = 0, False
    for offset, piece in pieces(directory, name):
        if piece.endswith(b"\n") and codec.intact(piece[:-1]):
            keep, suspect = offset + len(piece), False
        elif piece.endswith(b"\n") and b"\0" not in piece:
            suspect = True
    return keep, suspect


def _free_name(directory: Path, name: str) -> Path:
    """A name not taken yet: one place can tear more than once."""
    path = directory / name
    count = 1
    while path.exists():
        count += 1
        path = directory / f"{name}.{count}"
    return path


def _make_durable(directory: Path, name: str) -> None:
    fd = open_segment(directory, name)
    try:
        atomic.fsync(fd, directory / name)
    finally:
        os.close(fd)
    atomic.fsync_dir(directory)


def _begin_behind_damage(directory: Path, place: Place, durable: int, at: str) -> None:
    """Begin a segment behind all that is or was there, with the gap's line in it.

    The line chains to the last one served, so that it names the same place.
    """
    names = segment_names(directory)
    seen = max(place.seq, segment_seq(names[-1]))
    for name in names:
        if name >= place.segment:
            seen = max(seen, _highest_seq(directory, name))
    lost = durable if durable > seen else None
    seen = max(seen, durable)
    gap = LogGapFound(
        segment=place.segment,
        offset=place.offset,
        after_seq=place.seq,
        until_seq=lost,
    )
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
