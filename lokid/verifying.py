"""A verification of the whole log in small steps, beside a writer that goes on.

Each step walks one block of lines (``log/walk.py``) and takes about a millisecond.
Only when the walk breaks is the log looked at as `lokictl log verify` does, to
tell places that a person accepted from others.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from lokid import clock
from lokid.log import verify
from lokid.log.walk import Walk


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification came to: when, how many events, how many bad places.

    Places that were accepted as lost do not count.
    """

    at: str
    events: int
    problems: int


class Verification:
    """One pass from the first line to that of ``until``; any thread, one at a time."""

    def __init__(self, directory: Path, until: int) -> None:
        """``directory`` is the log's; ``until`` must be in it, whole."""
        self._directory = directory
        self._until = until
        self._walk = Walk(directory)
        self._ahead = self._walk.advance()
        self._events = 0

    def step(self) -> Verified | None:
        """Do a little more; the result when that was all.

        Raises StorageError when the disk does, or the log is compacted meanwhile.
        """
        _, lines = next(self._ahead, (0, None))
        if lines is not None:
            self._events += len(lines)
            return None
        short = self._walk.place.seq < self._until
        problems = 0
        if short or self._walk.damages:
            found = verify(self._directory).problems
            problems = sum(not one.accepted for one in found)
        return Verified(at=clock.now(), events=self._events, problems=problems)
