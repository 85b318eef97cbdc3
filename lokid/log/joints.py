"""Where a log begins, and the breaks of its chain that are no damage (decision 0016).

Both are said by lines of the log itself.  A log begins with its first segment,
or with the last one whose first line is ``log.compacted``; what lies before that
one is a leftover of a compaction that a crash cut short.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lokid import codec
from lokid.events import LogCompacted, LogRedacted
from lokid.log.segment import SegmentGone, first_line, pieces, segment_seq

_COMPACTED = LogCompacted.TYPE.encode()
_REDACTED = b',"type":"%s","tv":' % LogRedacted.TYPE.encode()


class Begin(NamedTuple):
    """A compacted beginning: its segment, and how its lines chain to the rest.

    The lines up to ``until`` stand for older ones; the next one chains to ``chain``.
    """

    segment: str
    until: int
    chain: bytes


def begin_of(directory: Path, name: str) -> Begin | None:
    """How a segment begins a compacted log; None: it does not.

    Raises StorageError.
    """
    line = first_line(directory, name)
    if not line or codec.type_of(line) != _COMPACTED:
        return None
    recorded = codec.decode_line(line)
    event = recorded.event
    if not isinstance(event, LogCompacted):
        return None
    if not segment_seq(name) == recorded.seq <= event.until_seq:
        return None
    return Begin(name, event.until_seq, event.chain.encode("ascii", "replace"))


def told(directory: Path, names: list[str]) -> list[str]:
    """Those of a log's segments that are no leftovers, oldest first.

    Raises StorageError.
    """
    for name in reversed(names):
        try:
            begin = begin_of(directory, name)
        except SegmentGone:
            continue
        if begin is not None:
            return [
                one for one in names if one == name or segment_seq(one) > begin.until
            ]
    return names


def stood_for(line: bytes) -> int:
    """How many more events than lines a log stands for, by its first line."""
    if codec.type_of(line) != _COMPACTED:
        return 0
    recorded = codec.decode_line(line)
    event = recorded.event
    if not isinstance(event, LogCompacted):
        return 0
    return event.events - (event.until_seq - recorded.seq + 1)


class Redactions:
    """The breaks that ``log.redacted`` lines explain; read when one is asked for."""

    def __init__(self, directory: Path) -> None:
        """Nothing is read yet."""
        self._directory = directory

    def lead(self, names: list[str], crc: bytes, chain: bytes) -> bool:
        """Whether a line with this ``chain`` may begin a segment behind ``crc``.

        Whatever the segments are called: a compaction gives a rest another name.
        Raises StorageError.
        """
        old: dict[str, str] = {}
        for name in names:
            for _, piece in pieces(self._directory, name):
                if _REDACTED not in piece or not codec.intact(piece[:-1]):
                    continue
                event = codec.decode_line(piece).event
                if isinstance(event, LogRedacted):
                    old[event.new] = event.old
        here: str | None = crc.decode("ascii", "replace")
        seen: set[str] = set()
        while here in old and here not in seen:
            seen.add(here)
            here = old[here]
            if here.encode() == chain:
                return True
        return False
