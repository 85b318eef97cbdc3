"""The rows of `crowd.py`: what a crowd does to a daemon's other clients."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crowd import Tally, ask, at_once, held, nuisance, steadily
from lokid.paths import choose_socket, find_workspace
from serving import DAEMON, PATIENCE, Served, served
from table import Bench, Outcome

P99_MS = 100.0
MEMORY_MB = 64
"""What a daemon may grow by while a crowd is there."""
FILES = 4096
_PAUSE = 0.02  # seconds between two questions of one that asks all the time
_ASKERS = 8


def crowd(bench: Bench, seconds: float) -> Outcome:
    """A steady pace alone and in a crowd; a stampede; a wall of idle connections."""
    with _many_files(), served(bench.folder / "served") as one:
        before = _memory_mb(one.process.pid)
        figures, misses = asyncio.run(_crowd(bench, one, seconds))
        grown = _memory_mb(one.process.pid) - before
        figures["grown MB"] = grown
        if grown > MEMORY_MB:
            misses.append(f"the daemon grew by {grown} MB")
        if complaint := one.complaint():
            misses.append(f"the daemon complained: {complaint[-300:]}")
    return Outcome(figures=figures, misses=misses)


async def _crowd(
    bench: Bench, one: Served, seconds: float
) -> tuple[dict[str, int | float | str], list[str]]:
    few = 10 if bench.quick else 1
    alone, crowded, stampede, walled = (Tally(seconds=[]) for _ in range(4))
    await steadily(one.path, alone, seconds / 4, 1, 20)
    bench.say(1, 4)
    async with nuisance(one.path, 50 // few, 50 // few):
        await steadily(one.path, crowded, seconds / 2, 400 // few, 20)
        bench.say(2, 4)
        await at_once(one.path, stampede, 500 // few)
    bench.say(3, 4)
    async with held(one.path, 1000):
        await steadily(one.path, walled, seconds / 4, 4, 20)
    parts = {"crowd": crowded, "at once": stampede, "beside idle ones": walled}
    misses = []
    for name, tally in parts.items():
        if tally.lost or tally.half or tally.refused or not tally.seconds:
            misses.append(f"{name}: {tally}")
    allowed = max(P99_MS, 2 * alone.ms(0.99))
    if not bench.quick and crowded.ms(0.99) > allowed:
        misses.append(f"p99 in the crowd {crowded.ms(0.99)} ms, over {allowed} ms")
    figures: dict[str, int | float | str] = {
        "answers": sum(len(tally.seconds) for tally in parts.values()),
        "p99 alone ms": alone.ms(0.99),
        "p50 in the crowd ms": crowded.ms(0.5),
        "p99 in the crowd ms": crowded.ms(0.99),
        "slowest of all at once ms": stampede.ms(1),
        "p99 beside idle ones ms": walled.ms(0.99),
        "lost": sum(tally.lost + tally.half for tally in parts.values()),
        "refused": sum(tally.refused for tally in parts.values()),
    }
    return figures, misses


def comings(bench: Bench, rounds: int) -> Outcome:
    """Start and end a daemon while clients ask without a pause."""
    place = find_workspace(str(bench.folder), os.environ)
    path = choose_socket(place, os.environ)
    return asyncio.run(_comings(bench, path, rounds))


async def _comings(bench: Bench, path: Path, rounds: int) -> Outcome:
    tally = Tally(seconds=[])
    followed, misses = 0, []
    over = asyncio.Event()
    askers = [asyncio.create_task(_all_the_time(path, tally, over)) for _ in range(8)]
    try:
        for number in range(rounds):
            daemon = await asyncio.to_thread(_started, bench.folder)
            try:
                following = asyncio.create_task(_follow(path))
                enough = len(tally.seconds) + 2 * _ASKERS
                async with asyncio.timeout(PATIENCE):
                    while len(tally.seconds) < enough:  # noqa: ASYNC110  counted elsewhere
                        await asyncio.sleep(_PAUSE)
                daemon.send_signal(signal.SIGTERM)
                code = await asyncio.to_thread(daemon.wait, PATIENCE)
            finally:
                daemon.kill()
                daemon.communicate()
            if code:
                misses.append(f"round {number}: the daemon ended {code}")
            followed += await following
            bench.say(number + 1, rounds)
    finally:
        over.set()
        await asyncio.gather(*askers)
    if tally.lost or tally.half:
        misses.append(f"{tally.lost} answers lost, {tally.half} half")
    if followed != rounds:
        misses.append(f"{rounds - followed} of {rounds} streams did not end well")
    return Outcome(
        figures={
            "rounds": rounds,
            "answers": len(tally.seconds),
            "refused": tally.refused,
            "lost": tally.lost,
            "half": tally.half,
            "streams ended well": followed,
        },
        misses=misses,
    )


async def _all_the_time(path: Path, tally: Tally, over: asyncio.Event) -> None:
    while not over.is_set():
        await ask(path, tally)
        await asyncio.sleep(_PAUSE)


async def _follow(path: Path) -> bool:
    """Follow the log to the daemon's end; whether the stream ended as it should."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b"GET /events?follow=1 HTTP/1.1\r\nHost: lokid\r\n\r\n")
    got = b""
    with suppress(OSError):
        async with asyncio.timeout(2 * PATIENCE):
            while part := await reader.read(65536):
                got += part
    writer.close()
    return got.endswith(b"\r\n0\r\n\r\n")


def _started(folder: Path) -> subprocess.Popen[bytes]:
    daemon = subprocess.Popen(
        [sys.executable, "-c", DAEMON, "-C", str(folder)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert daemon.stderr is not None
    said = daemon.stderr.readline()
    if b"watching" not in said:
        daemon.kill()
        message = f"the daemon did not start: {said!r} {daemon.communicate()!r}"
        raise RuntimeError(message)
    return daemon


def _memory_mb(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() >> 20


@contextmanager
def _many_files() -> Iterator[None]:
    """Open files enough for a crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
