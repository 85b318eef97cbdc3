"""Damage to snapshots: whatever lies there, the answers are those of the log.

Files only: a log with two snapshots of real engines, whose newest (or both) are
changed at one byte or cut off at one, and then opened.  Every answer must be, byte
for byte, that of a replay without any snapshot, and a changed one must be found.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lokid import clock
from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import (
    CrashObserved,
    Event,
    Fact,
    IterationCompleted,
    IterationStarted,
)
from lokid.log import Log, event_id
from lokid.paths import Workspace
from lokid.sources import SOURCES
from mounts import quick_folder
from projections import build
from table import Bench, Outcome, Row

NOW = "2026-03-09T00:00:00.000Z"
DAY = clock.to_seconds("2026-03-01T00:00:00.000Z")
OFTEN = Settings(snapshot_close_events=1)
"""A snapshot at each close."""
NEVER = Settings(snapshot_close_events=10_000)
ITERATIONS = 4
QUICK = 60


def workspace(folder: Path) -> Workspace:
    """A workspace whose state lies below ``folder``."""
    return Workspace(root=folder / "shop", state=folder / "state", id="shop")


def append(place: Workspace, iterations: range) -> None:
    """Put iterations that failed into the log."""
    found: list[tuple[str, Fact]] = []
    for number in iterations:
        events: tuple[Event, ...] = (
            IterationStarted(iteration=number),
            IterationCompleted(iteration=number, status="failed", exit_code=1),
            CrashObserved(error_class="KeyError", signature=("load", "parse")),
        )
        for nth, event in enumerate(events):
            time = clock.from_seconds(DAY + 60 * number + 10 * nth)
            fact = Fact(event=event, identity=(event.TYPE, number), time=time)
            found.append((event_id(fact.identity), fact))
    log = Log.open(place.log)
    log.append(found, NOW)
    log.close()


def told(place: Workspace, settings: Settings) -> tuple[bytes, list[str]]:
    """What every read model answers now, and what the start remarked."""
    remarks: list[str] = []
    engine = Engine(place, settings, SOURCES, build, remark=remarks.append)
    engine.open()
    try:
        answers = [engine.query(view.name, {"now": NOW}) for view in build()]
    finally:
        engine.close()
    return msgspec.json.encode(answers), remarks


def changes(data: bytes, chosen: list[int]) -> Iterator[tuple[str, bytes]]:
    """A file with one byte changed, and one that is cut off there."""
    for at in chosen:
        changed = bytearray(data)
        changed[at] ^= 0x10
        yield f"byte {at} flipped", bytes(changed)
        yield f"cut at {at}", data[:at]


def damaged(bench: Bench) -> Outcome:
    """One snapshot, or both, damaged at every byte."""
    figures = {"bytes": 0, "starts": 0, "found": 0, "equal answers": 0}
    misses: list[str] = []
    with quick_folder(bench) as folder:
        place = workspace(folder)
        append(place, range(1, ITERATIONS))
        told(place, OFTEN)
        append(place, range(ITERATIONS, 2 * ITERATIONS))
        told(place, OFTEN)
        good = {one: one.read_bytes() for one in sorted(place.snapshots.iterdir())}
        shutil.rmtree(place.snapshots)
        expected, _ = told(place, NEVER)
        place.snapshots.mkdir(mode=0o700)
        newest = max(good)
        figures["bytes"] = len(good[newest])
        every = range(len(good[newest]))
        picked = bench.random("bytes").sample(every, QUICK) if bench.quick else every
        for what, data in changes(good[newest], sorted(picked)):
            both = figures["starts"] % 3 == 0
            for path, whole in good.items():
                path.write_bytes(whole)
            for path in good if both else [newest]:
                path.write_bytes(data)
            answers, remarks = told(place, NEVER)
            figures["starts"] += 1
            figures["found"] += len(remarks) == 1 + both
            figures["equal answers"] += answers == expected
            if len(remarks) != 1 + both or answers != expected:
                misses.append(f"{what}, {'both' if both else 'the newest'}: {remarks}")
            bench.say(figures["starts"], 2 * len(picked))
    return Outcome(figures={**figures}, misses=misses)


ROWS: tuple[Row, ...] = (
    Row(
        family="snapshots",
        name="snapshot-damaged",
        fault="a snapshot, or both, flips or ends at any byte",
        mark="every byte: found, and the same answers as a replay of the whole log",
        run=damaged,
    ),
)
