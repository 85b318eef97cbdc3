"""Files that are being written, are never finished, or are written again.

A document is read when it is whole: of a file written byte by byte nothing is
recorded before its last byte, and then all of it, once.  A writer that is killed
leaves a file that never gets whole; it is rejected, once, when it has not changed
for as long as the settings say, and read when somebody finishes it after all.

The identity of a fact holds the content, not only the name: what is written
under a known name is a fact of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from table import Bench, Outcome, Row
from watched import Watched, crash, digest, name_of, path_of, until, write

FAMILY = "watching"
TICK = 0.02
"""Seconds by which a file's own time may be behind."""
_WRITER = """
import os, sys, time
pause = float(sys.argv[1])
for line in sys.stdin:
    path, content = line.rstrip("\\n").split("\\t")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for byte in bytes.fromhex(content):
        os.write(file, bytes([byte]))
        time.sleep(pause)
    os.close(file)
"""


def _half_written(bench: Bench) -> Outcome:
    """Several writers, byte by byte, while somebody asks all the time."""
    count, hands, pause = (40, 4, 0.0005) if bench.quick else (1000, 4, 0.0005)
    misses: list[str] = []
    asked = 0
    with Watched(bench.folder) as daemon:
        (daemon.loki / "crash").mkdir(parents=True)
        numbers = [range(hand, count, hands) for hand in range(hands)]
        with _writers(daemon.loki, numbers, pause) as running:
            while any(one.poll() is None for one in running):
                daemon.context()
                asked += 1
                bench.say(len(daemon.ear.paths), count)
        answer = daemon.context()
        if answer["stale"] or name_of(count - 1) not in answer["text"]:
            misses.append("the last is not in the answer")
        daemon.ear.listen()
        for number in range(count):
            heard = daemon.ear.paths.get(path_of(number), [])
            told = [(one.type, one.sha256) for one in heard]
            if told != [("crash.observed", digest(crash(number)))]:
                misses.append(f"file {number}: {told}")
    return Outcome(
        figures={
            "files": count,
            "writers": hands,
            "bytes": count * len(crash(0)),
            "questions meanwhile": asked,
        },
        misses=misses[:20],
    )


def _slow_writer(bench: Bench) -> Outcome:
    """A file that grows for longer than a broken one is waited for."""
    seconds = 5.0
    content = crash(0)
    pause = 3 * seconds / len(content)
    misses = []
    longest, size = 0.0, -1
    with Watched(bench.folder, reject_after_seconds=seconds) as daemon:
        (daemon.loki / "crash").mkdir(parents=True)
        with _writers(daemon.loki, [range(1)], pause) as running:
            changed = time.monotonic()
            while running[0].poll() is None:
                daemon.context()
                longest = max(longest, time.monotonic() - changed)
                if size != (size := _size(daemon.loki / path_of(0))):
                    changed = time.monotonic()
        daemon.context()
        told = [one.type for one in daemon.ear.of(path_of(0))]
    rejected = told.count("source.rejected")
    if told.count("crash.observed") != 1:
        misses.append(f"the log tells {told}")
    elif rejected and longest < seconds:  # else the machine stopped the writer
        misses.append(f"given up {rejected} times, though it grew")
    figures = {
        "seconds written": round(pause * len(content), 1),
        "longest pause s": round(longest, 3),
        "rejected": rejected,
    }
    return Outcome(figures=dict(figures), misses=misses)


def _killed_writer(bench: Bench) -> Outcome:
    """Writers are killed in the midst; their files stay half, then get whole."""
    count, seconds = (5, 0.5) if bench.quick else (100, 5.0)
    chance = bench.random("killed")
    misses = []
    finished = 0
    ends: dict[int, float] = {}
    with Watched(bench.folder, reject_after_seconds=seconds) as daemon:
        (daemon.loki / "crash").mkdir(parents=True)
        for number in range(count):
            stop = chance.randrange(1, len(crash(number)) - 1)
            file = daemon.loki / path_of(number)
            with _writers(daemon.loki, [[number]], 0.0005) as (writer,):
                until(lambda file=file, stop=stop: _size(file) >= stop)  # type: ignore[misc]
                writer.kill()
                writer.wait()
            still = time.time() - file.stat().st_mtime
            ends[number] = time.monotonic() - still
            bench.say(number + 1, count)
        for number, end in ends.items():
            whole = _size(daemon.loki / path_of(number)) == len(crash(number))
            if whole:  # it was quicker than its end
                finished += 1
                continue
            told = _first(daemon, number)
            if told is None or told[0] != "source.rejected":
                misses.append(f"file {number}: half of it is told as {told}")
            elif told[1] < end + seconds - TICK:
                misses.append(f"file {number}: given up after {told[1] - end:.2f} s")
        for number in ends:
            write(daemon.loki, number)
        daemon.context()
        for number in ends:
            types = [one.type for one in daemon.ear.of(path_of(number))]
            if sorted(types)[:1] != ["crash.observed"] or len(types) > 2:
                misses.append(f"file {number}: finished, the log tells {types}")
    rejected = sum(
        one.type == "source.rejected"
        for heard in daemon.ear.paths.values()
        for one in heard
    )
    return Outcome(
        figures={
            "killed": count - finished,
            "finished before that": finished,
            "rejected": rejected,
            "after s": seconds,
        },
        misses=misses[:20],
    )


def _first(daemon: Watched, number: int) -> tuple[str, float] | None:
    until(lambda: bool(daemon.ear.of(path_of(number))))
    heard = daemon.ear.of(path_of(number))
    return (heard[0].type, heard[0].when) if heard else None


def _rewritten(bench: Bench) -> Outcome:
    """One name, a new content each time: asked about, then as fast as it goes."""
    count = 60 if bench.quick else 1000
    misses = []
    path = path_of(0)
    with Watched(bench.folder) as daemon:
        for number in range(count):
            write(daemon.loki, 0, crash(number))
            answer = daemon.context()
            if answer["stale"] or name_of(number) not in answer["text"]:
                misses.append(f"content {number} is not in the answer")
            bench.say(number, 2 * count)
        for number in range(count, 2 * count):
            write(daemon.loki, 0, crash(number))
        last = daemon.ear.waits(path, digest(crash(2 * count - 1)))
        if last is None:
            misses.append("the last content never comes")
        times = Counter(one.sha256 for one in daemon.ear.of(path))
        known = {digest(crash(number)): number for number in range(2 * count)}
        misses += [
            f"content {number}: {times[content]} times"
            for content, number in known.items()
            if times[content] > 1 or (number < count and not times[content])
        ]
        misses += [f"a content nobody wrote: {one}" for one in set(times) - set(known)]
    return Outcome(
        figures={
            "asked": count,
            "told of them": sum(times[crash_] > 0 for crash_ in list(known)[:count]),
            "as fast as it goes": count,
            "seen of them": sum(times[crash_] > 0 for crash_ in list(known)[count:]),
        },
        misses=misses[:20],
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1


@contextmanager
def _writers(
    loki: Path, numbers: Sequence[Iterable[int]], pause: float
) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that write crash files byte by byte, one after the other."""
    running: list[subprocess.Popen[str]] = []
    try:
        for own in numbers:
            command = [sys.executable, "-c", _WRITER, str(pause)]
            writer = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
            running.append(writer)
            assert writer.stdin is not None
            for number in own:
                content = crash(number).hex()
                writer.stdin.write(f"{loki / path_of(number)}\t{content}\n")
            writer.stdin.close()
        yield running
    finally:
        for writer in running:
            writer.kill()
            writer.wait()


ROWS: tuple[Row, ...] = (
    Row(
        family=FAMILY,
        name="watch-half-written",
        fault="documents written byte by byte, several at once",
        mark="1,000 of 1,000 recorded whole and once, none rejected",
        run=_half_written,
    ),
    Row(
        family=FAMILY,
        name="watch-slow-writer",
        fault="a document that grows for three times the patience with a broken one",
        mark="recorded whole and once, never rejected",
        run=_slow_writer,
        quick=False,
    ),
    Row(
        family=FAMILY,
        name="watch-killed-writer",
        fault="a writer is killed in the midst of a document",
        mark="rejected once, not before 5 s; recorded when it is finished",
        run=_killed_writer,
    ),
    Row(
        family=FAMILY,
        name="watch-rewritten",
        fault="one name written again and again",
        mark="1,000 of 1,000 contents that were asked about once, the last always",
        run=_rewritten,
    ),
)
