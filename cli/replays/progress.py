"""Saying how far a long replay is, on standard error, once it takes a while."""

from __future__ import annotations

import time

from cli import render

SILENT = 1.0
"""Seconds before the first word."""
_STEP = 3.0


class Progress:
    """Counts towards a total; speaks rarely, and not at all when it is quick."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SILENT
        self._what = ""
        self._total = 0
        self._done = 0

    def begin(self, what: str, total: int) -> None:
        """Start on ``total`` steps of something."""
        self._what, self._total, self._done = what, total, 0

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _STEP
            render.note(f"{self._what}: {self._done} of {self._total}")
