"""Reading the log without its lock, also while a writer appends.

Memory stays flat whatever the log's size.  What is read this way may not be
durable yet, and after a full disk the writer may take a batch back that it
never acknowledged; who needs more asks the daemon.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lokid import codec
from lokid.events import Recorded
from lokid.log.walk import START, Place, Walk


class LogReader:
    """The log in ``directory`` (which need not exist), read only.

    Threads may share one.  Raises StorageError when the disk fails or a newer
    lokid wrote the log; damage is no error here: what is served goes on behind
    it where the writer left a ``log.gap_found`` (``verify`` tells the places).
    """

    def __init__(self, directory: Path, entered: list[Place] | None = None) -> None:
        """``entered``: where segments begin, if a walk over them is known."""
        self._directory = directory
        self._entered = entered or []

    def read(self, since: int = 0, until: int | None = None) -> Iterator[Recorded]:
        """Events with ``since`` < seq <= ``until``, in order."""
        for lines in self._between(since, until):
            for line in lines:
                yield codec.decode_line(line)

    def lines(
        self,
        since: int = 0,
        until: int | None = None,
        types: frozenset[str] | None = None,
    ) -> Iterator[bytes]:
        """The log's own lines, LF included; ``types`` picks event types."""
        wanted = None if types is None else {name.encode() for name in types}
        for lines in self._between(since, until):
            for line in lines:
                if wanted is None or codec.type_of(line) in wanted:
                    yield line + b"\n"

    def tail(self, since: int = 0) -> LogTail:
        """Follow the log behind ``since``."""
        return LogTail(self._directory, since, self._nearest(since))

    def _between(self, since: int, until: int | None) -> Iterator[list[bytes]]:
        walk = Walk(self._directory, self._nearest(since))
        for first, lines in walk.advance():
            last = first + len(lines) - 1
            end = last if until is None else min(last, until)
            if end > since and end >= first:  # a compacted log begins behind 1
                yield lines[max(0, since + 1 - first) : end + 1 - first]
            if until is not None and last >= until:
                break
        self._entered = sorted({*self._entered, *walk.entered})

    def _nearest(self, since: int) -> Place:
        return next((p for p in reversed(self._entered) if p.seq <= since), START)


class LogTail:
    """New lines of a log, as they come; one thread."""

    def __init__(self, directory: Path, since: int, place: Place) -> None:
        """``place``: any place not behind ``since``."""
        self._walk = Walk(directory, place)
        self._since = since

    def poll(self) -> list[bytes]:
        """Complete lines since the last poll, LF included; never a torn one.

        The first poll gives all that lies behind ``since``: stream a long past
        with `LogReader.lines` and follow from its last seq.
        """
        found: list[bytes] = []
        for first, lines in self._walk.advance():
            new = lines[max(0, self._since + 1 - first) :]
            found.extend(line + b"\n" for line in new)
        return found
