"""Ids and times of the double: in order, never twice.

Promises: each time is later than the one before, so that "newest first" has one
meaning, and each id sorts behind the one before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

TICK = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


class Mint:
    """Makes them; whoever calls holds the double's lock."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        """``now``: another clock, for tests of what is old."""
        self._now = now
        self._last = datetime.min.replace(tzinfo=UTC)
        self._count = 0

    def new_id(self, prefix: str) -> str:
        """Shaped as the service's: a prefix, then 24 characters."""
        self._count += 1
        return f"{prefix}_01{self._count:022d}"

    def time(self) -> str:
        """RFC 3339 with microseconds."""
        self._last = max(self._now().astimezone(UTC), self._last + TICK)
        return self._last.isoformat(timespec="microseconds").replace("+00:00", "Z")
