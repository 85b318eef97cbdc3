"""The one process that may speak to a store, and the clocks that end it.

Started at the first operation, kept for the next, killed when an operation passes
its clock (wall time, its own cold start included) and when the daemon ends.  A
clock that fires takes the other operations under way with it: they end as
`LOST`, and whoever asked may ask again.  Two things spare it from the clocks of
others: that it is still starting (killed each time, it would never have started on a
slow machine), and a long operation, a council or a redaction, which has its own.

It never raises: whatever happens is a `Reply` with a reason.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from lokid.managed.wire import Failed, Reply, Request, Told, fallback

TIMEOUT, LOST, NO_CHILD = "timeout", "child_lost", "subprocess_failed"
STARTING_SECONDS = 30.0
"""How long a child may take to import the SDK (measured: 1 to 5 s)."""
LINE_BYTES = 64 << 20
"""Longest answer of the child: a store's memories in full."""
_COMMAND = (sys.executable, "-P", "-m", "lokid.managed.worker")

Tell = Callable[[list[Told]], Awaitable[None]]
"""Hears events in their order; it does not raise."""


@dataclass(frozen=True)
class Clock:
    """How long an operation may take, in seconds."""

    seconds: float
    restarts: bool = False
    """Whether each sign of life begins them anew."""
    is_long: bool = False
    """Whether the clocks of others spare the child while it is under way."""


@dataclass(frozen=True)
class _Waiting:
    answer: asyncio.Future[Reply]
    clock: Clock
    ends: asyncio.Timeout


class Child:
    """See the module; lives in the event loop."""

    def __init__(self, environ: Mapping[str, str], tell: Tell) -> None:
        """``environ`` is the child's; the key is in it.

        ``tell`` hears of what was done before the operation is over.
        """
        self._environ = dict(environ)
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._last = 0
        self._ready = False
        self._started = 0.0
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        return None if self._process is None else self._process.pid

    async def ask(self, op: str, args: dict[str, object], clock: Clock) -> Reply:
        """Have an operation done within its clock."""
        self._last += 1
        request = Request(id=self._last, op=op, args=args)
        try:
            async with asyncio.timeout(clock.seconds) as ends:
                return await self._asked(request, clock, ends)
        except TimeoutError:
            self._waiting.pop(request.id, None)
            if clock.is_long or not self._is_spared():
                await self._kill()
            words = f"no answer in {clock.seconds:g} s"
            return failed(request.id, op, Failed(TIMEOUT, words))
        except OSError as error:
            self._waiting.pop(request.id, None)
            await self._kill()
            return failed(
                request.id, op, Failed(NO_CHILD, error.strerror or str(error))
            )

    async def close(self) -> None:
        """End the child, whatever it does."""
        await self._kill()

    async def _asked(
        self, request: Request, clock: Clock, ends: asyncio.Timeout
    ) -> Reply:
        async with self._starting:
            process = self._process or await self._start()
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = _Waiting(answer, clock, ends)
        assert process.stdin is not None  # noqa: S101  a pipe was asked for
        process.stdin.write(msgspec.json.encode(request) + b"\n")
        await process.stdin.drain()
        reply = await answer
        if reply.reason == LOST:
            reply.events = [fallback(request.op, Failed(LOST, "it ended"))]
        return reply

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env=self._environ,
            limit=LINE_BYTES,
        )
        self._process, self._ready = process, False
        self._started = time.monotonic()
        self._reading = asyncio.create_task(self._read(process))
        return process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand out answers until the child ends; then nobody waits any longer."""
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        with suppress(OSError, ValueError, msgspec.MsgspecError):
            while line := await process.stdout.readline():
                reply = msgspec.json.decode(line, type=Reply)
                self._ready = self._ready or self._process is process
                if reply.last:
                    self._end(reply)
                else:
                    self._restart(reply.id)
                    await self._tell(reply.events)
        if self._process is process:
            self._process = None
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        self._lose()

    def _end(self, reply: Reply) -> None:
        waiting = self._waiting.pop(reply.id, None)
        if waiting is not None and not waiting.answer.done():
            waiting.answer.set_result(reply)

    def _restart(self, number: int) -> None:
        """A sign of life: the clock begins anew where it is one of those."""
        waiting = self._waiting.get(number)
        if waiting is None or not waiting.clock.restarts:
            return
        if not waiting.ends.expired():
            now = asyncio.get_running_loop().time()
            waiting.ends.reschedule(now + waiting.clock.seconds)

    def _lose(self) -> None:
        for number in list(self._waiting):
            self._end(Reply(id=number, reason=LOST))

    def _is_spared(self) -> bool:
        if any(one.clock.is_long for one in self._waiting.values()):
            return True
        age = time.monotonic() - self._started
        return self._process is not None and not self._ready and age < STARTING_SECONDS

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if self._reading is not None:
            await asyncio.wait([self._reading])


def failed(number: int, op: str, why: Failed) -> Reply:
    """The reply of an operation that failed, with its one event."""
    told: list[Told] = [fallback(op, why)]
    reply = Reply(id=number, reason=why.reason, events=told, shut=why.shut)
    reply.detail = why.detail
    return reply


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the child gets: all of it, and where our package lies."""
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120  three folders up
    path = os.pathsep.join(part for part in (ours, environ.get("PYTHONPATH")) if part)
    return {**environ, "PYTHONPATH": path}
