"""What requests append: in the engine's one thread, and durable where it must be.

The disk is waited for elsewhere, so that no query does: a request whose facts
must be on disk waits for the next group commit, and hears of one that failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from lokid.engine import Engine
from lokid.errors import LokidError, StorageError
from lokid.events import Fact, Recorded
from lokid.imports import Found
from lokid.server.durability import Durability


class Appending:
    """Hands facts to the engine's thread; lives in the event loop."""

    def __init__(
        self,
        engine: Engine,
        writer: Executor,
        durability: Durability,
        ending: Callable[[], LokidError | None],
    ) -> None:
        """``ending``: why the daemon ends, where it does."""
        self._engine = engine
        self._writer = writer
        self._durability = durability
        self._ending = ending

    async def record(self, facts: Sequence[Fact], durable: bool) -> list[Recorded]:  # noqa: FBT001  as `Record` has it
        """What people said, or what was served."""
        return await self._kept(
            lambda: self._engine.record(facts, durable=False), durable
        )

    async def take_in(self, found: Sequence[Found], durable: bool) -> list[Recorded]:  # noqa: FBT001  as `TakeIn` has it
        """What an import read."""
        return await self._kept(lambda: self._engine.take_in(found), durable)

    async def _kept(
        self,
        append: Callable[[], list[Recorded]],
        durable: bool,  # noqa: FBT001  as `Record` has it
    ) -> list[Recorded]:
        loop = asyncio.get_running_loop()
        recorded = await loop.run_in_executor(self._writer, append)
        if durable and not await self._durability.reached():
            raise self._ending() or StorageError("the log could not be made durable")
        return recorded
