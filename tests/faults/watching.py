"""Watching: what inotify loses, lokid finds.

A watch is a hint, so every row asks two things: is the first question afterwards
answered right (the barrier), and is what nobody asked about found all the same
(the watch, and whatever wakes the scan in its place).  The timed reconcile is an
hour away: it helps no row.

The rows of folders that come and go are in ``folders.py``, of files that are
being written in ``writers.py``, of clocks in ``clocks.py``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import clocks
import folders
import writers
from table import Bench, NotRun, Outcome, Row
from watched import (
    DEFAULT_MS,
    PATIENT_MS,
    Watched,
    name_of,
    path_of,
    until,
    write,
)

FAMILY = "watching"
_LONG_MS = 300_000
_QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
_LIMITED = 'echo {} > /proc/sys/user/max_inotify_{} && exec "$@"'
_FOLDERS = ("state", "quality", "council", "metrics", "memory")


def _overflow(bench: Bench) -> Outcome:
    """Stop the daemon, fill its queue to the brim, write, let it go on, ask."""
    count = 200 if bench.quick else 20_000
    misses: list[str] = []
    with Watched(bench.folder) as daemon:
        write(daemon.loki, 0)
        daemon.context()
        daemon.is_armed()
        with _stopped(daemon):
            events = _fill(daemon.loki / "crash") if bench.quick else 0
            for number in range(1, count + 1):
                write(daemon.loki, number)
                bench.say(number, 2 * count)
        first = daemon.context(DEFAULT_MS)
        if not first["stale"] and name_of(count) not in first["text"]:
            misses.append("the first context lacks the newest and says nothing")
        patient = daemon.context(_LONG_MS)
        if patient["stale"] or name_of(count) not in patient["text"]:
            misses.append(f"a patient context is not right: {patient['reason']}")
        found = None if bench.quick else _unasked(daemon, count + 1, misses)
        paths = [path_of(number) for number in range(count + 1)]
        misses += _once(daemon, paths)
    return Outcome(
        figures={
            "files": count,
            "in the log": sum(path in daemon.ear.paths for path in paths) - 1,
            "first context": "stale" if first["stale"] else "right",
            "filler events": events,
            "unasked s": "not tried" if found is None else round(found, 2),
        },
        misses=misses,
    )


def _unasked(daemon: Watched, first: int, misses: list[str]) -> float:
    """Overflow it once more, with nobody asking; how long it takes to find all."""
    with _stopped(daemon):
        _fill(daemon.loki / "crash")
        paths = [write(daemon.loki, first + number) for number in range(100)]
    found = until(lambda: all(daemon.ear.of(path) for path in paths))
    if found is None:
        misses.append("nobody asked, and not all is found")
    misses += _once(daemon, paths)
    return found or 0.0


def _no_inotify(bench: Bench) -> Outcome:
    """In a namespace where the kernel gives no watches, or too few."""
    count = 10 if bench.quick else 200
    limits = ((0, "instances"), (3, "watches"))[: 1 if bench.quick else 2]
    figures: dict[str, int | float | str] = {"questions": count * len(limits)}
    misses: list[str] = []
    for limit, kind in limits:
        before = _limited(limit, kind)
        folder = bench.folder / kind
        folder.mkdir()
        with Watched(folder, before) as daemon:
            for name in _FOLDERS:
                (daemon.loki / name).mkdir(parents=True)
            for number in range(count):
                write(daemon.loki, number)
                answer = daemon.context()
                if answer["stale"] or name_of(number) not in answer["text"]:
                    misses.append(f"{kind}={limit}: question {number} was not right")
            if until(lambda: _is_told(daemon.watch())) is None:
                misses.append(f"{kind}={limit}: status says {daemon.watch()}")
            told = daemon.watch()
            figures[f"{kind}={limit}"] = f"{told['mode']}: {told['reason']}"
            if not bench.quick and daemon.ear.waits(write(daemon.loki, count)) is None:
                misses.append(f"{kind}={limit}: what nobody asked for is not found")
            misses += _once(daemon, [path_of(number) for number in range(count)])
    return Outcome(figures=figures, misses=misses)


def _is_told(watch: dict[str, Any]) -> bool:
    """Whether it says that it compares, and why."""
    return watch["mode"] == "poll" and "starting" not in str(watch["reason"])


def _strange_names(bench: Bench) -> Outcome:
    """A name that is not UTF-8 beside good ones, again and again, nobody asking."""
    rounds = 3 if bench.quick else 100
    misses: list[str] = []
    slowest = 0.0
    with Watched(bench.folder) as daemon:
        write(daemon.loki, 0)
        daemon.is_armed()
        for number in range(1, rounds + 1):
            strange = b"crash/crash-\xff\xfe-%d.json" % number
            whole = bench.folder / "strange"  # moved in: it is never half-written
            whole.write_bytes(b"{}")
            whole.rename(daemon.loki / os.fsdecode(strange))
            waited = daemon.ear.waits(write(daemon.loki, number))
            if waited is None:
                misses.append(f"round {number}: the good file is never found")
                break
            slowest = max(slowest, waited)
            if not daemon.is_armed():
                misses.append(f"round {number}: it stays blind: {daemon.watch()}")
                break
            bench.say(number, rounds)
        daemon.context()
        misses += _once(daemon, [path_of(number) for number in range(rounds + 1)])
        rejected = daemon.client.get("status")["sources"]
        refused = sum(row["rejected"] for row in rejected)
        if refused != rounds:
            misses.append(f"{refused} of {rounds} strange names are told")
    return Outcome(
        figures={"rounds": rounds, "told": refused, "slowest s": round(slowest, 2)},
        misses=misses,
    )


def _once(daemon: Watched, paths: list[str]) -> list[str]:
    """What is not in the log exactly once."""
    daemon.ear.listen()
    counts = [(path, len(daemon.ear.paths.get(path, ()))) for path in paths]
    return [f"{path} is in the log {n} times" for path, n in counts if n != 1][:20]


@contextmanager
def _stopped(daemon: Watched) -> Iterator[None]:
    daemon.send(signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.send(signal.SIGCONT)


def _fill(folder: Path) -> int:
    """Make more events in a folder than an inotify queue takes; of no source."""
    try:
        size = int(_QUEUE.read_text())
    except OSError as error:
        reason = "there is no inotify queue here"
        raise NotRun(reason, "run it on Linux") from error
    if size > 1 << 20:
        reason = f"the inotify queue takes {size} events"
        raise NotRun(reason, "sysctl -w fs.inotify.max_queued_events=16384")
    names = [folder / f".lokid-filler-{number}.tmp" for number in range(2)]
    for name in names:
        name.touch()
    for number in range(size):  # by turns: the same event twice would be merged
        os.utime(names[number % 2])
    return size


def _limited(limit: int, kind: str) -> list[str]:
    """A command that runs another where inotify gives no more than ``limit``."""
    unshare = shutil.which("unshare") or "unshare"
    before = [unshare, "-Ur", "sh", "-c", _LIMITED.format(limit, kind), "sh"]
    try:
        subprocess.run([*before, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = "this machine makes no user namespaces"
        command = "sysctl -w kernel.unprivileged_userns_clone=1, or run it as root"
        raise NotRun(reason, command) from error
    return before


ROWS: tuple[Row, ...] = (
    Row(
        family=FAMILY,
        name="watch-overflow",
        fault="the inotify queue overflows under 20,000 new files",
        mark="20,000 of 20,000 in the log; first context right or announced stale",
        run=_overflow,
    ),
    Row(
        family=FAMILY,
        name="watch-no-inotify",
        fault="no inotify instance, or three watches",
        mark=f"every answer at {PATIENT_MS} ms right; status says mode and reason",
        run=_no_inotify,
    ),
    Row(
        family=FAMILY,
        name="watch-strange-names",
        fault="names that are not UTF-8 beside good ones",
        mark="good ones found unasked, strange ones told once, the watch back",
        run=_strange_names,
    ),
    *folders.ROWS,
    *writers.ROWS,
    *clocks.ROWS,
)
