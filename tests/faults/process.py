"""Process faults: a kill at any moment, a kill or an error at each system call.

What is killed is the real engine with the real sources, and a real daemon.  These
rows ask what survives a process, not what survives a disk, so they work in memory
where there is such a folder; the order of fsyncs is followed all the same.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

import daemon_kills
import shim
from story import hear
from table import Bench, NotRun, Outcome, Row

MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
ROOM = 64 * 1024 * 1024
STARTS = ("fresh", "used", "torn")
SEEDS = 3
CYCLES = 1000


@contextmanager
def _in_memory(bench: Bench) -> Iterator[Path]:
    """A folder in memory where there is room for one, else the row's own."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        yield bench.folder
        return
    with tempfile.TemporaryDirectory(prefix="lokid-fault-", dir=MEMORY) as made:
        yield Path(made)


def _kill_at_random(bench: Bench) -> Outcome:
    if sys.platform != "linux":
        raise NotRun("waits for a child through a pidfd", "make faults, on Linux")
    first = SEEDS * (bench.seed - 1) + 1
    seeds = [first] if bench.quick else list(range(first, first + SEEDS))
    cycles = 25 if bench.quick else CYCLES
    with _in_memory(bench) as folder:
        asked = [(folder / str(seed), cycles, seed) for seed in seeds]
        outcomes = hear(bench, "kills.py", asked)
    merged = _merged(outcomes)
    for seed, one in zip(seeds, outcomes, strict=True):
        told = one.figures
        merged.figures[f"seed {seed}"] = (
            f"{cycles:,} cycles, {told.get('killed', 0):,} killed,"
            f" {told.get('acknowledged', 0):,} acknowledged,"
            f" {told.get('lost', 0)} lost, {told.get('doubled', 0)} doubled"
        )
    return merged


def _rivals(bench: Bench) -> Outcome:
    with _in_memory(bench) as folder:
        return _merged(hear(bench, "rivals.py", [(folder, 5 if bench.quick else 500)]))


def _sweep(bench: Bench, faults: Sequence[str], points: int) -> Outcome:
    library = shim.built(bench.folder)
    with _in_memory(bench) as folder:
        asked = [
            (folder / start, start, ",".join(faults), points if bench.quick else 0)
            for start in STARTS
        ]
        environ = {"LD_PRELOAD": str(library)}
        return _merged(hear(bench, "sweep.py", asked, environ))


def _kill_at_each_call(bench: Bench) -> Outcome:
    return _sweep(bench, ("kill-before", "kill-after", "kill-half"), points=3)


def _fail_each_call(bench: Bench) -> Outcome:
    ways = [name for name, fault in shim.FAULTS.items() if fault.mode not in shim.KILLS]
    if bench.quick:
        ways = ["EIO", "ENOSPC-stays", "EMFILE", "short-then-full", "EIO-fdatasync"]
    return _sweep(bench, ways, points=2)


def _merged(outcomes: Sequence[Outcome]) -> Outcome:
    figures: Counter[str] = Counter()
    for one in outcomes:
        figures.update({k: v for k, v in one.figures.items() if isinstance(v, int)})
    misses = [miss for one in outcomes for miss in one.misses]
    return Outcome(figures=dict(figures), misses=misses)


def _kill_the_daemon(bench: Bench) -> Outcome:
    rounds = 2 if bench.quick else 60
    outcome = daemon_kills.run(bench, rounds)
    return msgspec.structs.replace(
        outcome, figures={"rounds": rounds, **outcome.figures}
    )


ROWS = (
    Row(
        family="process",
        name="kill-at-random",
        fault="kill -9 of the engine at a random moment of its life, 3 seeds",
        mark="1,000 cycles a seed: 0 lost, 0 doubled, 0 damaged, 0 bad ends",
        run=_kill_at_random,
    ),
    Row(
        family="process",
        name="kill-the-daemon",
        fault="kill -9 of a daemon while clients record; they say it again",
        mark="60 kills: all that was said is there once",
        run=_kill_the_daemon,
    ),
    Row(
        family="process",
        name="rivals",
        fault="six engines open one log at once",
        mark="500 times: one at a time, others 73; 0 lost, doubled or damaged",
        run=_rivals,
    ),
    Row(
        family="process",
        name="kill-at-each-call",
        fault="kill before, after and in the midst of each write, fsync, open, rename",
        mark="every point: 0 lost, doubled or damaged; no acknowledgement too early",
        run=_kill_at_each_call,
    ),
    Row(
        family="process",
        name="fail-each-call",
        fault="each call fails, once or for good, with six errors; short writes",
        mark="every point: 74, 75 or it goes on; 0 lost, doubled or damaged",
        run=_fail_each_call,
    ),
)
