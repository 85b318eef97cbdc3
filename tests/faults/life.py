"""The life that is put under faults: an engine that scans, records and closes.

Real everything: sources, projections, log.  `live` tells an acknowledgement for
each statement when the engine has returned; `account` opens the log again
without a fault and counts what of it is there.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from forks import Tell
from lokid.config import Settings
from lokid.engine import Engine
from lokid.errors import DiskFull, LokidError
from lokid.events import Fact, LessonMuted
from lokid.log import LogReader, event_id, verify
from lokid.paths import Workspace
from lokid.sources import SOURCES
from projections import build

SEGMENT = 2048
"""Bytes of a segment: half a dozen lines, so that every life seals some."""
TRIES = 3
"""How often a statement is said again to a full disk."""


def workspace(folder: Path) -> Workspace:
    """A workspace with its state beside it, both below ``folder``."""
    return Workspace(root=folder / "work", state=folder / "state" / "lokid", id="w")


def write_crash(place: Workspace, number: int, value: object) -> None:
    """Write a crash file as the harness does; ``value`` makes its content."""
    folder = place.loki / "crash"
    folder.mkdir(parents=True, exist_ok=True)
    body = {
        "error_class": "IterationError",
        "stack_signature": ["load", f"parse_{value}"],
        "rarv_phase": "ACT",
        "exit_code": 1,
        "fingerprint": f"{number:064x}",
        "captured_at": "2026-03-01T10:01:31Z",
    }
    name = f"{number:064x}-1772359291.json"
    (folder / name).write_text(json.dumps(body, indent=2), encoding="utf-8")


def statement(name: str) -> Fact:
    """What a person says, told apart by its name."""
    return Fact(event=LessonMuted(lesson="L1", recipe=1), identity=("said", name))


def live(place: Workspace, names: Sequence[str], tell: Tell) -> int:
    """Open, scan, record each name durably, scan again, close; gives an exit code.

    A full disk is met as a client would: say it again, and give up after a few.
    """
    engine = Engine(place, Settings(segment_bytes=SEGMENT), SOURCES, build)
    try:
        engine.open()
        try:
            engine.scan()
            half = len(names) // 2
            for name in names[:half]:
                _record(engine, name, tell)
            engine.save_hints()  # as a daemon does every minute
            for name in names[half:]:
                _record(engine, name, tell)
            engine.scan()
        finally:
            engine.close()
    except LokidError as error:
        tell(f"error\t{type(error).__name__}\t{error.message}")
        return error.exit_code
    return 0


def _record(engine: Engine, name: str, tell: Tell) -> None:
    for left in reversed(range(TRIES)):
        try:
            engine.record([statement(name)], durable=True)
        except DiskFull:
            if not left:
                raise
        else:
            tell(f"ack\t{name}")
            return


def account(place: Workspace, acknowledged: Iterable[str]) -> dict[str, int | str]:
    """Open and scan once more without a fault, close, and count.

    ``lost``: acknowledged statements and files on disk whose fact is not in the
    log; ``doubled``: ids that are there more than once; ``damaged``: what verify
    complains of, and breaks that the log itself tells of; ``bad`` says which.
    """
    engine = Engine(place, Settings(segment_bytes=SEGMENT), SOURCES, build)
    engine.open()
    complete = engine.scan().complete
    engine.close()
    recorded = list(LogReader(place.log).read())
    ids = Counter(one.id for one in recorded)
    files = Counter((one.src.path, one.src.sha256) for one in recorded)
    lost = [
        name for name in acknowledged if not ids[event_id(statement(name).identity)]
    ]
    lost += [
        file.name
        for file in sorted(place.loki.glob("crash/*.json"))
        if files[_place_of(file)] != 1
    ]
    doubled = [key for key, count in ids.items() if count > 1]
    doubled += [str(key) for key, count in files.items() if key[1] and count > 1]
    report = verify(place.log)
    damaged = [f"{one.segment}@{one.offset}: {one.reason}" for one in report.problems]
    damaged += [one.type for one in recorded if one.type == "log.gap_found"]
    damaged += ["torn"] * report.torn + ["not complete"] * (not complete)
    card = json.loads((place.state / "workspace.json").read_bytes())
    damaged += ["workspace.json"] * (not card["id"])
    return {
        "events": len(recorded),
        "repaired": sum(one.type == "log.repaired" for one in recorded),
        "lost": len(lost),
        "doubled": len(doubled),
        "damaged": len(damaged),
        "bad": "; ".join([*lost[:3], *doubled[:3], *damaged[:3]]),
    }


def _place_of(file: Path) -> tuple[str, str]:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"crash/{file.name}", digest
