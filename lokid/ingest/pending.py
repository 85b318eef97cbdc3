"""Documents that are not whole yet: since when, and whose.

A broken document is given up when it has not changed for a while, however long
ago it was begun: a slow writer is not a dead one.
"""

from __future__ import annotations

import time

import msgspec

from lokid.ingest.files import Entry, Signature

GRACE = 0.05
"""Seconds that a scan waits for documents that are just being written."""


class _Pending(msgspec.Struct, frozen=True):
    source: str
    known: float
    still: float
    signature: Signature


class Pending:
    """By path; one thread at a time."""

    def __init__(self) -> None:
        """Nothing is being written."""
        self._by_path: dict[str, _Pending] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._by_path

    def names(self) -> tuple[str, ...]:
        """All of them, in order."""
        return tuple(sorted(self._by_path))

    def of(self, source: str) -> list[str]:
        """Those of one source."""
        return [path for path, one in self._by_path.items() if one.source == source]

    def note(self, source: str, entry: Entry) -> float:
        """See one that is not whole; gives the seconds since it last changed."""
        now = time.monotonic()
        one = self._by_path.get(entry.path)
        if one is None or one.signature != entry.signature:
            known = one.known if one else now
            one = _Pending(source, known, now, entry.signature)
            self._by_path[entry.path] = one
        # one that lay there before we came: only the clock of the wall tells
        age = time.time() - entry.signature[4] / 1_000_000_000
        return max(now - one.still, age)

    def settle(self, path: str) -> None:
        """It is whole, given up or gone."""
        self._by_path.pop(path, None)

    def fresh(self) -> list[str]:
        """Those that are worth a moment's wait: torn in place, and soon whole."""
        now = time.monotonic()
        return [path for path, one in self._by_path.items() if now - one.known < GRACE]
