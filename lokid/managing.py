"""The daemon's managed part, be it on or off: the room behind its managed routes.

With all flags off it reads files for those who ask and does nothing else: nothing
of ``lokid/managed`` is imported before somebody asks.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import msgspec

from lokid import flags
from lokid.errors import UsageError
from lokid.paths import Workspace
from lokid.projection import Answer

if TYPE_CHECKING:
    from lokid.managed.beside import Beside

_ON = (flags.MEMORY, flags.REVIEW, flags.COUNCIL)
_MEMORY_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")
_BAD, _MISSING, _UPSTREAM, _DISABLED = 400, 404, 502, 503
_SHUT = {"missing_api_key", "anthropic_not_installed"}


class Managing:
    """See the module; lives in the event loop."""

    def __init__(
        self,
        workspace: Workspace,
        environ: Mapping[str, str],
        remark: Callable[[str], None],
    ) -> None:
        """``environ`` has the flags; ``remark`` is a line in the daemon's log."""
        self._workspace = workspace
        self._environ = environ
        self._remark = remark
        self._beside: Beside | None = None

    async def begin(
        self,
        stack: AsyncExitStack,
        durable: Callable[[], Awaitable[bool]],
        news: Callable[[], asyncio.Event],
        end: int,
    ) -> None:
        """Where a flag says so, begin what it switches on, until ``stack`` closes.

        ``durable`` waits for the disk, ``news`` is set at the next append, ``end`` is
        where the log ends now.
        """
        for doubt in flags.doubts(self._environ):
            self._remark(doubt)
        if not any(flags.is_on(self._environ, one) for one in _ON):
            return
        from lokid.managed import beside  # noqa: PLC0415  only where it is on

        self._beside = await beside.begin(
            stack,
            workspace=self._workspace,
            environ=self._environ,
            durable=durable,
            news=news,
            end=end,
            remark=self._remark,
        )

    def read(self, name: str, params: Mapping[str, str]) -> Answer:
        """``status`` or ``events``; blocks.  Raises UsageError."""
        from lokid.managed import reading  # noqa: PLC0415  only when it is asked for

        return reading.answer(name, self._workspace.loki, self._environ, params)

    async def related(self, goal: str) -> str:
        """What managed stores know of a goal; "" where that is off."""
        if self._beside is None or not flags.is_on(self._environ, flags.MEMORY):
            return ""
        return await self._beside.mirror.related(goal)

    async def do(self, name: str, body: bytes) -> Answer:
        """Redact, hydrate, hold a council: what ``body``, an object, says.

        Raises UsageError where it makes no sense or is off.
        """
        try:
            asked: dict[str, Any] = msgspec.json.decode(body or b"{}", type=dict)
        except (msgspec.MsgspecError, RecursionError) as error:
            message = f"the body is no JSON object: {error}"
            raise UsageError(message) from error
        if self._beside is None:
            message = "disabled: managed memory and councils are off in the daemon"
            raise UsageError(message, "docs/managed.md says what switches them on")
        return await self._beside.do(name, asked)

    async def versions(self, memory: str) -> tuple[int, Answer]:
        """An HTTP status and the history of one memory, or why there is none."""
        if not _MEMORY_ID.fullmatch(memory):
            return _BAD, {"detail": "a memory's id is 1 to 256 of A-Z a-z 0-9 _ -"}
        if self._beside is None or not flags.is_on(self._environ, flags.MEMORY):
            return _DISABLED, {"detail": "managed memory is disabled"}
        reply = await self._beside.mirror.versions(memory)
        if reply.reason in _SHUT:
            return _DISABLED, {"detail": f"managed memory is disabled: {reply.detail}"}
        if reply.reason is not None:
            return _UPSTREAM, {"detail": f"the service did not answer: {reply.reason}"}
        if not reply.result["count"]:
            return _MISSING, {"detail": f"memory {memory} is not found"}
        return 200, reply.result
