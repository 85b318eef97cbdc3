"""Folders that come and go under the watch.

A watched folder that is deleted, renamed or replaced leaves inotify blind for
ever, without an error.  Each cycle of a row takes ``.loki`` away or brings it,
writes a file at once and another when the first is found, and asks nobody: both
must be in the log within two seconds, and all that was there before stays.

The first crash of a workspace is the worst case: the harness makes the folder
and the file in one go.  Five hundred daemons would show little more than their
starts, so one daemon sees ``.loki`` disappear and come anew five hundred times,
at any moment of the watch's own work; to the watch that is a fresh workspace, as
the new folder has never been watched.  Half of them are asked about at once and
half are not asked about at all.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from lokid.config import Settings
from table import Bench, Outcome, Row
from watched import QUICK_STEP, Watched, crash, digest, name_of, path_of, write

FAMILY = "watching"
LATE = 2.0
"""Seconds in which the watch must be armed again."""
_MOST_MISSES = 3
"""A row that fails does not wait for each of its files in turn."""


def _deleted(loki: Path, aside: Path) -> None:
    """Deleted; nothing comes back before the next file."""
    del aside
    shutil.rmtree(loki, ignore_errors=True)


def _recreated(loki: Path, aside: Path) -> None:
    """Deleted and made again at once."""
    del aside
    shutil.rmtree(loki, ignore_errors=True)
    (loki / "crash").mkdir(parents=True)


def _renamed(loki: Path, aside: Path) -> None:
    """Renamed away, and a new one made."""
    shutil.rmtree(aside, ignore_errors=True)
    if loki.exists():
        loki.rename(aside)
    (loki / "crash").mkdir(parents=True)


def _moved_in(loki: Path, aside: Path) -> None:
    """A whole tree moved in, in place of the old one."""
    shutil.rmtree(aside, ignore_errors=True)
    (aside / "crash").mkdir(parents=True)
    shutil.rmtree(loki, ignore_errors=True)
    aside.rename(loki)


def _swapped(loki: Path, aside: Path) -> None:
    """Renamed away and the old one renamed back: known folders, in turn."""
    if not loki.exists():
        (loki / "crash").mkdir(parents=True)
    if not aside.exists():
        shutil.copytree(loki, aside)
    between = aside.with_name("between")
    loki.rename(between)
    aside.rename(loki)
    between.rename(aside)


def _comes_and_goes(change: Callable[[Path, Path], None]) -> Callable[[Bench], Outcome]:
    def run(bench: Bench) -> Outcome:
        """Change, write, wait, write, wait; nobody asks."""
        cycles = 2 if bench.quick else 200
        late = float("inf") if bench.quick else LATE
        waits: list[float] = []
        misses: list[str] = []
        step = QUICK_STEP if bench.quick else Settings().watch_step_ms
        with Watched(bench.folder, watch_step_ms=step) as daemon:
            for cycle in range(cycles):
                change(daemon.loki, bench.folder / "aside")
                for number in (2 * cycle, 2 * cycle + 1):
                    waited = daemon.ear.waits(write(daemon.loki, number))
                    waits.append(float("inf") if waited is None else waited)
                    if waits[-1] > late or waited is None:
                        misses.append(f"cycle {cycle}: file {number}: {waited} s")
                if len(misses) >= _MOST_MISSES:
                    break
                bench.say(cycle + 1, cycles)
            if not daemon.is_armed():
                misses.append(f"the watch is not armed: {daemon.watch()}")
            misses += _history(daemon, len(waits))
        figures = {
            "cycles": cycles,
            "files": len(waits),
            "slowest s": round(max(waits), 3),
            "median s": round(sorted(waits)[len(waits) // 2], 3),
        }
        return Outcome(figures=dict(figures), misses=misses)

    return run


def _history(daemon: Watched, count: int) -> list[str]:
    """What of all that ever was there is not told any more, or told twice."""
    told = daemon.client.get("failures", {"all": "1"})["failures"]
    text = str(told)
    return [
        f"file {number} is told {times} times"
        for number in range(count)
        if (times := text.count(name_of(number))) < 1
        or len(daemon.ear.of(path_of(number))) != 1
    ][:20]


def _first_crash(bench: Bench) -> Outcome:
    """A workspace without ``.loki``, then folder and file in one go."""
    rounds = 10 if bench.quick else 500
    chance = bench.random("first crash")
    misses: list[str] = []
    slowest = 0.0
    with Watched(bench.folder) as daemon:
        for number in range(rounds):
            shutil.rmtree(daemon.loki, ignore_errors=True)
            _any_moment(chance)
            path = write(daemon.loki, number)
            if number % 2:
                answer = daemon.context()
                if answer["stale"] or name_of(number) not in answer["text"]:
                    misses.append(f"round {number}: not in the answer")
            else:
                waited = daemon.ear.waits(path, digest(crash(number)))
                slowest = max(slowest, waited or 0.0)
                if waited is None:
                    misses.append(f"round {number}: never found")
            if len(misses) >= _MOST_MISSES:
                break
            bench.say(number + 1, rounds)
        misses += _history(daemon, number + 1)
    figures = {
        "workspaces": rounds,
        "seen": rounds - len(misses),
        "slowest unasked s": round(slowest, 3),
    }
    return Outcome(figures=dict(figures), misses=misses)


def _any_moment(chance: random.Random) -> None:
    """Let the crash come at any moment of the watch's own work."""
    time.sleep(chance.uniform(0, 0.1))


def _row(
    name: str, fault: str, change: Callable[[Path, Path], None], *, quick: bool = False
) -> Row:
    return Row(
        family=FAMILY,
        name=f"watch-{name}",
        fault=f".loki {fault}, two files, nobody asks",
        mark="200 cycles: 0 missed, each found within 2 s, history kept",
        run=_comes_and_goes(change),
        quick=quick,
    )


ROWS: tuple[Row, ...] = (
    _row("deleted", "absent at the start, then deleted", _deleted),
    _row("recreated", "deleted and made again", _recreated, quick=True),
    _row("renamed", "renamed away and made again", _renamed),
    _row("moved-in", "moved in whole", _moved_in, quick=True),
    _row("swapped", "renamed away and an older one renamed back", _swapped),
    Row(
        family=FAMILY,
        name="watch-first-crash",
        fault="the first crash makes folder and file in one go",
        mark="500 of 500 fresh workspaces seen, asked or not",
        run=_first_crash,
    ),
)
