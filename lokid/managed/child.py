"""The one process that may speak to a store, and the clocks that end it.

Started at the first operation, kept for the next, killed when an operation passes
its clock (wall time, its own cold start included) and when the daemon ends.  A
clock that fires takes the other operations under way with it: they end as
`LOST`, and whoever asked may ask again.  Only a child that is still starting is
spared for a while: killed each time, it would never have started on a slow machine.

It never raises: whatever happens is a `Reply` with a reason.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from lokid.managed.wire import Failed, Reply, Request, Told, fallback

TIMEOUT, LOST, NO_CHILD = "timeout", "child_lost", "subprocess_failed"
STARTING_SECONDS = 30.0
"""How long a child may take to import the SDK (measured: 1 to 5 s)."""
LINE_BYTES = 64 << 20
"""Longest answer of the child: a store's memories in full."""
_COMMAND = (sys.executable, "-P", "-m", "lokid.managed.worker")


class Child:
    """See the module; lives in the event loop."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """``environ`` is the child's; the key is in it."""
        self._environ = dict(environ)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._last = 0
        self._ready = False
        self._started = 0.0
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        return None if self._process is None else self._process.pid

    async def ask(self, op: str, args: dict[str, object], seconds: float) -> Reply:
        """Have an operation done within ``seconds``."""
        self._last += 1
        request = Request(id=self._last, op=op, args=args)
        try:
            async with asyncio.timeout(seconds):
                return await self._asked(request)
        except TimeoutError:
            self._waiting.pop(request.id, None)
            if not self._is_starting():
                await self._kill()
            return failed(
                request.id, op, Failed(TIMEOUT, f"no answer in {seconds:g} s")
            )
        except OSError as error:
            self._waiting.pop(request.id, None)
            await self._kill()
            return failed(
                request.id, op, Failed(NO_CHILD, error.strerror or str(error))
            )

    async def close(self) -> None:
        """End the child, whatever it does."""
        await self._kill()

    async def _asked(self, request: Request) -> Reply:
        async with self._starting:
            process = self._process or await self._start()
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = answer
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
                waiting = self._waiting.pop(reply.id, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
        if self._process is process:
            self._process = None
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        self._lose()

    def _lose(self) -> None:
        lost, self._waiting = self._waiting, {}
        for number, waiting in lost.items():
            if not waiting.done():
                waiting.set_result(Reply(id=number, reason=LOST))

    def _is_starting(self) -> bool:
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
    return Reply(id=number, reason=why.reason, events=told, shut=why.shut)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the child gets: all of it, and where our package lies."""
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120  three folders up
    path = os.pathsep.join(part for part in (ours, environ.get("PYTHONPATH")) if part)
    return {**environ, "PYTHONPATH": path}
