"""`lokictl doctor`: each thing that can be wrong is said, with what helps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from diagnosis import seen, with_log, words
from log_rig import flip, forget_the_close, segments
from lokid.memory import DAMAGED
from lokid.paths import Workspace
from rig import engine_on, put
from shell import ask, lokictl, up


def told(workspace: Workspace, *words: str) -> dict[str, Any]:
    """What a command answers as JSON, whatever it says beside."""
    found: dict[str, Any] = json.loads(lokictl(*words, "--json", at=workspace).stdout)
    return found


@pytest.fixture
def remembered(workspace: Workspace) -> Workspace:
    """A workspace with a log."""
    return with_log(workspace)


def test_a_healthy_memory_has_no_problem(remembered: Workspace) -> None:
    """With a daemon and without; nothing is changed by looking."""
    before = {path: path.stat().st_mtime_ns for path in remembered.state.rglob("*")}
    code, found = seen(remembered)
    assert (0, "") == (code, words(found, "problem"))
    assert "lokictl up makes answers quicker" in words(found, "note")
    assert before == {
        path: path.stat().st_mtime_ns for path in remembered.state.rglob("*")
    }
    with up(remembered):
        code, found = seen(remembered)
        assert (0, "") == (code, words(found, "problem"))
        assert "answers" in words(found, "ok")


def test_an_empty_workspace_is_no_problem(workspace: Workspace) -> None:
    """Nothing is there yet, and that is said."""
    code, found = seen(workspace)
    assert (0, "") == (code, words(found, "problem"))
    assert "there is no .loki" in words(found, "note")
    assert not workspace.state.exists()


def test_damage_is_named_with_its_remedy(remembered: Workspace) -> None:
    """The place, what lies behind it, and the command that helps."""
    flip(segments(remembered.log)[0], 40)
    code, found = seen(remembered)
    said = words(found, "problem")
    assert 1 == code
    assert "event 1" in said
    assert "intact events behind the damage" in said
    assert "lokictl log repair" in said


def test_no_answer_of_a_damaged_log_passes_for_whole(remembered: Workspace) -> None:
    """With a daemon and without one, until somebody accepts what is lost."""
    flip(segments(remembered.log)[0], 40)
    lost = told(remembered, "failures")
    assert (True, DAMAGED) == (lost["stale"], lost["reason"])
    assert DAMAGED == told(remembered, "status")["trouble"]
    said = lokictl("context", at=remembered)
    assert (0, f"lokid: stale: {DAMAGED}\n") == (said.returncode, said.stderr)
    with up(remembered):
        assert told(remembered, "failures")["stale"]
        assert told(remembered, "context")["stale"]
    lokictl("log", "repair", "--accept-loss", at=remembered)
    whole = told(remembered, "failures")
    assert (False, None) == (whole["stale"], whole["reason"])


def test_after_a_repair_only_accepting_the_loss_is_left(remembered: Workspace) -> None:
    """What was appended again is served: what doctor and verify name is a loss."""
    flip(segments(remembered.log)[0], 40)
    shown = lokictl("log", "verify", at=remembered).stdout
    assert "cannot be served" in shown
    assert "\nlokictl log repair then" in shown
    done = lokictl("log", "repair", at=remembered)
    assert (3, "") == (done.returncode, done.stderr)
    code, found = seen(remembered)
    said = words(found, "problem")
    assert (1, 1) == (code, len(said.splitlines()))
    assert said.endswith("-> lokictl log repair --accept-loss")
    shown = lokictl("log", "verify", at=remembered).stdout
    assert "cannot be served" not in shown
    assert "\nlokictl log repair --accept-loss accepts it" in shown


def test_an_accepted_loss_is_no_problem(remembered: Workspace) -> None:
    """It stays named, and nobody is sent to do anything about it."""
    flip(segments(remembered.log)[0], 40)
    assert 0 == lokictl("log", "repair", "--accept-loss", at=remembered).returncode
    code, found = seen(remembered)
    assert (0, "") == (code, words(found, "problem"))
    assert "accepted loss: event 1" in words(found, "note")
    shown = lokictl("log", "verify", at=remembered)
    assert 0 == shown.returncode
    assert shown.stdout.startswith("ok but for 1 accepted loss: ")
    assert "Keep a copy" not in shown.stdout


def test_a_log_whose_files_are_gone_is_a_problem(
    remembered: Workspace, tmp_path: Path
) -> None:
    """Doctor and verify say what is missing; a backup helps, or accepting it."""
    copy = str(tmp_path / "copy")
    assert 0 == lokictl("log", "backup", copy, at=remembered).returncode
    last = int(ask("log", at=remembered)["last_seq"])
    for cure in (("restore", copy), ("repair", "--accept-loss")):
        for path in segments(remembered.log):
            path.unlink()
        code, found = seen(remembered)
        said = words(found, "problem")
        assert 1 == code
        assert f"the log is gone, but {last} was durable" in said
        assert "lokictl log restore DIR" in said
        assert "lokictl log repair --accept-loss" in said
        shown = lokictl("log", "verify", at=remembered)
        assert 3 == shown.returncode
        assert "no log yet" not in shown.stdout
        assert f"{last} was durable" in shown.stdout
        assert "lokictl log restore DIR" in shown.stdout
        assert "are gone" in lokictl("log", at=remembered).stdout
        assert 0 == lokictl("log", *cure, at=remembered).returncode
        assert 0 == seen(remembered)[0]
        assert 0 == lokictl("log", "verify", at=remembered).returncode
        with engine_on(remembered):
            pass


def test_a_suspect_repair_is_noted(remembered: Workspace) -> None:
    """A whole line that was dropped with a tail may be rot."""
    forget_the_close(remembered.log)
    with segments(remembered.log)[0].open("ab") as file:
        file.write(b'{"c":"00000000"}\n')
    with engine_on(remembered):
        pass
    code, found = seen(remembered)
    assert 0 == code
    assert "perhaps rot" in words(found, "note")
    assert "1 torn end set aside" in words(found, "note")


def test_a_dead_daemon_left_its_socket(remembered: Workspace) -> None:
    """A file that leads nowhere is told apart from none."""
    remembered.socket_file.write_text(str(remembered.state / "gone.sock") + "\n")
    code, found = seen(remembered)
    assert 1 == code
    assert "-> lokictl up" in words(found, "problem")


def test_bad_settings_are_a_problem(
    remembered: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what the workspace may not set is a note."""
    put(remembered, "lokid.toml", "segment_bytes = 9\n")
    assert "segment_bytes" in words(seen(remembered)[1], "note")
    monkeypatch.setenv("LOKID_MAX_BYTES", "many")
    code, found = seen(remembered)
    assert 1 == code
    assert "LOKID_MAX_BYTES" in words(found, "problem")


def test_people_read_it_in_words(remembered: Workspace) -> None:
    """A line each, the remedy below, the sum at the end."""
    flip(segments(remembered.log)[0], 40)
    done = lokictl("doctor", at=remembered)
    assert 1 == done.returncode
    assert done.stdout.rstrip().endswith("problems found")
    assert "-> lokictl log repair" in done.stdout
