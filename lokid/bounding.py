"""How a daemon keeps its log within its bound, beside the answers.

Looked at when the log grows and every hour, since lines also get too old.  The plan
is made wherever the planner makes it (a child, for the daemon that people start); the
fold anew runs in a thread of its own that gives way to the others; the engine's
thread only writes the new begin and takes the new read models over.  One compaction
at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from lokid.compacting import Compaction
from lokid.compaction import Plan
from lokid.engine import Engine
from lokid.errors import LokidError, StorageError
from lokid.quiet import Quiet
from lokid.torn import tidy

LOOK_SECONDS = 3600.0
"""How often it is looked whether lines are too old."""
RESTS = 3.0
"""It rests so many times as long as it works."""
_AGAIN = 3  # times that settings may change while all is folded

T = TypeVar("T")


class Bounding:
    """See the module; lives in the event loop while the engine is open."""

    def __init__(  # noqa: PLR0913, PLR0917  a daemon's parts, put together once
        self,
        engine: Engine,
        compaction: Compaction,
        writer: Executor,
        stop: asyncio.Event,
        fail: Callable[[LokidError], None],
        quiet: Quiet,
    ) -> None:
        """``writer`` has the engine's thread; ``fail`` hears why the daemon ends."""
        self._quiet = quiet
        self._stop = stop
        self._engine = engine
        self._compaction = compaction
        self._writer = writer
        self._fail = fail
        self._due = asyncio.Event()
        self._one = asyncio.Lock()
        self._folder = ThreadPoolExecutor(1, "lokid-compact")
        self._worked = 0.0
        compaction.rest = self._rest

    def close(self) -> None:
        """End the thread, which gives up what it is doing."""
        self._folder.shutdown()

    def appended(self) -> None:
        """The log grew; does not wait."""
        if self._compaction.passed():
            self._due.set()

    async def look(self) -> None:
        """Whether something is due by its age."""
        tidy(self._engine.workspace)
        with suppress(LokidError):  # the disk's own: a scan meets it and tells
            if await self._beside(self._compaction.is_due):
                self._due.set()

    async def run(self, first: asyncio.Future[Any]) -> None:
        """Compact whenever it is due, after the first scan; until cancelled."""
        await asyncio.wait([first])
        await self.look()
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self.compact()
            except LokidError as error:
                self._engine.remark(f"not compacted: {error.message}")

    async def compact(self, *, dry_run: bool = False) -> Plan | None:
        """Do what is due now, or only say what it is; None: nothing.

        Raises StorageError, DiskFull, UsageError; only a failed write ends the
        daemon, since without a compaction it goes on as before.
        """
        async with self._one:
            plan = await self._beside(self._compaction.plan)
            if plan is None or dry_run:
                return plan
            try:
                await self._write(partial(self._compaction.replace, plan))
            except StorageError as error:  # the log's own; a plan that fails is not
                self._fail(error)
                raise
            for _ in range(_AGAIN):
                folded = await self._beside(partial(self._compaction.fold, plan))
                if await self._write(partial(self._compaction.take_over, folded)):
                    break
            return plan

    def _rest(self) -> None:
        """Leave the machine to the answers, in the compaction's thread.

        A daemon that ends is not held up: the log is the old one or the new one.
        """
        if self._stop.is_set():
            raise StorageError("the daemon ended before the compaction did")
        time.sleep((time.thread_time() - self._worked) * RESTS)
        self._quiet.wait()
        self._worked = time.thread_time()

    def _beside(self, job: Callable[[], T]) -> asyncio.Future[T]:
        def work() -> T:
            self._worked = time.thread_time()
            return job()

        return asyncio.get_running_loop().run_in_executor(self._folder, work)

    def _write(self, job: Callable[[], T]) -> asyncio.Future[T]:
        """Run ``job`` in the engine's thread."""
        return asyncio.get_running_loop().run_in_executor(self._writer, job)
