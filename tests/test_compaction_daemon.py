"""`log compact`, and a daemon that compacts by itself beside its answers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lokid.client import Client
from lokid.events import CrashObserved, LogCompacted
from lokid.log import verify
from lokid.paths import Workspace
from rig import crash, put, recorded
from shell import ask, lokictl, up
from test_compaction_engine import KEPT, long_history

BOUND = "98304"


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a history of some hundred events have many segments."""
    monkeypatch.setenv("LOKID_SEGMENT_BYTES", "16384")


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound the log below what the long history takes."""
    monkeypatch.setenv("LOKID_RETENTION_BYTES", BOUND)


def awaited(known: Callable[[], object]) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + 30
    while not known():
        assert time.monotonic() < ends
        time.sleep(0.02)  # between two looks at what the daemon has done


def lessons(at: Workspace) -> list[dict[str, Any]]:
    """What is told of each lesson that a compaction must keep."""
    rows = ask("lessons", at=at)["lessons"]
    told = [{name: row[name] for name in KEPT} for row in rows]
    return sorted(told, key=lambda row: str(row["lesson"]))


@pytest.mark.usefixtures("bound")
def test_what_would_go_is_said_and_nothing_done(workspace: Workspace) -> None:
    """With ``--dry-run`` the log stays; without it goes what was said."""
    long_history(workspace)
    before = lessons(workspace)
    said = lokictl("log", "compact", "--dry-run", at=workspace)
    assert "would go, from 2025-11-01T00:00:00.000Z" in said.stdout
    assert "Nothing was changed." in said.stdout
    assert not recorded(workspace, LogCompacted.TYPE)
    would = ask("log", "compact", "--dry-run", at=workspace)["compaction"]
    did = ask("log", "compact", at=workspace)["compaction"]
    assert would == did
    assert before == lessons(workspace)
    report = verify(workspace.log)
    assert not report.problems
    assert abs(report.bytes - did["bytes_after"]) < 4096
    left = lokictl("log", "compact", at=workspace).stdout
    assert left.startswith("nothing to compact: ")


def test_without_a_log_there_is_nothing_to_compact(workspace: Workspace) -> None:
    """An empty workspace stays one."""
    assert ask("log", "compact", at=workspace)["compaction"] is None
    assert not workspace.state.exists()


@pytest.mark.usefixtures("bound")
def test_a_daemon_keeps_the_bound_by_itself(workspace: Workspace) -> None:
    """Its lessons are the same, it goes on, and so does who follows it."""
    long_history(workspace)
    before = lessons(workspace)
    with up(workspace):
        awaited(lambda: recorded(workspace, LogCompacted.TYPE))
        client = Client(workspace)
        awaited(lambda: client.get("failures")["compacted"])
        assert before == lessons(workspace)
        with closing(client.lines({"follow": "1", "type": CrashObserved.TYPE})) as news:
            put(workspace, "crash/new.json", crash("cd" * 32))
            assert any(b"cdcdcdcd" in line for line in news)
        assert client.get("status")["log"]["bytes"] <= int(BOUND)
    assert not verify(workspace.log).problems


def test_a_daemon_compacts_when_asked(workspace: Workspace) -> None:
    """A bound that is set while it runs counts; who follows loses nothing."""
    long_history(workspace)
    with up(workspace):
        before = lessons(workspace)
        client = Client(workspace)
        since = str(client.get("status")["as_of_seq"])
        with closing(client.lines({"follow": "1", "since": since})) as news:
            config = Path(os.environ["HOME"], ".config/lokid/config.toml")
            config.parent.mkdir(parents=True, exist_ok=True)
            config.write_text(f"retention_bytes = {BOUND}\n")
            assert client.get("status")["settings"]["problem"] is None
            assert ask("log", "compact", at=workspace)["compaction"]
            assert before == lessons(workspace)
            put(workspace, "crash/new.json", crash("cd" * 32))
            assert b"crash.observed" in next(news)
    assert 1 == len(recorded(workspace, LogCompacted.TYPE))
    assert not verify(workspace.log).problems


@pytest.mark.usefixtures("bound")
def test_a_plan_that_fails_is_a_remark_and_ends_nothing(workspace: Workspace) -> None:
    """The daemon goes on with the settings it has; its child cannot even read them."""
    with up(workspace):
        config = Path(os.environ["HOME"], ".config/lokid/config.toml")
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text("retention_days = 0\n")
        long_history(workspace)
        awaited(lambda: b"not compacted" in workspace.daemon_log.read_bytes())
        assert Client(workspace).get("lessons")["lessons"]
    assert not recorded(workspace, LogCompacted.TYPE)
