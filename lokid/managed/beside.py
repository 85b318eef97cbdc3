"""What a daemon with managed memory or managed councils has beside its answers.

The only door from the daemon: it is opened when a flag is on, and else nothing of
this package is imported.  No child is started before the first operation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from lokid import flags
from lokid.errors import UsageError
from lokid.managed import papers, redacting
from lokid.managed.council import Councils
from lokid.managed.mirror import Mirror
from lokid.managed.shadow import Shadow
from lokid.managed.verdicts import COMPLETION, REVIEW
from lokid.paths import Workspace

Answer = dict[str, Any]
LONGEST_BUDGET = 3600.0
"""Seconds that a council may be given."""


class Beside:
    """The mirror and the councils of one daemon; lives in the event loop."""

    def __init__(
        self,
        workspace: Workspace,
        environ: Mapping[str, str],
        remark: Callable[[str], None],
    ) -> None:
        """``environ`` has the flags and the key."""
        self.mirror = Mirror(workspace, environ, remark)
        self._councils = Councils(self.mirror, workspace.loki, environ)
        self._environ = environ
        self._doing: dict[str, Callable[[Answer], Awaitable[Answer]]] = {
            "redact": self._redact,
            "hydrate": self._hydrate,
            "augment": self._augment,
            COMPLETION: self._completion,
            REVIEW: self._review,
        }

    async def do(self, name: str, asked: Answer) -> Answer:
        """What a person or a harness asks for.  Raises UsageError."""
        work = self._doing.get(name)
        if work is None:
            message = f"there is nothing named {name} to do with managed memory"
            raise UsageError(message, f"known: {', '.join(self._doing)}")
        return {"schema": 1, **await work(asked)}

    async def _redact(self, asked: Answer) -> Answer:
        self._demand(flags.MEMORY)
        actor = str(asked.get("actor") or "unknown")
        scope = asked.get("scope", redacting.ALL)
        reply = await self.mirror.redact(asked.get("pattern"), scope, actor)
        if reply.reason is None:
            return reply.result
        nothing = {"redacted_count": 0, "scanned": 0, "errors": []}
        return {**nothing, "error": f"{reply.reason}: {reply.detail}"}

    async def _hydrate(self, _asked: Answer) -> Answer:
        self._demand(flags.HYDRATE)
        counts = await self.mirror.hydrate(again=True)
        return {"counts": counts, "error": None if counts else self.mirror.said}

    async def _augment(self, asked: Answer) -> Answer:
        self._demand(flags.MEMORY)
        return {"text": await self._councils.augment(_task(asked))}

    async def _completion(self, asked: Answer) -> Answer:
        number = asked.get("number")
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            message = f"a round is a number from 0 on, not {str(number)[:40]}"
            raise UsageError(message)
        given = {"task": _task(asked), "budget": _budget(asked), "number": number}
        return await self._councils.hold(COMPLETION, given)

    async def _review(self, asked: Answer) -> Answer:
        ident = asked.get("ident")
        if not isinstance(ident, str) or not papers.is_review_id(ident):
            message = f"{str(ident)[:40]} cannot name a review"
            raise UsageError(message, "letters, digits, dots, - and _, at most 128")
        given = {"task": _task(asked), "budget": _budget(asked), "ident": ident}
        return await self._councils.hold(REVIEW, given)

    def _demand(self, flag: str) -> None:
        if not flags.is_on(self._environ, flag):
            message = f"disabled: {flag} is not on in the daemon"
            raise UsageError(message, "set it, then: lokictl down && lokictl up")


async def begin(  # noqa: PLR0913  the daemon's parts, by name
    stack: AsyncExitStack,
    *,
    workspace: Workspace,
    environ: Mapping[str, str],
    durable: Callable[[], Awaitable[bool]],
    news: Callable[[], asyncio.Event],
    end: int,
    remark: Callable[[str], None],
) -> Beside:
    """Mirror from now on, until ``stack`` closes; no child is started yet."""
    found = Beside(workspace, environ, remark)
    mirror = found.mirror
    stack.push_async_callback(mirror.close)
    work: list[asyncio.Task[None]] = []
    if flags.is_on(environ, flags.MEMORY):
        shadow = Shadow(workspace, mirror, environ, durable, news)
        work.append(asyncio.create_task(shadow.run(end)))
    if flags.is_on(environ, flags.HYDRATE):
        work.append(asyncio.create_task(_hydrated(mirror)))

    async def ended() -> None:
        for task in work:
            task.cancel()
        if work:
            await asyncio.wait(work)
        for task in work:
            if not task.cancelled() and task.exception() is not None:
                remark(f"managed memory ended: {task.exception()!r}")

    stack.push_async_callback(ended)
    return found


async def _hydrated(mirror: Mirror) -> None:
    await mirror.hydrate()


def _task(asked: Answer) -> str:
    task = asked.get("task")
    if not isinstance(task, str) or not task.strip():
        message = "there is nothing to ask about"
        raise UsageError(message)
    return task


def _budget(asked: Answer) -> float | None:
    budget = asked.get("budget")
    if budget is None:
        return None
    if not isinstance(budget, int | float) or not 0 < budget <= LONGEST_BUDGET:
        message = f"a budget is a number of seconds up to {LONGEST_BUDGET:g}"
        raise UsageError(message)
    return float(budget)
