"""The writers that get their disk cut: a child that forks one per order.

Reads an `Order` per line (JSON), forks, and lets the fork work until it is killed
or done.  What is acknowledged is told on stdout, a line each, only after it is
durable.  One start pays for hundreds of writers, and each begins with an open of
the log as it lies.

    held     what the log holds right after the open, before anything is done
    acked    statements up to this number are on the disk, says the log
    seen     source files up to this number are in the log and on the disk
    ended    the writer is gone: exit code, negative for a signal
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from lokid import clock
from lokid.config import Settings
from lokid.engine import Engine
from lokid.errors import LokidError
from lokid.events import Fact, LessonMuted, Recorded
from lokid.log import Log, LogReader, event_id
from lokid.paths import Workspace
from lokid.sources import SOURCES
from projections import build


class Order(msgspec.Struct, kw_only=True):
    """What one writer is to do in the state directory ``state``.

    ``kind`` log: statements in batches up to ``most`` lines; engine: statements,
    source files below ``root``, hints and snapshots.  ``rounds`` 0: it only opens,
    -1: it never ends.
    """

    kind: str
    state: str
    root: str = ""
    seed: int = 0
    most: int = 20
    segment: int = 16_384
    rounds: int = -1


def statement(number: int) -> Fact:
    """What a person said, told apart by its number."""
    event = LessonMuted(lesson=f"L{number:08x}", recipe=2, sightings=number % 99)
    return Fact(event=event, identity=("said", number))


def number_of(recorded: Recorded) -> int | None:
    """The number of a statement or of a source file; None for all else."""
    if isinstance(recorded.event, LessonMuted):
        return int(recorded.event.lesson[1:], 16)
    if recorded.type == "crash.observed" and recorded.src.path:
        return int(recorded.src.path.rpartition("-")[2].removesuffix(".json"))
    return None


def tell(**what: Any) -> None:
    """One line for the rig, in one write (a short one, so that none parts it)."""
    os.write(1, msgspec.json.encode(what) + b"\n")


def tell_held(log: Iterable[Recorded], **more: Any) -> tuple[int, int]:
    """Tell what a log holds; the highest number of each kind."""
    said: Counter[int] = Counter()
    seen: Counter[int] = Counter()
    for recorded in log:
        number = number_of(recorded)
        if number is not None:
            kind = said if isinstance(recorded.event, LessonMuted) else seen
            kind[number] += 1
    doubled = [n for kind in (said, seen) for n, count in kind.items() if count > 1]
    tell(held=_ranges(said), files=_ranges(seen), doubled=doubled[:20], **more)
    return max(said, default=0), max(seen, default=0)


def _ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Sorted numbers as [first, last] of each dense stretch: a short line."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def crash_file(loki: Path, number: int) -> int:
    """A source file as the harness writes one; its number."""
    folder = loki / "crash"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number:016x}-{number}.json").write_text(
        json.dumps(
            {
                "error_class": "IterationError",
                "stack_signature": ["load", "parse"],
                "rarv_phase": "ACT",
                "exit_code": 1,
                "friction_kind": None,
                "fingerprint": f"{number:064x}",
                "captured_at": "2026-03-01T10:01:31Z",
                "rules_version": "1.0",
                "redactions_count": 0,
            }
        )
    )
    return number


def write_log(order: Order) -> None:
    """Batches of statements through the bare log."""
    chance = random.Random(order.seed)  # noqa: S311  chooses sizes, no secrets
    log = Log.open(Path(order.state) / "log", segment_bytes=order.segment)
    number, _ = tell_held(log.read(), damages=len(log.damages))
    rounds = order.rounds
    while rounds:
        rounds -= 1
        last = number + chance.randint(1, order.most)
        facts = [statement(n) for n in range(number + 1, last + 1)]
        log.append([(event_id(one.identity), one) for one in facts], clock.now())
        number = last
        if chance.random() < 0.8:
            log.sync()
            tell(acked=number)
    log.close()


def write_engine(order: Order) -> None:
    """Statements, source files and hints through the engine."""
    chance = random.Random(order.seed)  # noqa: S311  chooses deeds, no secrets
    workspace = Workspace(root=Path(order.root), state=Path(order.state), id="cut")
    settings = Settings(segment_bytes=order.segment, snapshot_close_events=1)
    engine = Engine(workspace, settings, SOURCES, build)
    engine.open()
    said, _ = tell_held(LogReader(workspace.log).read())
    # A client that does not know whether its words arrived says them again.
    engine.record(
        [statement(n) for n in range(max(1, said - 20), said + 2)], durable=True
    )
    engine.scan()
    engine.sync()
    said, seen = tell_held(LogReader(workspace.log).read(), scanned=True)
    rounds = order.rounds
    while rounds:
        rounds -= 1
        deed = chance.choice(("say", "say", "say", "see", "see", "hint", "snapshot"))
        if deed == "say":
            last = said + chance.randint(1, order.most)
            facts = [statement(n) for n in range(said + 1, last + 1)]
            engine.record(facts, durable=True)
            said = last
            tell(acked=said)
        elif deed == "see":
            seen = crash_file(workspace.loki, seen + 1)
            engine.scan()
            engine.sync()
            tell(seen=seen)
        elif deed == "hint":
            engine.save_hints()
        elif engine.keeper is not None:
            engine.keeper.keep(engine.keeper.take())
    engine.close()


KINDS = {"log": write_log, "engine": write_engine}


def work(order: Order) -> int:
    """Carry out an order; the exit code that the product gives its error."""
    try:
        KINDS[order.kind](order)
    except LokidError as error:
        tell(error=type(error).__name__, message=error.message)
        return error.exit_code
    return 0


def main() -> None:
    """Fork a writer per order until stdin ends."""
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        pid = os.fork()
        if not pid:
            tell(pid=os.getpid())
            os._exit(work(order))
        _, status = os.waitpid(pid, 0)
        os.write(1, b"\n")  # a killed writer may leave half a line
        tell(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
