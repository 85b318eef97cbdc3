"""What a start costs: from the whole log, and from a snapshot."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from cases import HISTORY, history
from lokid import clock, sources
from lokid.config import Settings
from lokid.engine import Engine
from lokid.log import Log, event_id
from lokid.paths import Workspace
from measuring import Case
from projections import build

NEVER = Settings(snapshot_close_events=10_000_000)


def openings(folder: Path) -> list[Case]:
    """Prepare starts of an engine on a long log, beside decoding its lines."""
    place = Workspace(root=folder, state=folder / "state", id="bench")
    log = Log.open(place.log)
    keyed = [(event_id(fact.identity), fact) for fact in history(HISTORY)]
    for at in range(0, len(keyed), 1000):
        log.append(keyed[at : at + 1000], clock.now())
    log.close()
    lines = [
        line
        for segment in sorted(place.log.glob("*.ndjson"))
        for line in segment.read_bytes().splitlines()
    ]
    decode = msgspec.json.Decoder().decode

    def bare() -> None:
        for line in lines:
            decode(line)

    def start() -> None:
        _opened(place).close()

    _keep(place)
    aside = place.snapshots.with_name("aside")

    def start_from_zero() -> None:
        place.snapshots.rename(aside)
        try:
            start()
        finally:
            aside.rename(place.snapshots)

    beside = ("decoding the lines", bare, len(lines))
    return [
        Case("start from the whole log, an event", start_from_zero, *beside),
        Case("start from a snapshot, an event", start, *beside),
    ]


def _opened(place: Workspace) -> Engine:
    engine = Engine(place, NEVER, sources.SOURCES, build, remark=sys.exit)
    engine.open()
    return engine


def _keep(place: Workspace) -> None:
    engine = _opened(place)
    if engine.keeper is None:
        sys.exit("the engine did not open")
    engine.keeper.keep(engine.keeper.take())
    engine.close()
