"""When nobody waits: the moments for work that answers must not wait for.

Threads of one process take turns, so whoever computes beside an answer makes it
late: measured, a scan's five hundred system calls each gave another thread its
turn, and an answer of 30 ms took 300.  So what is asked for is counted here, and
what may wait does.

* `Quiet.busy` is held while somebody is answered, and while a scan runs.
* `Quiet.wait` is for threads that work beside: it comes back when nobody is being
  answered, or after a while all the same, so that all work ends some day.
* Python's own full garbage collections take 50 ms for each 50 MB and come at any
  time.  `Quiet.collecting` has them run right after an answer instead.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from lokid import heap

LONGEST_WAIT = 0.5
"""Seconds that work beside waits at a time, however busy it is."""
CALM_SECONDS = 0.01
"""How long it must have been quiet before garbage is collected."""
ASKED_SECONDS = 2.0
"""How long after the last answer nobody seems to ask."""
COLLECT_SHARE = 0.02
"""The share of time that full collections may take."""
DUE = 10
"""Collections of younger objects between two full ones: Python's own default."""
LATEST = 200
"""The same, where it is never quiet: then Python collects whenever it likes."""


class Quiet:
    """See the module; any thread."""

    def __init__(self) -> None:
        """Begin with nobody who waits."""
        self._changed = threading.Condition()
        self._busy = 0
        self._ended: Callable[[], None] = lambda: None
        self._next_collection = 0.0
        self._asked = 0.0  # when somebody was answered last

    @contextmanager
    def busy(self, *, asked: bool = True) -> Iterator[None]:
        """Somebody is being answered, or, not ``asked``, a scan runs for nobody.

        Where questions come all the time, garbage is collected after one of them and
        not after such a scan: that may end just before the next.
        """
        with self._changed:
            self._busy += 1
        try:
            yield
        finally:
            now = time.monotonic()
            with self._changed:
                self._busy -= 1
                if not self._busy:
                    self._changed.notify_all()
            if asked:
                self._asked = now
            if asked or now > self._asked + ASKED_SECONDS:
                self._ended()

    @property
    def now(self) -> bool:
        """Whether nobody is being answered."""
        return not self._busy

    def wait(self) -> None:
        """Wait until nobody is being answered, `LONGEST_WAIT` at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, LONGEST_WAIT)

    # -- garbage ----------------------------------------------------------

    @contextmanager
    def collecting(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Have full collections run in ``loop``, after answers, until this ends."""
        young, middle, old = gc.get_threshold()
        gc.set_threshold(young, middle, LATEST)
        self._ended = lambda: self._plan(loop)
        try:
            yield
        finally:
            self._ended = lambda: None
            gc.set_threshold(young, middle, old)

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.is_due():
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(loop.call_later, CALM_SECONDS, self._collect)

    def is_due(self) -> bool:
        """Whether there may be garbage that only a full collection finds."""
        return gc.get_count()[2] >= DUE and time.monotonic() >= self._next_collection

    def _collect(self) -> None:
        if not (self.now and self.is_due()):
            return  # somebody asks: after that answer, then
        begun = time.monotonic()
        gc.collect()
        heap.trim()
        ended = time.monotonic()
        self._next_collection = ended + (ended - begun) / COLLECT_SHARE
