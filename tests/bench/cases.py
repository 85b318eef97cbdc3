"""What is measured: each case with the bare work that stands beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cli.simulator import demo_history, simulate
from lokid import clock, sources
from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import CrashObserved, Fact, IterationCompleted, IterationStarted
from lokid.log import Log, LogReader, event_id
from lokid.paths import Workspace
from measuring import Case, Work
from projections import build

LOKICTL = Path(sys.executable).with_name("lokictl")
APPENDS = 40
HISTORY = 12_000
FILES = 200
DAY = clock.to_seconds("2026-03-01T00:00:00.000Z")


@contextmanager
def starts(folder: Path, environ: dict[str, str]) -> Iterator[list[Case]]:
    """Prepare `lokictl context` as a process, beside the start of Python."""

    def process(*command: object) -> Work:
        argv = [str(part) for part in command]
        return lambda: subprocess.run(
            argv, env=environ, cwd=folder, check=True, capture_output=True
        )

    bare = process(sys.executable, "-c", "pass")
    asks: list[tuple[str, Work]] = []
    for name in ("with a daemon", "without a daemon", "without, an empty workspace"):
        root = folder / name.replace(" ", "-")
        root.mkdir()
        if "empty" not in name:
            simulate(demo_history(), root)
        ask = process(LOKICTL, "-C", root, "context")
        asks.append((name, ask))
    watched = folder / "with-a-daemon"
    process(LOKICTL, "-C", watched, "up")()
    try:
        for name, ask in asks:
            ran = ask()
            assert isinstance(ran, subprocess.CompletedProcess)
            if (b"PAST FAILURES" in ran.stdout) == ("empty" in name) or ran.stderr:
                sys.exit(f"lokictl context {name} answered {ran.stdout + ran.stderr!r}")
        yield [
            Case(f"lokictl context {name}", ask, "python -c pass", bare)
            for name, ask in asks
        ]
    finally:
        process(LOKICTL, "-C", watched, "down")()


@contextmanager
def appends(folder: Path) -> Iterator[list[Case]]:
    """Prepare durable appends of one event each, beside write and fdatasync."""
    log = Log.open(folder / "log")
    numbers = iter(range(1_000_000_000))

    def append() -> None:
        for _ in range(APPENDS):
            fact = crash(next(numbers))
            log.append([(event_id(fact.identity), fact)], clock.now())
            log.sync()

    append()
    size = log.bytes // log.seq
    line = b"x" * (size - 1) + b"\n"
    file = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def bare() -> None:
        for _ in range(APPENDS):
            os.write(file, line)
            os.fdatasync(file)

    try:
        name = f"one durable append ({size} bytes)"
        yield [Case(name, append, "write, fdatasync", bare, APPENDS)]
    finally:
        os.close(file)
        log.close()


def replays(folder: Path) -> list[Case]:
    """Prepare reading a log from its start, beside decoding its lines."""
    log = Log.open(folder / "log")
    facts = list(history(HISTORY))
    keyed = [(event_id(fact.identity), fact) for fact in facts]
    for at in range(0, len(keyed), 1000):
        log.append(keyed[at : at + 1000], clock.now())
    log.close()
    lines = [
        line
        for segment in sorted((folder / "log").glob("*.ndjson"))
        for line in segment.read_bytes().splitlines()
    ]
    decode = msgspec.json.Decoder().decode

    def bare() -> None:
        for line in lines:
            decode(line)

    def read() -> None:
        for _ in LogReader(folder / "log").read():
            pass

    def fold() -> None:
        views = build()
        for recorded in LogReader(folder / "log").read():
            for view in views:
                view.apply(recorded)
        for view in views:
            view.query({}, "2026-03-09T00:00:00.000Z")

    beside = ("decoding the lines", bare, len(lines))
    return [
        Case("replay: verify and decode", read, *beside),
        Case("replay: and fold, and answer all", fold, *beside),
    ]


@contextmanager
def barriers(workspace: Workspace) -> Iterator[list[Case]]:
    """Prepare a scan that finds nothing new, beside looking at the files."""
    folder = workspace.loki / "crash"
    folder.mkdir(parents=True)
    for number in range(FILES):
        body = {
            "error_class": "IterationError",
            "stack_signature": ["load", f"parse_{number}"],
            "exit_code": 1,
            "captured_at": clock.from_seconds(DAY + number),
        }
        (folder / f"{number:012x}-{number}.json").write_text(json.dumps(body))
    engine = Engine(workspace, Settings(), sources.SOURCES, build)
    engine.open()

    def bare() -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                os.lstat(entry.path)

    try:
        first = engine.scan()
        time.sleep(0.05)  # past the tick in which a file may still change
        if first.appended < FILES or engine.scan().appended or engine.scan().pending:
            sys.exit(f"the scan took in {first.appended} of {FILES} files")
        name = f"barrier over {FILES} unchanged files"
        yield [Case(name, engine.scan, "names and lstat", bare)]
    finally:
        engine.close()


def crash(number: int) -> Fact:
    """Make the fact of a crash file, another for each number."""
    event = CrashObserved(
        error_class="IterationError",
        signature=("load", f"parse_{number % 50}", "main"),
        fingerprint=f"{number % 50:012x}",
        phase="ACT",
        exit_code=1,
    )
    time_of_it = clock.from_seconds(DAY + number)
    return Fact(event=event, identity=("crash", number), time=time_of_it)


def history(count: int) -> Iterator[Fact]:
    """Make events of iterations that all fail: start, end, crash."""
    for number in range(count // 3):
        begun = clock.from_seconds(DAY + 30 * number)
        ended = clock.from_seconds(DAY + 30 * number + 20)
        iteration = number + 1
        yield Fact(
            event=IterationStarted(iteration=iteration),
            identity=("start", number),
            time=begun,
        )
        yield Fact(
            event=IterationCompleted(iteration=iteration, status="failed", exit_code=1),
            identity=("end", number),
            time=ended,
        )
        fact = crash(number)
        yield msgspec.structs.replace(fact, time=ended)
