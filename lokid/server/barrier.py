"""The barrier: nobody is answered from before their question.

Scans are single-flight, in the engine's one thread.  A request that comes in
while a scan runs shares the *next* scan, never the running one, which may
already have passed the place where a new file lies.  However many requests
wait, there are at most two scans ahead of any of them.  One that nobody asked for
(`Barrier.look`) gives way to the first request: it ends at the next file.

Promise: `Barrier.passed` gives the scan that began after it was called, or says
why there is none; it never raises.  What a failed scan means for the daemon is
decided by the callback ``after``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from lokid.ingest.outcome import GivesWay, Scan

Outcome = Scan | BaseException
"""What a scan came to: what it did, or what it died of."""
TOO_LATE = "deadline"
FAILED = "the scan failed"


class Barrier:
    """Hands out scans; lives in the event loop."""

    def __init__(
        self,
        scan: Callable[[GivesWay | None], Scan],
        worker: Executor,
        after: Callable[[Outcome], None],
    ) -> None:
        """``scan`` runs in ``worker``, whose only thread is the engine's.

        It is given what tells whether it should end for another, or None where it
        is waited for.  ``after`` hears of each outcome, in the event loop.
        """
        self._scan = scan
        self._worker = worker
        self._after = after
        self._loop = asyncio.get_running_loop()
        self._running: asyncio.Future[Outcome] | None = None
        self._next: asyncio.Future[Outcome] | None = None
        self._closed = False

    def request(self) -> asyncio.Future[Outcome]:
        """A scan that begins from now on.  Shared: do not cancel it."""
        if self._running is None:
            return self._begin(self._loop.create_future(), None)
        if self._next is None:
            self._next = self._loop.create_future()
        return self._next

    def look(self) -> None:
        """Scan for nobody, unless one runs."""
        if self._running is None:
            self._begin(self._loop.create_future(), self._is_wanted)

    def _is_wanted(self) -> bool:
        """Whether somebody waits for the next scan; any thread."""
        return self._next is not None

    async def passed(self, seconds: float | None) -> Scan | str:
        """Wait at most ``seconds`` (None: to the end) for a scan of one's own.

        Gives the scan, or the reason why the answer will be stale.
        """
        scan = self.request()
        await asyncio.wait([scan], timeout=seconds)  # unlike `await`, cancels nothing
        if not scan.done():
            return TOO_LATE
        outcome = scan.result()
        return FAILED if isinstance(outcome, BaseException) else outcome

    async def close(self) -> None:
        """Begin no further scan, and wait for the running one."""
        self._closed = True
        while self._running is not None:
            await asyncio.wait([self._running])

    def _begin(
        self, ticket: asyncio.Future[Outcome], gives_way: GivesWay | None
    ) -> asyncio.Future[Outcome]:
        if self._closed:
            ticket.set_result(RuntimeError("the daemon is ending"))
            return ticket
        self._running = ticket
        work = self._loop.run_in_executor(self._worker, self._scan, gives_way)
        work.add_done_callback(self._done)
        return ticket

    def _done(self, work: asyncio.Future[Scan]) -> None:
        outcome = work.exception() or work.result()
        ticket, self._running = self._running, None
        waiting, self._next = self._next, None
        if waiting is not None:
            self._begin(waiting, None)
        if ticket is not None:
            ticket.set_result(outcome)
        self._after(outcome)
