"""Answers on half of what lies there, and on no time at all."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from cli.ask import query
from cli.simulator import Options, simulate
from live import random_history
from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import ContextServed
from lokid.ingest.outcome import Scan
from lokid.memory import UNREAD, Freshness
from lokid.paths import Workspace, find_workspace
from lokid.sources import SOURCES
from projections import build
from rig import engine_on, failing_run, put, recorded

NOW = "2026-03-01T10:30:00.000Z"
HALF = Scan(complete=False, pending=(), appended=0, seconds=0.0)


@pytest.fixture(scope="module")
def big_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of 300 iterations that nobody has read yet."""
    root = tmp_path_factory.mktemp("big")
    simulate(random_history(5, 300), root, Options(harness=7, noise=False))
    return root


def weak_of(engine: Engine) -> set[str]:
    """The lessons that name no cause."""
    rows = engine.query("lessons", {})["lessons"]
    return {row["lesson"] for row in rows if row["weak"]}


def test_no_weak_line_before_all_is_read(big_tree: Path) -> None:
    """Asked with 100 ms again and again, and a little more where that is too little."""
    place = find_workspace(str(big_tree), os.environ)
    deadline, partial = 100.0, 0
    while True:
        asked = {"record": "1"}
        answer = query(place, "context", asked, int(deadline))
        if not answer["stale"]:
            break
        partial += 1
        lessons = {one["lesson"] for one in answer["lines"]}
        with engine_as_it_stands(place) as engine:
            assert not lessons & weak_of(engine)
        assert [] == recorded(place, ContextServed.TYPE)
        deadline *= 1.1
    assert partial


class engine_as_it_stands:  # noqa: N801  used as a function
    """An engine that only reads the log."""

    def __init__(self, place: Workspace) -> None:
        """Of this workspace."""
        self._engine = Engine(place, Settings(), SOURCES, build)

    def __enter__(self) -> Engine:
        self._engine.open_read_only("")
        return self._engine

    def __exit__(self, *_: object) -> None:
        self._engine.close()


def told(engine: Engine, done: Scan | str) -> dict[str, Any]:
    """A block on this scan, as it is recorded when it was served."""
    return engine.query("context", {"now": NOW, "record": "1"}, done)


def test_a_constant_is_no_line_while_the_scan_is_incomplete(
    workspace: Workspace,
) -> None:
    """Its log may lie unread; nor is it counted among what found no room."""
    put(workspace, "events.jsonl", failing_run(5))
    with engine_on(workspace) as engine:
        whole = told(engine, engine.scan())
        assert {"recent"} == {one["kind"] for one in whole["lines"]}
        answer = told(engine, HALF)
        assert ("", [], 0) == tuple(
            answer[key] for key in ("text", "lines", "left_out")
        )
        assert answer["stale"]


def test_a_scan_that_is_late_takes_no_line_away(workspace: Workspace) -> None:
    """Unless nothing was ever read to its end: then a constant may be a fiction."""
    put(workspace, "events.jsonl", failing_run(5))
    with engine_on(workspace) as engine:
        whole = told(engine, engine.scan())["text"]
        assert whole == told(engine, "deadline")["text"]
    with engine_on(workspace) as engine:
        assert "" == told(engine, "deadline")["text"]
        engine.scan(0.0)
        assert "" == told(engine, "deadline")["text"]


def test_a_named_cause_stays(workspace: Workspace) -> None:
    """It was read; that more may be unread makes it no less true."""
    put(workspace, "events.jsonl", failing_run())
    put(
        workspace,
        "crash/a.json",
        {
            "error_class": "KeyError",
            "stack_signature": ["load"],
            "exit_code": 1,
            "fingerprint": "ab" * 32,
            "captured_at": "2026-03-01T10:01:31Z",
        },
    )
    with engine_on(workspace) as engine:
        whole = told(engine, engine.scan())["text"]
        assert "KeyError" in whole
        assert whole == told(engine, HALF)["text"]


def test_what_stands_on_half_is_recorded_nowhere(workspace: Workspace) -> None:
    """Only the whole answer counts as served."""
    put(workspace, "events.jsonl", failing_run())
    with engine_on(workspace) as engine:
        assert engine.tell("context", {"record": "1"}, "deadline")[1] is None
        done = engine.scan()
        assert engine.tell("context", {"record": "1"}, HALF)[1] is None
        for scan in (done, "deadline"):
            assert engine.tell("context", {"record": "1"}, scan)[1] is not None


UNSEEN = Scan(complete=True, pending=(), unreadable=("a",), appended=0, seconds=0)
TORN = Scan(complete=True, pending=("a",), appended=0, seconds=0)


@pytest.mark.parametrize(
    ("trouble", "done", "behind", "wanted"),
    [
        (None, None, True, Freshness()),
        ("lock held", None, True, Freshness(True, "lock held", True)),  # noqa: FBT003
        (None, "deadline", True, Freshness(True, "deadline", True)),  # noqa: FBT003
        (None, "deadline", False, Freshness(True, "deadline")),  # noqa: FBT003
        (None, HALF, True, Freshness(True, "deadline", True)),  # noqa: FBT003
        (None, UNSEEN, False, Freshness(True, "may not read: a")),  # noqa: FBT003
        (None, TORN, False, Freshness(False, "being written: a")),  # noqa: FBT003
    ],
)
def test_freshness_is_settled_in_one_place(
    trouble: str | None,
    done: Scan | str | None,
    behind: bool,  # noqa: FBT001
    wanted: Freshness,
) -> None:
    """What was read a moment ago, or may not be read at all, takes no line away."""
    assert wanted == Freshness.of(trouble, done, behind=behind)


# -- no time ---------------------------------------------------------------------


def test_a_history_that_takes_too_long_is_not_told_from(workspace: Workspace) -> None:
    """Empty and stale, with the reason, of every read model; nothing is written."""
    put(workspace, "events.jsonl", failing_run(5))
    with engine_on(workspace) as engine:
        engine.scan()
    seq = recorded(workspace)[-1].seq
    late = Engine(workspace, Settings(), SOURCES, build)
    late.open(ends=time.monotonic())
    try:
        block = late.query("context", {"record": "1"}, late.scan(0.0))
        failures = late.query("failures", {}, late.scan(0.0))
    finally:
        late.close()
    for answer in (block, failures):
        assert (0, True, UNREAD) == tuple(
            answer[key] for key in ("as_of_seq", "stale", "reason")
        )
    assert ("", []) == (block["text"], failures["failures"])
    assert seq == recorded(workspace)[-1].seq


def test_a_join_that_takes_too_long_is_left_alone(workspace: Workspace) -> None:
    """The deadline came between the replay and the answer."""
    from threading import Event

    from house import SOURCES as ONE
    from house import Block, crash

    class Slow(Block):
        """Does not come back before it is let go, once it has heard of a crash."""

        go = Event()

        def query(self, params: Any, now: str) -> dict[str, Any]:
            """Wait."""
            if self.seen:
                self.go.wait(20)
            return super().query(params, now)

    crash(workspace, "KeyError")
    engine = Engine(workspace, Settings(), ONE, lambda: (Slow(),))
    engine.open(ends=time.monotonic() + 0.2)
    try:
        answer = engine.query("context", {"record": "1"}, engine.scan())
    finally:
        engine.close()
        Slow.go.set()
    assert ("", True, UNREAD) == tuple(
        answer[key] for key in ("text", "stale", "reason")
    )
    assert [] == recorded(workspace, ContextServed.TYPE)
