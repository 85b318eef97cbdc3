"""How a daemon comes by the log's lock.

A client that works embedded holds it for a moment and is waited for.  Another
daemon holds it for life: it answers, and is not waited for.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from lokid.client import Client
from lokid.engine import Engine
from lokid.errors import DaemonMissing, ProtocolMismatch, WriterExists
from lokid.paths import Workspace

LOCK_SECONDS = 5.0
"""How long to wait for the lock of a client that works embedded."""
LOCK_STEP = 0.25
"""How often, meanwhile, it is asked whether the holder is a daemon."""


async def take_over(engine: Engine, writer: Executor, stop: asyncio.Event) -> None:
    """Open the engine in its thread; raises WriterExists, or what opening raises."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + LOCK_SECONDS
    while True:
        try:
            await loop.run_in_executor(writer, engine.open, LOCK_STEP)
        except WriterExists:
            late = loop.time() >= ends or stop.is_set()
            if late or await asyncio.to_thread(_is_answered, engine.workspace):
                raise
        else:
            return


def _is_answered(workspace: Workspace) -> bool:
    """Whether another daemon serves this workspace."""
    try:
        Client(workspace).ping()
    except DaemonMissing as missing:
        return isinstance(missing, ProtocolMismatch)
    return True
