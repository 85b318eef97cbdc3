"""Mirrors what is worth keeping: weighty episodes, approved verdicts.

A subscription to the log with a checkpoint: an event is looked at when it is
durable, and the checkpoint passes it when its write has ended, well or not.  A
daemon that is killed in between writes the same again, which is one memory
(``writing.py``).  It begins where the log ends at its first start: an old history
is not sent.

What is sent is the harness's own document, without the shapes of secrets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from lokid import atomic, codec
from lokid.errors import StorageError
from lokid.events import CouncilDecided, EpisodeRecorded, EpisodeReweighed, Recorded
from lokid.ingest.files import Tree
from lokid.ingest.refusals import Refused, Unfinished, Vanished
from lokid.log import LogReader
from lokid.managed import mapping, stores
from lokid.managed.child import LOST
from lokid.managed.mirror import Mirror
from lokid.paths import Workspace
from lokid.secret_shapes import hide

WEIGHT = 0.6
"""An episode of this importance is mirrored, one below it is not."""
OP, EPISODE, VERDICT = "shadow_write", "episode", "verdict"
APPROVED = "approved"
_TYPES = frozenset(
    one.TYPE.encode() for one in (EpisodeRecorded, EpisodeReweighed, CouncilDecided)
)
_DOCUMENT_BYTES = 1 << 20
_TRIES = 2
"""Times that a write is asked for whose child another clock ended."""


class Memory(NamedTuple):
    """What is to be written, and where."""

    kind: str
    path: str
    content: dict[str, Any]


class Shadow:
    """See the module; lives in the event loop."""

    def __init__(
        self,
        workspace: Workspace,
        mirror: Mirror,
        environ: Mapping[str, str],
        durable: Callable[[], Awaitable[bool]],
        news: Callable[[], asyncio.Event],
    ) -> None:
        """``durable`` waits for the disk; ``news`` is set at the next append."""
        self._workspace = workspace
        self._mirror = mirror
        self._session = environ.get("LOKI_SESSION_ID") or workspace.id
        self._durable = durable
        self._news = news
        self._file = workspace.cache / "mirrored"
        self._written: set[str] = set()

    async def run(self, end: int) -> None:
        """Mirror until cancelled; ``end`` is where the log ends now."""
        done = await asyncio.to_thread(self._load)
        if done is None:
            done = end
            await asyncio.to_thread(self._save, done)
        while True:
            news = self._news()
            if not await self._durable():
                return
            with suppress(StorageError):  # compacted meanwhile: read again from here
                done = await self._pass(done)
            await news.wait()

    async def _pass(self, done: int) -> int:
        """Look at what came behind ``done``; gives how far that was."""
        reader = LogReader(self._workspace.log)
        lines = await asyncio.to_thread(lambda: list(self._lines(reader, done)))
        for seq, line in lines:
            if codec.type_of(line) in _TYPES:
                memory = self._memory(codec.decode_line(line))
                if memory is not None:
                    await self._write(memory)
                    await asyncio.to_thread(self._save, seq)
            done = seq
        return done

    @staticmethod
    def _lines(reader: LogReader, since: int) -> Iterator[tuple[int, bytes]]:
        for line in reader.lines(since):
            yield codec.head_of(line).seq, line

    async def _write(self, memory: Memory) -> None:
        args: dict[str, object] = {
            "kind": memory.kind,
            "path": memory.path,
            "content": memory.content,
            "name": self._mirror.names[stores.USER],
            "store": await self._mirror.store(stores.USER),
        }
        for _ in range(_TRIES):
            reply = await self._mirror.ask(OP, args)
            if reply.reason != LOST:
                break
        if reply.reason is None:
            await self._mirror.found(stores.USER, str(reply.result["store"]))

    # -- what is worth it -------------------------------------------------

    def _memory(self, recorded: Recorded) -> Memory | None:
        event = recorded.event
        if isinstance(event, CouncilDecided):
            return self._verdict(recorded, event)
        if not isinstance(event, EpisodeRecorded | EpisodeReweighed):
            return None
        if (event.importance or 0.0) < WEIGHT or event.episode in self._written:
            return None
        self._written.add(event.episode)
        return self._episode(recorded)

    def _verdict(self, recorded: Recorded, event: CouncilDecided) -> Memory | None:
        if event.outcome != APPROVED:
            return None
        path = mapping.verdict_path(self._session, event.iteration)
        content = {**msgspec.to_builtins(event), "time": recorded.time}
        return Memory(VERDICT, path, content) if path else None

    def _episode(self, recorded: Recorded) -> Memory | None:
        """The harness's document as it is now; None where it is gone."""
        file = recorded.src.path
        if file is None:
            return None
        try:
            with Tree(self._workspace.loki) as tree:
                data, _ = tree.read(file, _DOCUMENT_BYTES)
            body = msgspec.json.decode(data)
        except (Refused, Unfinished, Vanished, msgspec.MsgspecError):
            return None
        if not isinstance(body, dict):
            return None
        path = mapping.path_of(body, recorded.time)
        return Memory(EPISODE, path, without_secrets(body)) if path else None

    # -- the checkpoint ---------------------------------------------------

    def _load(self) -> int | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=int)
        except (OSError, msgspec.MsgspecError):
            return None

    def _save(self, seq: int) -> None:
        with suppress(OSError):  # written again after a crash: one memory
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic.write_file(self._file, [msgspec.json.encode(seq)])


def without_secrets(body: Any) -> Any:  # noqa: ANN401  JSON: any of its types
    """The same JSON with every string free of what looks like a secret."""
    if isinstance(body, str):
        return hide(body)
    if isinstance(body, dict):
        return {str(key): without_secrets(value) for key, value in body.items()}
    if isinstance(body, list):
        return [without_secrets(one) for one in body]
    return body
