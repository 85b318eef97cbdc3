"""Logs, the engines on them, and what these know: for tests of snapshots."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from lokid import clock
from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import Fact, Recorded
from lokid.log import Log
from lokid.paths import Workspace
from lokid.sources import SOURCES
from projections import build

NOW = "2026-03-02T12:00:00.000Z"
OFTEN = Settings(snapshot_close_events=1, segment_bytes=20_000)
"""A snapshot at each close, in a log of several segments."""


def place_at(folder: Path) -> Workspace:
    """A workspace whose state lies beside it."""
    return Workspace(root=folder / "root", state=folder / "state", id="shop")


def append(place: Workspace, facts: Iterable[Recorded]) -> None:
    """Put facts into a log as they are, without an engine."""
    log = Log.open(place.log, segment_bytes=OFTEN.segment_bytes)
    kept = [
        (
            one.id,
            Fact(event=one.event, identity=(one.id,), src=one.src, time=one.time),
        )
        for one in facts
        if one.event is not None
    ]
    log.append(kept, clock.now())
    log.close()


@contextmanager
def opened(
    place: Workspace, remarks: list[str] | None = None, settings: Settings = OFTEN
) -> Iterator[Engine]:
    """An open engine with all read models; ``remarks`` takes what it remarks."""
    heard: list[str] = [] if remarks is None else remarks
    engine = Engine(place, settings, SOURCES, build, remark=heard.append)
    engine.open()
    try:
        yield engine
    finally:
        engine.close()


def answers(engine: Engine) -> bytes:
    """What every read model answers, byte by byte."""
    names = [view.name for view in build()]
    asked: list[tuple[str, dict[str, str]]] = [(name, {}) for name in names]
    asked += [("failures", {"all": "1"}), ("explain", {"about": str(engine.seq)})]
    told = [engine.query(name, {**params, "now": NOW}) for name, params in asked]
    return msgspec.json.encode(told)


def told(place: Workspace, remarks: list[str] | None = None) -> tuple[bytes, Any]:
    """What an engine that is opened now answers, and what its index knows."""
    with opened(place, remarks) as engine:
        assert engine.keeper is not None
        return answers(engine), index_of(engine)


def told_from_zero(place: Workspace, folder: Path) -> tuple[bytes, Any]:
    """The same from the log alone: from a copy that has no snapshot."""
    copy = place_at(folder)
    shutil.rmtree(copy.state, ignore_errors=True)
    copy.state.mkdir(parents=True)
    shutil.copytree(place.log, copy.log)
    return told(copy)


def index_of(engine: Engine) -> Any:
    """All that keeps facts from being appended twice, and the counts of status."""
    intake, views = engine._intake, engine._memory.views  # noqa: SLF001  no door shows them
    assert intake is not None
    known = dict(vars(intake.scanner._index))  # noqa: SLF001  as above
    return known, views.repaired, views.rejected, views.position()


def snapshots(place: Workspace) -> list[Path]:
    """The snapshots that lie there, oldest first."""
    return sorted(place.snapshots.glob("*.msgpack"))


def made(place: Workspace) -> bytes:
    """The bytes of the newest snapshot."""
    return snapshots(place)[-1].read_bytes()


def seqs(paths: Sequence[Path]) -> list[int]:
    """The positions of snapshots, by their names."""
    return [int(path.name[5:25]) for path in paths]
