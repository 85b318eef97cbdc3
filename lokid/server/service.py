"""What the routes ask: the barrier, then the engine, in time.

One place decides how long a request waits.  A deadline that the client stated
rules, less `MARGIN_MS` for the way back; ``context`` without one gets the
settings' own, capped by ``barrier_ms``; everything else waits to the end.

What is said to an agent (context, check, fix) counts as served only when it was:
an answer that is ready too late for the deadline its client stated is an empty
one instead, and one whose client has hung up is recorded nowhere.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from lokid import __version__, clock, imports, statements
from lokid.compaction import Plan
from lokid.config import Settings
from lokid.errors import LokidError, UsageError
from lokid.events import Fact, Recorded
from lokid.imports import Found
from lokid.ingest.outcome import Scan
from lokid.paths import Workspace
from lokid.projection import Answer
from lokid.quiet import Quiet
from lokid.retention import limits
from lokid.server import PROTOCOL
from lokid.server.barrier import TOO_LATE, Barrier

MARGIN_MS = 20
"""Milliseconds kept for query, rendering and the way back."""
LATE_MS = 5
"""Milliseconds before a stated deadline at which an answer comes too late."""
LONGEST_MS = 3_600_000
"""A deadline beyond this is none; the hot path knows no longer one either."""
_NOTHING: Answer = {"text": "", "head": None, "lessons": [], "bytes": 0}
_SILENCE: dict[str, Answer] = {
    "context": {"text": "", "lines": [], "left_out": 0, "bytes": 0},
    "check": _NOTHING,
    "fix": _NOTHING,
}
"""What is said to an agent with the knob at 0, and when it is too late."""


class Reader(Protocol):
    """What the server needs of an engine; all of it from any thread."""

    workspace: Workspace
    knob: bool

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    def tell(
        self, name: str, params: Mapping[str, str], done: Scan | str | None = None
    ) -> tuple[Answer, Fact | None]:
        """Answer from the present state; with the fact that this was served."""

    def status(self) -> dict[str, object]:
        """The log's and the sources' part of ``status``."""


Record = Callable[[Sequence[Fact], bool], Awaitable[list[Recorded]]]
"""Appends facts; with True it comes back when the disk has them."""


TakeIn = Callable[[Sequence[Found], bool], Awaitable[list[Recorded]]]
"""The same for what an import read."""


class Compact(Protocol):
    """Compacts the log where that is due; with ``dry_run`` it only says what."""

    def __call__(self, *, dry_run: bool) -> Awaitable[Plan | None]:
        """What was done, or would be; None: nothing is due."""


Gone = Callable[[], Awaitable[bool]]
"""Whether the client has hung up."""


class Managed(Protocol):
    """The daemon's managed part, be it on or off; each raises UsageError."""

    def read(self, name: str, params: Mapping[str, str]) -> Answer:
        """``status`` or ``events``; blocks."""

    async def related(self, goal: str) -> str:
        """Lines of a managed store that bear on a goal; "" where that is off."""

    async def versions(self, memory: str) -> tuple[int, Answer]:
        """An HTTP status, and the versions of a memory or why there are none."""

    async def do(self, name: str, body: bytes) -> Answer:
        """What a person or a harness asks for: a redaction, a council."""


class News:
    """Wakes whoever follows the log; waiters lose no append in between."""

    def __init__(self) -> None:
        """For one event loop."""
        self._event = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Set at the next append: take it *before* looking at the log."""
        return self._event

    def tell(self) -> None:
        """Something was appended (or all ends)."""
        told, self._event = self._event, asyncio.Event()
        told.set()


class Service:
    """One daemon's answers."""

    def __init__(  # noqa: PLR0913, PLR0917  the daemon's parts, put together once
        self,
        engine: Reader,
        barrier: Barrier,
        watch: Callable[[], dict[str, object]],
        stop: asyncio.Event,
        news: News,
        record: Record,
        take_in: TakeIn,
        compact: Compact,
        quiet: Quiet,
        managed: Managed,
    ) -> None:
        """``watch`` tells ``mode`` and ``reason``; setting ``stop`` ends all.

        ``news`` is told of appends and of the end.  ``record``, ``take_in`` and
        ``compact`` write.  ``quiet`` knows who is being answered.
        """
        self._compact = compact
        self._quiet = quiet
        self.managed = managed
        self._record = record
        self._take_in = take_in
        self.engine = engine
        self.stop = stop
        self.news = news
        self._barrier = barrier
        self._watch = watch
        self._since = clock.now()

    async def ask(
        self, name: str, params: Mapping[str, str], gone: Gone
    ) -> tuple[Answer, Fact | None]:
        """The answer of a projection, and that it was served, to be noted then.

        Raises UsageError for an unknown name.
        """
        with self._quiet.busy():
            return await self._ask(name, params, gone)

    async def _ask(
        self, name: str, params: Mapping[str, str], gone: Gone
    ) -> tuple[Answer, Fact | None]:
        if name in _SILENCE and not self.engine.knob:
            return self._silence(name, stale=False, reason="knob off"), None
        limit = self._limit(name, params)
        past = "as_of" in params  # what lies on disk now plays no part
        done = None if past else await self.fresh(name, params)
        work = asyncio.to_thread(self.engine.tell, name, params, done)
        telling = asyncio.create_task(work)
        await asyncio.wait([telling], timeout=_left(limit))
        if limit is not None and (not telling.done() or _left(limit) == 0):
            telling.add_done_callback(_drop)
            return self._silence(name, stale=True, reason=TOO_LATE), None
        answer, fact = telling.result()
        return answer, None if fact is None or await gone() else fact

    async def record(self, body: bytes) -> Answer:
        """Append what a request states; what was known already is only counted.

        Raises UsageError for a request that makes no sense (``statements.py``),
        StorageError or DiskFull when it cannot be kept.
        """
        facts, durable = statements.decode(body)
        taken = await self._record(facts, durable)
        rows = [{"seq": one.seq, "id": one.id, "type": one.type} for one in taken]
        return {"schema": 1, "recorded": rows, "left_out": len(facts) - len(rows)}

    async def take_in(self, body: bytes) -> Answer:
        """Append what an import read; what was known already is only counted.

        Raises UsageError for a request that makes no sense (``imports.py``),
        StorageError or DiskFull when it cannot be kept.
        """
        found, durable = imports.decode(body)
        taken = await self._take_in(found, durable)
        return {"schema": 1, "new": len(taken), "known": len(found) - len(taken)}

    async def compact(self, params: Mapping[str, str]) -> Answer:
        """Compact the log where that is due (``dry_run=1``: only say what).

        Raises StorageError, DiskFull, UsageError.
        """
        dry_run = params.get("dry_run") == "1"
        plan = await self._compact(dry_run=dry_run)
        told = None if plan is None else plan.told()
        most = limits(self.engine.settings)
        return {"schema": 1, "dry_run": dry_run, "bound": most, "compaction": told}

    async def note_served(self, fact: Fact) -> None:
        """Append that something was served; nobody waits for it, nobody is told."""
        with suppress(LokidError):  # whatever it is, a scan meets it and tells
            await self._record([fact], False)  # noqa: FBT003  as `Record` has it

    async def fresh(self, name: str, params: Mapping[str, str]) -> Scan | str:
        """Pass the barrier; gives the scan, or why there is none."""
        return await self._barrier.passed(self._patience(name, params))

    async def status(self, params: Mapping[str, str]) -> Answer:
        """Everything ``lokictl status`` shows."""
        done = await self.fresh("status", params)
        told = await asyncio.to_thread(self.engine.status)
        late = done if isinstance(done, str) else None
        reason = told.get("trouble") or late
        return {
            "schema": 1,
            "as_of_seq": _seq(told),
            "stale": reason is not None,
            "reason": reason,
            "daemon": {"running": True, **self.ping(), "since": self._since},
            **told,
            "watch": self._watch(),
        }

    def ping(self) -> dict[str, Any]:
        """Who answers here."""
        return {"protocol": PROTOCOL, "version": __version__, "pid": os.getpid()}

    def _silence(self, name: str, *, stale: bool, reason: str) -> Answer:
        head = {"schema": 1, "as_of_seq": _seq(self.engine.status())}
        return {**head, "stale": stale, "reason": reason, **_SILENCE[name]}

    @staticmethod
    def _limit(name: str, params: Mapping[str, str]) -> float | None:
        """When (in the loop's time) an answer to an agent comes too late."""
        stated = params.get("deadline")
        if stated is None or name not in _SILENCE:
            return None
        return (
            asyncio.get_running_loop().time() + (_milliseconds(stated) - LATE_MS) / 1000
        )

    def _patience(self, name: str, params: Mapping[str, str]) -> float | None:
        stated = params.get("deadline")
        if stated is not None:
            return max(0, _milliseconds(stated) - MARGIN_MS) / 1000
        if name != "context":
            return None
        settings = self.engine.settings
        own = settings.context_deadline_ms - MARGIN_MS
        return max(0, min(settings.barrier_ms, own)) / 1000


def _left(limit: float | None) -> float | None:
    if limit is None:
        return None
    return max(0.0, limit - asyncio.get_running_loop().time())


def _drop(telling: asyncio.Task[tuple[Answer, Fact | None]]) -> None:
    """Nobody waits any longer for what it told, or for what went wrong in it."""
    if not telling.cancelled():
        telling.exception()


def _seq(status: Mapping[str, Any]) -> int:
    return int(status["log"]["seq"])


def _milliseconds(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:10]) < 1:
        message = f"deadline={text} is not a number of milliseconds"
        raise UsageError(message)
    return min(int(text[:10]), LONGEST_MS)
