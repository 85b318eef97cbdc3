"""The daemon's side of the managed stores: who asks, who tells, what is shut.

Promises: one clock an operation (`CLOCKS`, wall time); each failure is one event in
the journal; what no key, no SDK or a refused header rules out is tried once in a
life of the daemon, and told once.  It never raises, and no local answer waits for
it unless it asked to.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from lokid import atomic
from lokid.managed import stores
from lokid.managed.child import Child, environment
from lokid.managed.journal import Journal
from lokid.managed.wire import Reply, Told
from lokid.paths import Workspace

CLOCKS = {"retrieve": 5.0, "hydrate": 10.0, "shadow_write": 15.0, "probe": 5.0}
"""Seconds of each operation, the child's cold start included."""
_KNOWN = "stores.json"


class Mirror:
    """See the module; lives in the event loop."""

    def __init__(
        self,
        workspace: Workspace,
        environ: Mapping[str, str],
        remark: Callable[[str], None],
    ) -> None:
        """``remark`` is a line in the daemon's log."""
        self.folder = workspace.loki / "managed"
        self.journal = Journal(self.folder, environ, remark)
        self.shut: str | None = None
        self.last_fallback: str | None = None
        self.child = Child(environment(environ))
        self.names = {one: stores.name_of(one, environ) for one in stores.SCOPES}
        self._remark = remark
        self._stores: dict[str, str] | None = None

    async def ask(self, op: str, args: dict[str, object]) -> Reply:
        """Have an operation done in its time, and tell what came of it."""
        if self.shut is not None:
            return Reply(id=0, reason=self.shut, shut=True)
        reply = await self.child.ask(op, args, CLOCKS[op])
        if reply.shut and self.shut is None:
            self.shut = reply.reason
            self._remark(f"managed memory is off until the next start: {reply.reason}")
        await self.tell(reply.events)
        return reply

    async def tell(self, events: list[Told]) -> None:
        """Write events into the journal, in order."""
        for told in events:
            await asyncio.to_thread(self.journal.tell, told.type, told.payload)

    async def close(self) -> None:
        """End the child."""
        await self.child.close()

    # -- which store ------------------------------------------------------

    async def store(self, scope: str) -> str | None:
        """The id of a store as it was found last, this life or an earlier one."""
        if self._stores is None:
            self._stores = await asyncio.to_thread(self._load)
        return self._stores.get(f"{scope}:{self.names[scope]}")

    async def found(self, scope: str, store: str) -> None:
        """Remember it."""
        if await self.store(scope) == store:
            return
        assert self._stores is not None  # noqa: S101  loaded just now
        self._stores[f"{scope}:{self.names[scope]}"] = store
        await asyncio.to_thread(self._save, dict(self._stores))

    def _load(self) -> dict[str, str]:
        try:
            data = (self.folder / _KNOWN).read_bytes()
            return msgspec.json.decode(data, type=dict[str, str])
        except (OSError, msgspec.MsgspecError):
            return {}  # found again

    def _save(self, known: dict[str, str]) -> None:
        with_mark = partial(atomic.write_file, mark=f".{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with_mark(self.folder / _KNOWN, [msgspec.json.encode(known)])
        except OSError as error:
            self._remark(f"{self.folder / _KNOWN} is not written: {error.strerror}")
