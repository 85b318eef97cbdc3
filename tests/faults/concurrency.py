"""Concurrency: who writes, what is left behind, who stands at the door.

One daemon at most writes a log, whoever else wants to: daemons that start in the
same moment, engines that clients run themselves, the next one after a kill.  And
no client keeps another one from its answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import msgspec

import crowding
from life import workspace
from lokid.errors import WriterExists
from lokid.paths import Workspace
from story import hear
from table import Bench, NotRun, Outcome, Row

DAEMONS, ROUNDS = 20, 200
UPS = 20
KILLS = 200
SECONDS = 120.0


def _starts(bench: Bench) -> Outcome:
    _needs_linux()
    rounds, count = (1, 6) if bench.quick else (ROUNDS, DAEMONS)
    asked = (bench.folder / "starts", rounds, bench.seed, count)
    return _told(hear(bench, "starts.py", [asked])[0], {"rounds": rounds})


def _engines(bench: Bench) -> Outcome:
    _needs_linux()
    rounds, count = (1, 3) if bench.quick else (60, 8)
    asked = (bench.folder / "engines", rounds, bench.seed, count)
    return _told(hear(bench, "engines.py", [asked])[0], {"rounds": rounds})


def _leftovers(bench: Bench) -> Outcome:
    _needs_linux()
    rounds, kills = (0, 2) if bench.quick else (3, KILLS)
    outcome = hear(bench, "leftovers.py", [(bench.folder / "left", rounds, kills)])[0]
    return _told(outcome, {})


def _ups(bench: Bench) -> Outcome:
    """As many `lokictl up` at once, as commands of their own."""
    rounds, count = UPS, DAEMONS
    place = workspace(bench.folder)
    place.root.mkdir()
    figures = Counter({"rounds": rounds, "commands": rounds * count})
    misses: list[str] = []
    with ThreadPoolExecutor(count) as pool:
        for number in range(rounds):
            try:
                done = list(pool.map(_lokictl, [place] * count, ["up"] * count))
                misses += [f"round {number}: {one}" for one in _wrong(done, figures)]
            finally:
                _lokictl(place, "down")
            bench.say(number + 1, rounds)
    return Outcome(figures=dict(figures), misses=misses)


def _wrong(
    done: list[subprocess.CompletedProcess[str]], figures: Counter[str]
) -> list[str]:
    """What is wrong with the ends of commands that started at once."""
    told = [json.loads(one.stdout) for one in done if not one.returncode]
    pids = {one["pid"] for one in told}
    started = sum(one["started"] for one in told)
    refused = [one for one in done if one.returncode == WriterExists.exit_code]
    other = [one for one in done if one.returncode and one not in refused]
    figures["started"] += started
    figures["handed over"] += len(told) - started
    figures["refused (73)"] += len(refused)
    found = [f"ended {one.returncode}: {one.stderr[-200:]}" for one in other]
    if started != 1 or len(pids) != 1:
        found.append(f"{started} started, of pids {sorted(pids)}")
    return found


def _lokictl(place: Workspace, word: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "lokid", "-C", str(place.root), word, "--json"],
        env={**os.environ, "LOKID_STATE_DIR": str(place.state)},
        cwd=place.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _needs_linux() -> None:
    if sys.platform != "linux":
        raise NotRun("waits for children through pidfds", "make faults, on Linux")


def _told(outcome: Outcome, figures: dict[str, int]) -> Outcome:
    return msgspec.structs.replace(outcome, figures={**figures, **outcome.figures})


def _crowd(bench: Bench) -> Outcome:
    return crowding.crowd(bench, 1.0 if bench.quick else SECONDS)


def _comings(bench: Bench) -> Outcome:
    return crowding.comings(bench, 1 if bench.quick else 30)


ROWS = (
    Row(
        family="concurrency",
        name="starts-at-once",
        fault=f"{DAEMONS} daemons start at once, the one that stays is ended or killed",
        mark="one writes, 73 for the others; 0 lost, 0 doubled",
        run=_starts,
    ),
    Row(
        family="concurrency",
        name="ups-at-once",
        fault=f"{DAEMONS} commands `lokictl up` at once",
        mark="one daemon; the others hand over to it or end with 73",
        run=_ups,
        quick=False,
    ),
    Row(
        family="concurrency",
        name="engines-race",
        fault="clients work embedded while daemons come, end and are killed",
        mark="0 acknowledged lost, 0 doubled, all answered",
        run=_engines,
    ),
    Row(
        family="concurrency",
        name="left-behind",
        fault="stale sockets and pids in every shape, a state directory too deep for"
        f" a socket; {KILLS} kills, each followed by a start",
        mark="each next daemon answers and ends well; 0 lost, 0 doubled",
        run=_leftovers,
    ),
    Row(
        family="concurrency",
        name="crowd",
        fault="500 clients, 50 that never read, 50 that send a byte a second; then 500"
        " questions at once; then 1,000 idle connections",
        mark="0 lost, 0 half; p99 of the others under 100 ms (or twice that of an idle"
        " daemon here); memory bounded",
        run=_crowd,
    ),
    Row(
        family="concurrency",
        name="comings-and-goings",
        fault="clients ask and follow while the daemon starts and is ended",
        mark="each gets a whole answer or a refusal; 0 half, 0 hang",
        run=_comings,
    ),
)
