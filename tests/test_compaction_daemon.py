"""`log compact`, and a daemon that compacts by itself beside its answers."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cli import main
from lokid.client import Client
from lokid.events import CrashObserved, LogCompacted
from lokid.log import verify
from lokid.paths import Workspace
from rig import crash, put, recorded
from shell import ask, lokictl, until, up
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


def test_failures_say_where_the_compacted_ones_are(workspace: Workspace) -> None:
    """Not that there were none."""
    long_history(workspace)
    ask("failures", at=workspace)
    assert ask("log", "compact", at=workspace, LOKID_RETENTION_BYTES=BOUND)[
        "compaction"
    ]
    told = ask("failures", at=workspace)
    assert told["compacted"]
    said = lokictl("failures", at=workspace).stdout
    assert f"({told['compacted']} older ones: they are in their lessons" in said
    assert "lokictl lessons" in said


def test_failures_that_are_all_compacted_are_not_denied(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Their number is said, and where they are."""
    answer = {"failures": [], "total": 0, "compacted": 10, "stale": False}
    monkeypatch.setattr("cli.ask.query", lambda *_: answer)
    assert 0 == main.lokictl(["-C", str(workspace.root), "failures"])
    said = capsys.readouterr().out
    assert "10 failures, all compacted" in said
    assert "lokictl lessons" in said
    assert "no failures" not in said


def test_a_log_that_stays_over_its_bound_is_said_to(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After a compaction, and when nothing more can go."""
    put(workspace, "crash/a-1.json", crash())
    ask("failures", at=workspace)
    plan = dict.fromkeys(("events", "carried", "summaries", "ids", "forgotten"), 1)
    done = {**plan, "bytes_before": 9, "bytes_after": 5, "first": "", "newest": ""}
    told: dict[str, Any] = {"bound": {"bytes": 4, "days": 1}, "compaction": done}
    monkeypatch.setattr("cli.ask.compact", lambda *_, **__: told)
    words = ["-C", str(workspace.root), "log", "compact"]
    assert 0 == main.lokictl(words)
    assert "bound      4 bytes, still over it" in capsys.readouterr().out
    told["compaction"] = None
    assert 0 == main.lokictl(words)
    assert "nothing can go, though " in capsys.readouterr().out


def test_the_bound_that_is_told_is_that_of_who_answers(workspace: Workspace) -> None:
    """A daemon has its own; where the shell has another one that is said."""
    put(workspace, "crash/a-1.json", crash())
    with up(workspace):
        told = lokictl("log", "compact", at=workspace, LOKID_RETENTION_BYTES=BOUND)
    assert "of at most 512.0 MiB, and 400 days" in told.stdout
    assert "the daemon's bound; here it is 96.0 KiB" in told.stderr


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
        until(lambda: recorded(workspace, LogCompacted.TYPE))
        client = Client(workspace)
        until(lambda: client.get("failures")["compacted"])
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
        until(lambda: b"not compacted" in workspace.daemon_log.read_bytes())
        assert Client(workspace).get("lessons")["lessons"]
    assert not recorded(workspace, LogCompacted.TYPE)
