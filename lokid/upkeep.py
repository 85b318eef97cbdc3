"""What a daemon does beside its answers: keeping, and looking for old rot.

* The hints are saved every minute, and a snapshot when the log grew enough.
* A daemon that began from a snapshot has not read what lies before its mark.  So
  the whole log is verified after the start and from time to time.

Both leave the machine to the answers.  A snapshot is encoded in slices, in a thread
of its own; the engine's thread only notes what belongs to it.  A verification
works in steps and rests in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from lokid.engine import Engine
from lokid.errors import DiskFull, LokidError, StorageError
from lokid.keeping import Keeper
from lokid.server.durability import Durability
from lokid.verifying import Verification

HINTS_SECONDS = 60.0
"""How often the hints are saved."""
REST = 9
"""A verification rests so many times as long as it works."""

T = TypeVar("T")


class Upkeep:
    """See the module; lives in the event loop while the engine is open."""

    def __init__(
        self,
        engine: Engine,
        keeper: Keeper,
        writer: Executor,
        durability: Durability,
        fail: Callable[[LokidError], None],
    ) -> None:
        """``writer`` has the engine's thread; ``fail`` hears why the daemon ends."""
        self._engine = engine
        self._keeper = keeper
        self._writer = writer
        self._durability = durability
        self._fail = fail
        self._grew = asyncio.Event()
        self._grew.set()
        self._saver = ThreadPoolExecutor(1, "lokid-keep")

    def close(self) -> None:
        """End the thread, after what it is doing."""
        self._saver.shutdown()

    def appended(self) -> None:
        """The log grew; does not wait."""
        if self._keeper.is_due:
            self._grew.set()

    async def save_hints(self) -> None:
        """Save them without a wait for the disk in the engine's thread."""
        if await self._durability.reached():
            try:
                await self._write(self._engine.save_hints)
            except DiskFull:
                return  # hints cost time when they are missing, never truth
            except LokidError as error:
                self._fail(error)

    async def save_snapshots(self) -> None:
        """One each time that the log grew enough, until cancelled."""
        while True:
            await self._grew.wait()
            self._grew.clear()
            if self._keeper.is_due and await self._durability.reached():
                with suppress(StorageError):  # the log's own: a scan tells of it
                    await self._save_snapshot()

    async def _save_snapshot(self) -> None:
        taken = await self._write(self._keeper.take)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._saver, self._keeper.keep, taken)

    def _write(self, job: Callable[[], T]) -> asyncio.Future[T]:
        """Run ``job`` in the engine's thread."""
        return asyncio.get_running_loop().run_in_executor(self._writer, job)

    async def verify(self, first: asyncio.Future[Any]) -> None:
        """The whole log after the first scan, and again and again; until cancelled.

        A pass that a compaction overtakes is begun anew.
        """
        await asyncio.wait([first])
        while True:
            try:
                await self._verify_once()
            except StorageError:
                await asyncio.sleep(HINTS_SECONDS)
                continue
            await asyncio.sleep(self._engine.settings.verify_seconds)

    async def _verify_once(self) -> None:
        engine = self._engine
        going = Verification(engine.workspace.log, engine.seq)
        found = None
        while found is None:
            begun = time.monotonic()
            found = await asyncio.to_thread(going.step)
            await asyncio.sleep(REST * (time.monotonic() - begun))
        engine.verified = found
        if found.problems:
            places = f"damaged places in the log: {found.problems}"
            engine.remark(f"{places}; lokictl log verify names them")
