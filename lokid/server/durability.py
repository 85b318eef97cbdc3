"""Makes what was appended durable, beside everything else.

No query waits for the disk: its source files still lie there, so a crash reads
them again.  One thread waits, and however much is appended meanwhile, one more
wait covers it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lokid.errors import LokidError


class Durability:
    """Waits for the disk in a thread of its own."""

    def __init__(
        self, sync: Callable[[], None], fail: Callable[[LokidError], None]
    ) -> None:
        """``sync`` makes durable all that is written; ``fail`` hears why not."""
        self._sync = sync
        self._fail = fail
        self._waiting = asyncio.Event()
        self._disk = ThreadPoolExecutor(1, "lokid-disk")

    def appended(self) -> None:
        """There is something new; does not wait."""
        self._waiting.set()

    async def run(self) -> None:
        """Make it durable, time and again, until cancelled or failed."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            if not await self.reached():
                return

    async def reached(self) -> bool:
        """Wait until all that was appended so far is durable."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._sync)
        except LokidError as error:
            self._fail(error)
            return False
        return True

    def close(self) -> None:
        """End the thread, after what it is doing."""
        self._disk.shutdown()
