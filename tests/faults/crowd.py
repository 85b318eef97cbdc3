"""A crowd at the daemon's door: who asks, who holds on, who never reads.

One program of many connections, without threads: every asker connects, asks
``context``, reads to the end and goes, again and again at its own pace.  An answer
counts only when it is whole; a refusal (503, or hung up on before a byte came) is
counted apart, and half an answer is a miss.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

ASKED = b"GET /context?format=text HTTP/1.1\r\nHost: lokid\r\nConnection: close\r\n\r\n"
LARGE = b"GET /failures?all=1 HTTP/1.1\r\nHost: lokid\r\n\r\n"
LONGEST = 30.0
"""Seconds after which an answer counts as lost."""


class Tally(msgspec.Struct):
    """What became of questions: seconds of each whole answer, and the rest."""

    seconds: list[float] = []
    refused: int = 0
    lost: int = 0
    half: int = 0

    def ms(self, share: float) -> float:
        """The time in which this share of the answers came, in milliseconds."""
        ordered = sorted(self.seconds)
        if not ordered:
            return 0.0
        place = min(len(ordered) - 1, int(len(ordered) * share))
        return round(ordered[place] * 1000, 1)


async def ask(path: Path, tally: Tally) -> None:
    """One question on a connection of its own."""
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(LONGEST):
            got = await _exchange(path)
    except TimeoutError:
        tally.lost += 1
        return
    if got.startswith(b"HTTP/1.1 200 ") and _is_whole(got):
        tally.seconds.append(time.perf_counter() - begun)
    elif not got or (got.startswith(b"HTTP/1.1 503 ") and _is_whole(got)):
        tally.refused += 1
    else:
        tally.half += 1


async def _exchange(path: Path) -> bytes:
    """All that comes until the daemon hangs up; nothing where nobody is there."""
    got = b""
    with suppress(OSError):
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            writer.write(ASKED)
            while part := await reader.read(65536):
                got += part
        finally:
            writer.close()
    return got


def _is_whole(got: bytes) -> bool:
    """Whether an answer has as many bytes as its head says."""
    head, found, body = got.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return bool(found) and int(line.partition(b":")[2]) == len(body)
    return False


async def steadily(
    path: Path, tally: Tally, seconds: float, askers: int, a_second: float
) -> None:
    """So many askers, together so many questions a second, evenly by chance."""
    chance = random.Random(askers)  # noqa: S311  a script, no secret
    ends = time.monotonic() + seconds
    pace = askers / a_second

    async def one() -> None:
        await asyncio.sleep(chance.random() * pace)
        while time.monotonic() < ends:
            await ask(path, tally)
            await asyncio.sleep(pace * (0.5 + chance.random()))

    await asyncio.gather(*(one() for _ in range(askers)))


async def at_once(path: Path, tally: Tally, askers: int) -> None:
    """So many questions in the same moment."""
    await asyncio.gather(*(ask(path, tally) for _ in range(askers)))


@asynccontextmanager
async def nuisance(path: Path, mute: int, slow: int) -> AsyncIterator[None]:
    """Some that ask for much and never read, and some that send a byte a second.

    Whoever is hung up on comes back at once.
    """
    tasks = [asyncio.create_task(_never_reads(path)) for _ in range(mute)]
    tasks += [asyncio.create_task(_drips(path)) for _ in range(slow)]
    try:
        yield
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _never_reads(path: Path) -> None:
    loop = asyncio.get_running_loop()
    while True:
        with suppress(OSError), _link() as link:
            await loop.sock_connect(link, str(path))
            while True:  # until it is hung up on
                await loop.sock_sendall(link, LARGE)
                await asyncio.sleep(1)


async def _drips(path: Path) -> None:
    loop = asyncio.get_running_loop()
    while True:
        with suppress(OSError), _link() as link:
            await loop.sock_connect(link, str(path))
            for byte in ASKED:
                await loop.sock_sendall(link, bytes((byte,)))
                await asyncio.sleep(1)


@asynccontextmanager
async def held(path: Path, count: int) -> AsyncIterator[None]:
    """So many connections on which nothing is said."""
    links = [_link() for _ in range(count)]
    try:
        for link in links:
            await asyncio.get_running_loop().sock_connect(link, str(path))
        yield
    finally:
        for link in links:
            link.close()


def _link() -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.setblocking(False)  # noqa: FBT003  the standard library's signature
    return made
