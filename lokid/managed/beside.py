"""What a daemon with managed memory runs beside its answers.

The only door from the daemon: it is opened when the flags are on, and else nothing
of this package is imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

from lokid import flags
from lokid.managed.mirror import Mirror
from lokid.managed.shadow import Shadow
from lokid.paths import Workspace


async def begin(  # noqa: PLR0913  the daemon's parts, by name
    stack: AsyncExitStack,
    *,
    workspace: Workspace,
    environ: Mapping[str, str],
    durable: Callable[[], Awaitable[bool]],
    news: Callable[[], asyncio.Event],
    end: int,
    remark: Callable[[str], None],
) -> Mirror:
    """Mirror from now on, until ``stack`` closes; no child is started yet."""
    mirror = Mirror(workspace, environ, remark)
    stack.push_async_callback(mirror.close)
    shadow = Shadow(workspace, mirror, environ, durable, news)
    work = [asyncio.create_task(shadow.run(end))]
    if flags.is_on(environ, flags.HYDRATE):
        work.append(asyncio.create_task(_hydrated(mirror)))

    async def ended() -> None:
        for task in work:
            task.cancel()
        await asyncio.wait(work)
        for task in work:
            if not task.cancelled() and task.exception() is not None:
                remark(f"managed memory ended: {task.exception()!r}")

    stack.push_async_callback(ended)
    return mirror


async def _hydrated(mirror: Mirror) -> None:
    await mirror.hydrate()
