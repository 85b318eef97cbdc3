"""When a daemon looks at what lies on disk, and what it does then.

A question, a change that the watcher saw, the timer and a document that was
being written each ask the barrier for a scan.  All scans run in the engine's own
thread, in slices, so that a daemon that ends is not held up by a large tree.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor

from lokid.engine import Engine
from lokid.errors import LokidError
from lokid.ingest.outcome import GivesWay, Scan
from lokid.ingest.watch import Watch
from lokid.quiet import Quiet
from lokid.server.barrier import Barrier, Outcome
from lokid.server.complaints import Complaints

PENDING_SECONDS = 1.0
"""When documents that were being written are looked at again."""
REWATCH_SECONDS = 0.05
"""How long after a scan it is seen to the watches: answers go first."""
AHEAD = 0.5
"""The part of a watch step after which a hint is followed where questions look too:
ahead of the next of them.  One step, where nobody asks."""
SLICE_SECONDS = 0.5
"""How long a scan runs before it looks whether the daemon ends."""


class Looking:
    """See the module; lives in the event loop."""

    def __init__(  # noqa: PLR0913, PLR0917  a daemon's parts, put together once
        self,
        engine: Engine,
        writer: Executor,
        stop: asyncio.Event,
        complaints: Complaints,
        fail: Callable[[LokidError], None],
        check: Callable[[], None],
        quiet: Quiet,
    ) -> None:
        """``writer`` has the engine's thread; ``check`` runs after each scan."""
        self._quiet = quiet
        self._engine = engine
        self._writer = writer
        self._stop = stop
        self._complaints = complaints
        self._fail = fail
        self._check = check
        self._folders: list[str] = []
        self._step = self._wait = engine.settings.watch_step_ms / 1000
        self._began = self._ended = self._told = 0.0  # last scan, last hint
        self._timers: dict[Callable[[], None], asyncio.TimerHandle] = {}
        self.barrier = Barrier(self._scan, writer, self._scanned)
        self.watch = Watch(
            lambda: self._folders, self._hinted, engine.settings.watch_step_ms
        )

    async def begin(self) -> asyncio.Future[Outcome]:
        """Learn what to watch, then begin the first scan."""
        self._folders = await self._watch_paths()
        return self.barrier.request()

    async def reconcile(self) -> None:
        """Compare everything anew; comes back when that is done."""
        await self.barrier.passed(None)

    # -- scanning ---------------------------------------------------------

    def _scan(self, gives_way: GivesWay | None) -> Scan:
        """All there is, in the engine's thread; a daemon that ends stops it."""
        self._began, self._wait = time.monotonic(), self._step
        if gives_way is None:
            self._wait *= AHEAD
        budget = SLICE_SECONDS
        done = self._slice(budget, gives_way)
        while not (done.complete or done.gave_way or self._ends()):
            # a tree that one slice can only walk through needs longer slices
            budget = SLICE_SECONDS if done.appended else 2 * budget
            done = self._slice(budget, gives_way)
        return done

    def _slice(self, budget: float, gives_way: GivesWay | None) -> Scan:
        with self._quiet.busy(asked=gives_way is None):
            return self._engine.scan(budget, gives_way)

    def _ends(self) -> bool:
        return bool(self._engine.trouble) or self._stop.is_set()

    def _scanned(self, outcome: Outcome) -> None:
        self._ended = time.monotonic()
        if isinstance(outcome, LokidError):
            self._fail(outcome)
        elif isinstance(outcome, BaseException):
            self._complaints.tell(outcome)
        else:
            self._check()
        if isinstance(outcome, Scan) and outcome.pending:
            self._later(PENDING_SECONDS, self._wake)
        self._later(REWATCH_SECONDS, self._rewatch)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do this then; where it is to be done already, no other time."""
        if work in self._timers:
            return

        def due() -> None:
            del self._timers[work]
            if not self._stop.is_set():
                work()

        self._timers[work] = asyncio.get_running_loop().call_later(seconds, due)

    # -- watching ---------------------------------------------------------

    def _watch_paths(self) -> asyncio.Future[list[str]]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._writer, self._engine.watch_paths)

    def _rewatch(self) -> None:
        self._watch_paths().add_done_callback(self._look)

    def _look(self, paths: asyncio.Future[list[str]]) -> None:
        """Watch what there is now."""
        if paths.exception() is None:
            self._folders = paths.result()
            self.watch.check()

    def _hinted(self) -> None:
        """Something changed: look, though not right after the last scan.

        Where questions come all the time theirs see it too, with less to read.
        """
        self._told = time.monotonic()
        self._later(max(0.0, self._ended + self._wait - self._told), self._follow)

    def _follow(self) -> None:
        if self._began >= self._told:
            return  # a later scan saw it
        if self._began > self._ended:  # one runs that may have passed the place
            self._later(self._step, self._follow)
        else:
            self.barrier.look()

    def _wake(self) -> None:
        self.barrier.request()
