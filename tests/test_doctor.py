"""`lokictl doctor`: each thing that can be wrong is said, with what helps."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.examined_state import state
from cli.finding import PROBLEM
from log_rig import flip, forget_the_close, segments
from lokid.paths import Workspace
from rig import crash, engine_on, failing_run, put
from shell import lokictl, up

NOWHERE = Path("/never/made")


def seen(workspace: Workspace) -> tuple[int, list[dict[str, Any]]]:
    """What doctor finds: its exit code and its findings."""
    done = lokictl("doctor", "--json", at=workspace)
    assert "" == done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return done.returncode, found


def words(found: list[dict[str, Any]], level: str) -> str:
    """What is said at a level, in one text."""
    return "\n".join(
        f"{one['about']}: {one['said']} -> {one['remedy']}"
        for one in found
        if one["level"] == level
    )


@pytest.fixture
def remembered(workspace: Workspace) -> Workspace:
    """A workspace with a log."""
    put(workspace, "events.jsonl", failing_run(3))
    put(workspace, "crash/a-1.json", crash())
    with engine_on(workspace) as engine:
        engine.scan()
    return workspace


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


def test_a_state_directory_open_to_others_is_a_problem(remembered: Workspace) -> None:
    """The remedy is the command that closes it."""
    remembered.log.chmod(0o755)
    code, found = seen(remembered)
    assert 1 == code
    assert f"chmod 700 {remembered.log}" in words(found, "problem")


def test_a_dead_daemon_left_its_socket(remembered: Workspace) -> None:
    """A file that leads nowhere is told apart from none."""
    remembered.socket_file.write_text(str(remembered.state / "gone.sock") + "\n")
    code, found = seen(remembered)
    assert 1 == code
    assert "-> lokictl up" in words(found, "problem")


def test_a_directory_in_the_sockets_place_is_a_problem(remembered: Workspace) -> None:
    """The remedy removes it, and then a daemon starts."""
    runtime = Path(os.environ["XDG_RUNTIME_DIR"]) / "lokid"
    taken = runtime / f"{remembered.id}.sock"
    for path in (remembered.socket_file, taken):
        path.mkdir(parents=True)
        runtime.chmod(0o700) if runtime.exists() else None
        code, found = seen(remembered)
        assert (1, 1) == (code, len(words(found, "problem").splitlines()))
        assert f"{path} is a directory" in words(found, "problem")
        assert 74 == lokictl("up", at=remembered).returncode
        [remedy] = (one["remedy"] for one in found if one["level"] == "problem")
        subprocess.run(shlex.split(remedy), check=True)
    with up(remembered):
        assert 0 == seen(remembered)[0]


def test_a_read_only_disk_is_a_problem(
    remembered: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is one on which the state directory is still to be made."""
    monkeypatch.setattr("cli.examined_state._read_only", lambda _: True)
    for place in (remembered, msgspec.structs.replace(remembered, state=NOWHERE)):
        [one, *_] = [one for one in state(place) if one.level == PROBLEM]
        assert "on a disk that is read-only" in one.said
        assert "LOKID_STATE_DIR" in one.remedy


def test_what_may_not_be_written_is_a_problem(
    remembered: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The state directory, its log, or the parent in which it is to be made."""
    monkeypatch.setattr("os.access", lambda *_: False)
    own = [one for one in state(remembered) if one.level == PROBLEM]
    assert [
        f"chmod u+rwx {remembered.state}",
        f"chmod u+rwx {remembered.log}",
    ] == [one.remedy for one in own]
    later = msgspec.structs.replace(remembered, state=tmp_path / "a" / "b")
    [one] = state(later)
    assert (PROBLEM, f"chmod u+rwx {tmp_path}") == (one.level, one.remedy)
    (tmp_path / "a").touch()
    [one] = state(later)
    assert f"{tmp_path / 'a'} is no directory" in one.said


def test_a_state_directory_that_is_a_link_is_a_finding(workspace: Workspace) -> None:
    """Not one bare error; its remedy is the command that removes it."""
    workspace.state.parent.mkdir(parents=True)
    workspace.state.symlink_to(workspace.root)
    code, found = seen(workspace)
    assert 1 == code
    assert f"is a symbolic link -> rm {workspace.state}" in words(found, "problem")
    assert {"workspace", "settings", "packages"} < {one["about"] for one in found}


@pytest.mark.skipif(os.getuid() != 0, reason="giving a directory away takes root")
def test_a_state_directory_of_another_user_is_a_finding(remembered: Workspace) -> None:
    """Its remedy is the command that takes it back."""
    os.chown(remembered.state, 4321, 4321)
    code, found = seen(remembered)
    assert 1 == code
    assert f"sudo chown -R 0 {remembered.state}" in words(found, "problem")


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
