"""What replaces the beginning of a log: the new first segment, written whole.

Compaction's own file work (decision 0016); what is kept and what is summed up is
decided elsewhere.  The new segment is there whole or not at all, and only when
it is durable are the old ones unlinked, the oldest last, so that what a crash
leaves of them is recognised: they lie before, or among the seqs of, a segment
that begins with ``log.compacted``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from lokid import atomic, codec
from lokid.errors import UsageError
from lokid.events import Fact, LogCompacted
from lokid.log import joints
from lokid.log.keys import event_id
from lokid.log.segment import contents, segment_name, segment_names, segment_seq
from lokid.log.walk import Walk


class Cut(NamedTuple):
    """Behind line ``until``, at ``offset`` of ``segment``.

    The next line chains to ``crc``: the checksum of line ``until``, or of the one
    that stood there before a redaction or an earlier compaction.
    ``lines`` are served before it; they stand for ``events``, which are more
    where the log was compacted before.  ``newest`` is the newest time they tell.
    """

    until: int
    crc: bytes
    segment: str
    offset: int
    lines: int
    events: int
    newest: str


class Replaced(NamedTuple):
    """The new first segment and the old ones that it makes void."""

    name: str
    seq: int
    void: list[str]


def cut_behind(directory: Path, until: int) -> Cut:
    """Find line ``until``.

    Raises UsageError when no such line is served, or an earlier compaction stands
    for lines behind it.
    Any thread, beside a writer: sealed segments do not change.
    """
    _refuse_within_beginning(directory, until)
    walk = Walk(directory)
    served = walk.advance()
    newest, count, before = b"", 0, 0
    for first, lines in served:
        taken = lines[: until + 1 - first]
        if not count and taken:
            before = joints.stood_for(taken[0])
        count += len(taken)
        newest = max([newest, *map(codec.time_of, taken)])
        if first <= until < first + len(lines):
            place, behind = walk.place, lines[len(taken) :]
            following = behind or next((more for _, more in served), [])
            return Cut(
                until,
                codec.head_of(following[0]).p.encode("ascii", "replace")
                if following
                else place.crc,
                place.segment,
                place.offset - sum(len(line) + 1 for line in behind),
                count,
                count + before,
                newest.decode(),
            )
    message = f"the log has no event {until} to compact up to"
    raise UsageError(message)


def _refuse_within_beginning(directory: Path, until: int) -> None:
    names = joints.told(directory, segment_names(directory))
    begin = joints.begin_of(directory, names[0]) if names else None
    if begin is not None and until < begin.until:
        message = f"the log is compacted up to event {begin.until} already"
        raise UsageError(message, "compact up to a later event")


def replace(
    directory: Path,
    cut: Cut,
    carried: Sequence[bytes],
    summaries: Sequence[tuple[str, Fact]],
    at: str,
) -> Replaced:
    """Write the new first segment and unlink the old ones; durable on return.

    ``carried`` are lines of the log up to the cut, in order; ``summaries`` come
    behind them.  The cut must lie before the last segment.  Raises UsageError
    when they are not fewer than what they replace, EventRefused, OSError,
    StorageError; a failure before the rename leaves everything as it was.
    """
    count = 1 + len(carried) + len(summaries)
    if count > min(cut.lines, cut.until):
        message = f"{cut.lines} events would be replaced by {count}"
        raise UsageError(message, "nothing to gain: compact later")
    seq = cut.until - count + 1
    name = segment_name(seq)
    head = list(_head(cut, seq, carried, summaries, at))

    names = segment_names(directory)
    rest = contents(directory, cut.segment, cut.offset)
    atomic.write_file(directory / name, chain([b"".join(head)], rest))
    void = [one for one in names if one != name and segment_seq(one) <= cut.until]
    for one in reversed(void):
        (directory / one).unlink()
    atomic.fsync_dir(directory)
    return Replaced(name, seq, void)


def _head(
    cut: Cut,
    seq: int,
    carried: Sequence[bytes],
    summaries: Sequence[tuple[str, Fact]],
    at: str,
) -> Iterator[bytes]:
    event = LogCompacted(
        until_seq=cut.until,
        chain=cut.crc.decode("ascii"),
        events=cut.events,
        newest=cut.newest or None,
    )
    identity = (event.TYPE, cut.until, event.chain)
    fact = Fact(event=event, identity=identity)
    line = codec.encode_line(seq, codec.NO_CRC, event_id(identity), fact, at)
    yield line
    for old in carried:
        seq += 1
        line = codec.rehead(old, seq, codec.crc_of(line))
        yield line
    for key, fact in summaries:
        seq += 1
        line = codec.encode_line(seq, codec.crc_of(line), key, fact, at)
        yield line
