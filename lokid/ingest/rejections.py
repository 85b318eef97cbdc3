"""Rejections are facts too, but a flood of broken files must not fill the log.

So many an hour are told, each for itself; then one says ``too_many``, and what
follows in that hour is counted alone.  A file that was passed over is told when it
changes in another hour.  Hours are counted by a clock that nobody sets.
"""

from __future__ import annotations

import time

import msgspec

from lokid import clock
from lokid.events import Fact, SourceRejected

HOUR = 3600.0
TOO_MANY = "too_many"


class Rejections:
    """See the module; one thread at a time."""

    def __init__(self, most: int) -> None:
        """``most``: rejections told in an hour."""
        self.by_source: dict[str, int] = {}
        self._most = most
        self._began = time.monotonic()
        self._told = 0

    def pass_on(self, source: str, fact: Fact) -> Fact | None:
        """The rejection to tell: this one, the one that stands for more, or none."""
        self.by_source[source] = self.by_source.get(source, 0) + 1
        now = time.monotonic()
        if now - self._began >= HOUR:
            self._began, self._told = now, 0
        self._told += 1
        if self._told <= self._most:
            return fact
        if self._told > self._most + 1:
            return None
        identity = ("rejected", TOO_MANY, clock.now())
        event = SourceRejected(source=source, reason=TOO_MANY)
        return msgspec.structs.replace(fact, event=event, identity=identity)
