"""The daemon's side of the managed stores: who asks, who tells, what is shut.

Promises: one clock an operation (`CLOCKS`, wall time); each failure is one event in
the journal; what no key, no SDK or a refused header rules out is tried once in a
life of the daemon, and told once.  It never raises, and no local answer waits for
it unless it asked to.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

import msgspec

from lokid import atomic, clock
from lokid.managed import hydrate, related, stores
from lokid.managed.beneath import NotWritten
from lokid.managed.child import TIMEOUT, Child, Clock, environment
from lokid.managed.hydrate import Counts
from lokid.managed.journal import Journal
from lokid.managed.local import Local
from lokid.managed.related import Copy, Hit
from lokid.managed.wire import Failed, Reply, Told, fallback
from lokid.paths import Workspace

CLOCKS = {
    "retrieve": Clock(5.0),
    "hydrate": Clock(10.0),
    "shadow_write": Clock(15.0),
    "probe": Clock(15.0),
    "versions": Clock(15.0),
    "redact": Clock(15.0, restarts=True, is_long=True),
}
"""Of each operation, the child's cold start included.

A redaction takes as long as it has versions to read; what has a clock is each step.
"""
HYDRATE = "hydrate"
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
        self._why = ""
        self.said: str | None = None
        self.child = Child(environment(environ), self.tell)
        self.names = {one: stores.name_of(one, environ) for one in stores.SCOPES}
        self._remark = remark
        self._stores: dict[str, str] | None = None
        self._loki = workspace.loki
        self._session = environ.get("LOKI_SESSION_ID") or f"daemon-{clock.now()}"
        self._file = workspace.cache / "managed"
        self._copy: Copy | None = None

    async def ask(
        self,
        op: str,
        args: dict[str, object],
        clock: Clock | None = None,
        late: Told | None = None,
    ) -> Reply:
        """Have an operation done in its time, and tell what came of it.

        ``late`` is what is told instead where its clock ran out.
        """
        if self.shut is not None:
            return Reply(id=0, reason=self.shut, shut=True, detail=self._why)
        reply = await self.child.ask(op, args, clock or CLOCKS[op])
        if reply.shut and self.shut is None:
            self.shut, self._why = reply.reason, reply.detail
            self._remark(f"managed memory is off until the next start: {reply.reason}")
        if late is not None and reply.reason == TIMEOUT:
            reply.events = [late]
        await self.tell(reply.events)
        return reply

    async def hydrate(self, *, again: bool = False) -> Counts | None:
        """Bring what is shared into the local memory; None: ``said`` why not.

        Once a session, unless a person asks for it ``again``.
        """
        done = await asyncio.to_thread(hydrate.was_done, self.folder, self._session)
        if done and not again:
            await self.tell([hydrate.already()])
            self.said = hydrate.ALREADY
            return None
        names: dict[str, object] = dict(self.names)
        late = Told(type=hydrate.LATE, payload={"phase": "init"})
        reply = await self.ask(HYDRATE, {"names": names}, late=late)
        if reply.reason is not None:
            self.said = f"{reply.reason}: {reply.detail}"
            return None
        memories, merge = reply.result["memories"], hydrate.merge
        try:
            counts = await asyncio.to_thread(merge, self._loki, memories, self._session)
        except NotWritten as error:
            self._remark(f"managed memory was not hydrated: {error}")
            failed = Failed("cache_write_failed", str(error))
            await self.tell([fallback(HYDRATE, failed)])
            self.said = str(error)
            return None
        await self.tell([Told(type=hydrate.DONE, payload={**counts})])
        return counts

    async def redact(self, pattern: object, scope: object, actor: str) -> Reply:
        """Take out of the stores what a pattern matches; our copy of them goes too."""
        names: dict[str, object] = dict(self.names)
        asked = {"pattern": pattern, "scope": scope, "actor": actor, "names": names}
        reply = await self.ask("redact", asked)
        self._copy = Copy()
        await asyncio.to_thread(self._keep, self._copy)
        return reply

    async def versions(self, memory: str) -> Reply:
        """The history of one memory."""
        names: dict[str, object] = dict(self.names)
        return await self.ask("versions", {"memory": memory, "names": names})

    async def tell(self, events: list[Told]) -> None:
        """Write events into the journal, in order."""
        for told in events:
            await asyncio.to_thread(self.journal.tell, told.type, told.payload)

    async def related(self, goal: str) -> str:
        """Lines of other sessions on a goal, within the clock; "" without any."""
        return related.block(await self.hits(goal))

    async def hits(self, goal: str, below: str = "/") -> list[Hit]:
        """What the stores know of a goal ``below`` a path, the best first."""
        begun = time.monotonic()
        copy = await self._copied()
        names: dict[str, object] = dict(self.names)
        ids = {one: await self.store(one) for one in stores.SCOPES}
        args = {"known": dict(copy.digests), "names": names, "stores": ids}
        reply = await self.ask("retrieve", args)
        if reply.reason is None:
            copy.take(reply.result)
            await asyncio.to_thread(self._keep, copy)
            for scope, store in reply.result["stores"].items():
                await self.found(scope, store)
        local = Local(self._loki)
        find = partial(related.hits, copy, goal, local.holds, below)
        found = await asyncio.to_thread(find)
        if reply.reason is None:
            await self.tell([related.told(goal, copy, found, begun)])
        return found

    async def _copied(self) -> Copy:
        if self._copy is None:
            self._copy = await asyncio.to_thread(self._kept)
        return self._copy

    def _kept(self) -> Copy:
        try:
            return msgspec.msgpack.decode(self._file.read_bytes(), type=Copy)
        except (OSError, msgspec.MsgspecError):
            return Copy()  # read again

    def _keep(self, copy: Copy) -> None:
        with suppress(OSError):  # costs requests, never an answer
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic.write_file(self._file, [msgspec.msgpack.encode(copy)])

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
