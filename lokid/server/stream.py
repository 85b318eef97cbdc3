"""The log's own lines over HTTP: once, or for as long as the client listens.

Lines are read in blocks, off the event loop, and sent with flow control, so a
slow reader holds one block and no more.  Who follows is woken by appends; there
is no timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice

from starlette.datastructures import QueryParams

from lokid.codec import type_of
from lokid.errors import UsageError
from lokid.log import LogReader
from lokid.server.service import Service

BLOCK_LINES = 256
DIGITS = 18
"""Digits of a position that are read: no log reaches further."""


class Wish:
    """Which lines a client wants."""

    def __init__(self, params: QueryParams) -> None:
        """Raises UsageError when ``since`` is no position."""
        since = params.get("since", "0")
        if not (since.isascii() and since.isdigit()):
            message = f"since={since} is not a position in the log"
            raise UsageError(message)
        self.since = int(since[:DIGITS])
        self.types = frozenset(params.getlist("type")) or None
        self.follow = params.get("follow") == "1"


async def lines_until(service: Service, wish: Wish, until: int) -> AsyncIterator[bytes]:
    """What the log holds after ``wish.since``, up to ``until``."""
    reader = LogReader(service.engine.workspace.log)
    lines = reader.lines(wish.since, until, wish.types)
    while block := await asyncio.to_thread(_block, lines):
        yield block


async def lines_on(service: Service, wish: Wish, until: int) -> AsyncIterator[bytes]:
    """The same, and then what is appended, until the client or the daemon ends."""
    async for block in lines_until(service, wish, until):
        yield block
    begin = max(until, wish.since)
    tail = LogReader(service.engine.workspace.log).tail(begin)
    while not service.stop.is_set():
        news = service.news.next()
        fresh = await asyncio.to_thread(tail.poll)
        if wanted := b"".join(line for line in fresh if _is_wanted(line, wish.types)):
            yield wanted
        if not fresh:
            await news.wait()


def _block(lines: Iterator[bytes]) -> bytes:
    return b"".join(islice(lines, BLOCK_LINES))


def _is_wanted(line: bytes, types: frozenset[str] | None) -> bool:
    return types is None or type_of(line).decode() in types
