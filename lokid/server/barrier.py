"""The barrier: nobody is answered from before their question.

Scans are single-flight, in the engine's one thread.  A request that comes in
while a scan runs shares the *next* scan, never the running one, which may
already have passed the place where a new file lies.  However many requests
wait, there are at most two scans ahead of any of them.

Promise: `Barrier.passed` gives the scan that began after it was called, or says
why there is none; it never raises.  What a failed scan means for the daemon is
decided by the callback ``after``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from lokid.ingest.outcome import Scan

Outcome = Scan | BaseException
"""What a scan came to: what it did, or what it died of."""
TOO_LATE = "deadline"
FAILED = "the scan failed"


class Barrier:
    """Hands out scans; lives in the event loop."""

    def __init__(
        self,
        scan: Callable[[], Scan],
        worker: Executor,
        after: Callable[[Outcome], None],
    ) -> None:
        """``scan`` runs in ``worker``, whose only thread is the engine's.

        ``after`` hears of each outcome, in the event loop.
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
            return self._begin(self._loop.create_future())
        if self._next is None:
            self._next = self._loop.create_future()
        return self._next

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

    def _begin(self, ticket: asyncio.Future[Outcome]) -> asyncio.Future[Outcome]:
        if self._closed:
            ticket.set_result(RuntimeError("the daemon is ending"))
            return ticket
        self._running = ticket
        work = self._loop.run_in_executor(self._worker, self._scan)
        work.add_done_callback(self._done)
        return ticket

    def _done(self, work: asyncio.Future[Scan]) -> None:
        outcome = work.exception() or work.result()
        ticket, self._running = self._running, None
        waiting, self._next = self._next, None
        if waiting is not None:
            self._begin(waiting)
        if ticket is not None:
            ticket.set_result(outcome)
        self._after(outcome)
