"""What doctor finds of a state directory: owner, rights, disk, socket."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import msgspec
import pytest

from cli.examined_state import state
from cli.finding import PROBLEM
from diagnosis import seen, with_log, words
from lokid.paths import Workspace
from shell import lokictl, up

NOWHERE = Path("/never/made")


@pytest.fixture
def remembered(workspace: Workspace) -> Workspace:
    """A workspace with a log."""
    return with_log(workspace)


def test_a_state_directory_open_to_others_is_a_problem(remembered: Workspace) -> None:
    """The remedy is the command that closes it."""
    remembered.log.chmod(0o755)
    code, found = seen(remembered)
    assert 1 == code
    assert f"chmod 700 {remembered.log}" in words(found, "problem")


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
