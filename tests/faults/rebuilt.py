"""The law of rebuilding: however a state was come to, it gives the same bytes.

A history is written into a log in two parts, with a life of an engine in between,
so that there is a snapshot somewhere on the way.  Then all questions are asked
four times: after a replay of the whole log, after it was opened once more, from a
snapshot at its end, and from the one on the way with the lines behind it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from facts import NOW
from log_model import MEMORY
from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import Fact, Recorded
from lokid.log import Log
from lokid.paths import Workspace, find_workspace
from projections import build
from story_strategy import stories

NAMES = ("failures", "lessons", "council", "iterations", "gates", "context")
PARAMS = {"all": "1", "mark": "1", "goal": "parse the user", "now": NOW}
SETTINGS = Settings(snapshot_close_events=1)
"""Every life leaves a snapshot."""


def rebuild(told: Callable[[], None]) -> Callable[[], None]:
    """The law, as a property; ``told`` hears of each history."""

    @given(stories, st.floats(0, 1))
    def law(facts: list[Recorded], part: float) -> None:
        told()
        with tempfile.TemporaryDirectory(dir=MEMORY) as made:
            _hold(Path(made), facts, round(part * len(facts)))

    return law


def _hold(folder: Path, facts: Sequence[Recorded], at: int) -> None:
    root = folder / "work"
    root.mkdir()
    place = find_workspace(str(root), {"LOKID_STATE_DIR": str(folder / "state")})
    _append(place, facts[:at])
    _answers(place)
    early = folder / "early"
    _swap(place.snapshots, early)
    assert at == 0 or list(early.iterdir()), "no snapshot on the way"
    _append(place, facts[at:])
    behind = _answers(place)
    newest = _answers(place)
    shutil.rmtree(place.snapshots, ignore_errors=True)
    replayed = _answers(place)
    _swap(early, place.snapshots)
    again = _answers(place)
    assert replayed == behind, "from a snapshot and what lies behind it"
    assert replayed == newest, "from a snapshot of all"
    assert replayed == again, "from an older snapshot"


def _swap(source: Path, target: Path) -> None:
    """Let a folder hold what another one holds, if that is there."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in source.iterdir() if source.is_dir() else ():
        shutil.copy(file, target)


def _append(place: Workspace, facts: Sequence[Recorded]) -> None:
    place.create()
    log = Log.open(place.log)
    for one in facts:
        assert one.event is not None
        fact = Fact(event=one.event, identity=(one.id,), time=one.time, src=one.src)
        log.append([(one.id, fact)], one.at)
    log.close()


def _answers(place: Workspace) -> bytes:
    """What a new engine says to every question."""
    engine = Engine(place, SETTINGS, (), build)
    engine.open()
    try:
        told = {name: engine.query(name, PARAMS) for name in NAMES}
    finally:
        engine.close()
    return msgspec.json.encode(told)
