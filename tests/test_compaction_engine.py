"""An engine that compacts: memory shrinks, nothing doubles, the past says so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.simulator import demo_history, simulate
from lokid.clock import stamp
from lokid.config import Settings
from lokid.engine import Engine
from lokid.errors import UsageError
from lokid.events import LogCompacted, LogIdsCarried
from lokid.log import verify
from lokid.paths import Workspace
from rig import crash, engine_on, event_line, put, recorded

SMALL = Settings(segment_bytes=16384, retention_bytes=98304)
KEPT = ("lesson", "key", "count", "runs", "first_seen", "last_seen", "state", "heads")


def lessons(engine: Engine) -> list[dict[str, Any]]:
    """What is told of each lesson that a compaction must keep."""
    rows = engine.query("lessons", {})["lessons"]
    told = [{name: row[name] for name in KEPT} for row in rows]
    return sorted(told, key=lambda row: str(row["lesson"]))


def long_history(workspace: Workspace, runs: int = 40) -> None:
    """A demo, and before it many runs whose iterations fail in a few ways."""
    simulate(demo_history(), workspace.root)
    lines, begin = [], datetime(2025, 11, 1, tzinfo=UTC)
    for run in range(runs):
        at = begin + timedelta(hours=3 * run)
        lines.append(event_line(stamp(at), "session_start", pid=run + 1))
        for n in range(1, 9):
            at += timedelta(minutes=1)
            code = (0, 1, 2, 0, 127, 0, 0, 0)[n - 1]
            lines.append(event_line(stamp(at), "iteration_start", iteration=n))
            at += timedelta(minutes=1)
            lines.append(
                event_line(
                    stamp(at),
                    "iteration_complete",
                    iteration=n,
                    status="failed" if code else "completed",
                    exitCode=code,
                )
            )
    demo = workspace.loki / "events.jsonl"
    demo.write_text("".join(lines) + demo.read_text())


def compact(engine: Engine) -> dict[str, object]:
    """Compact now; what was done."""
    assert engine.compaction is not None
    plan = engine.compaction.run()
    assert plan is not None
    return plan.told()


def test_lessons_live_on_and_the_log_gets_small(workspace: Workspace) -> None:
    """The bound is kept, the log verifies, every lesson has its record."""
    long_history(workspace)
    with engine_on(workspace, settings=SMALL) as engine:
        engine.scan()
        before, size = lessons(engine), engine.status()["log"]
        told = compact(engine)
        assert before == lessons(engine)
        assert engine.status()["log"] != size
    report = verify(workspace.log)
    assert not report.problems
    assert told["bytes_before"] > report.bytes  # type: ignore[operator]
    assert 1 == len(recorded(workspace, LogCompacted.TYPE))
    with engine_on(workspace, settings=SMALL) as engine:
        assert before == lessons(engine)


def test_nothing_is_read_twice_and_what_is_new_is_read(workspace: Workspace) -> None:
    """A whole reading of the same tree appends nothing; a new file is taken."""
    long_history(workspace)
    put(workspace, "crash/torn.json", '{"broken')
    with engine_on(workspace, settings=SMALL) as engine:
        engine.scan()
        compact(engine)
        before = lessons(engine)
        assert 0 == engine.scan().appended
    (workspace.cache / "seen").unlink()
    with engine_on(workspace, settings=SMALL) as engine:
        assert 0 == engine.scan().appended
        assert before == lessons(engine)
        put(workspace, "crash/new.json", crash("cd" * 32))
        assert 1 == engine.scan().appended
    assert recorded(workspace, LogIdsCarried.TYPE)


@pytest.mark.parametrize("gone", ["crash", ".", "events.jsonl"])
def test_what_cannot_be_read_meanwhile_is_not_counted_again(
    workspace: Workspace, gone: str
) -> None:
    """Away, or rotated without a successor, while the log is compacted."""
    long_history(workspace)
    path = workspace.loki / gone if gone != "." else workspace.loki
    away = path.with_name(path.name + ".1")
    with engine_on(workspace, settings=SMALL) as engine:
        engine.scan()
        before = lessons(engine)
        path.rename(away)
        compact(engine)
        assert before == lessons(engine)
        away.rename(path)
    (workspace.cache / "seen").unlink()
    with engine_on(workspace, settings=SMALL) as engine:
        engine.scan()
        assert before == lessons(engine)


def test_it_can_be_done_again(workspace: Workspace) -> None:
    """Summaries of summaries tell the same lessons."""
    long_history(workspace)
    with engine_on(workspace, settings=SMALL) as engine:
        engine.scan()
        before = lessons(engine)
        first = compact(engine)
        for nth in range(100):
            put(workspace, f"crash/{nth}.json", crash(f"{nth:02x}" * 32))
        engine.scan()
        grown = lessons(engine)
        second = compact(engine)
        assert grown == lessons(engine)
        assert {row["lesson"] for row in before} <= {row["lesson"] for row in grown}
    assert first["until_seq"] < second["until_seq"]  # type: ignore[operator]
    assert not verify(workspace.log).problems


def test_the_past_begins_where_the_log_begins(workspace: Workspace) -> None:
    """A question about a compacted position says so."""
    long_history(workspace)
    with engine_on(workspace, settings=SMALL) as engine:
        engine.scan()
        until = compact(engine)["until_seq"]
        assert isinstance(until, int)
        for as_of in (str(until - 1), "1", "2001-01-01T00:00:00Z"):
            with pytest.raises(UsageError, match="compacted"):
                engine.query("lessons", {"as_of": as_of})
        assert engine.query("lessons", {"as_of": str(until)})["lessons"]


def test_an_explanation_says_what_was_compacted(workspace: Workspace) -> None:
    """A lesson's dossier tells its summaries, a lost event is said to be compacted."""
    long_history(workspace)
    with engine_on(workspace, settings=SMALL) as engine:
        engine.scan()
        compact(engine)
        for row in engine.query("lessons", {})["lessons"]:
            told = engine.query("explain", {"about": row["lesson"]})
            count = sum(one["stands_for"] for one in told["lessons"][0]["sightings"])
            assert row["count"] == count
        with pytest.raises(UsageError, match="compacted"):
            engine.query("explain", {"about": "seq=1"})
        assert engine.query("failures", {})["compacted"]


STEPS = ("open", "write", "fsync", "fdatasync", "rename", "replace", "unlink")
"""Calls at which a compaction may be cut off; each is a step."""
CUT_OFF = 9


def cut_off(workspace: Workspace, nth: int) -> int:
    """Compact in a process that dies right before its ``nth`` step; its end."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        with engine_on(workspace, settings=SMALL) as engine:
            assert engine.compaction is not None
            plan = engine.compaction.plan()
            assert plan is not None
            _die_at(nth)
            engine.compaction.replace(plan)
            os._exit(0)
    finally:
        os._exit(1)


def _die_at(nth: int) -> None:
    left = nth

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                os._exit(CUT_OFF)
            return step(*args, **more)

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


@pytest.mark.fault
def test_a_crash_leaves_the_old_log_or_the_new(workspace: Workspace) -> None:
    """Killed before each step of the write: nothing is lost, nothing doubles."""
    long_history(workspace)
    with engine_on(workspace, settings=SMALL) as engine:
        engine.scan()
        before = lessons(engine)
    kept, ends = workspace.state.with_name("kept"), set()
    shutil.copytree(workspace.state, kept)
    nth, code = 0, CUT_OFF
    while code == CUT_OFF:
        nth += 1
        shutil.rmtree(workspace.state)
        shutil.copytree(kept, workspace.state)
        code = cut_off(workspace, nth)
        assert not verify(workspace.log).problems
        with engine_on(workspace, settings=SMALL) as engine:
            assert 0 == engine.scan().appended
            assert before == lessons(engine)
        ends.add(len(recorded(workspace, LogCompacted.TYPE)))
    assert 0 == code
    assert {0, 1} == ends
