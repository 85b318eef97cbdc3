"""up, down and status: the daemon as a user meets it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cli import main
from lokid.client import Client
from lokid.errors import DaemonMissing
from lokid.log import Log
from lokid.log.lock import take_lock
from lokid.paths import Workspace, find_workspace
from shell import ask, lokictl, story, up


def test_up_status_down(workspace: Workspace) -> None:
    """A life: not there, there, still there, gone, still gone."""
    assert not ask("status", at=workspace)["daemon"]["running"]
    first = json.loads(lokictl("up", "--json", at=workspace).stdout)
    second = json.loads(lokictl("up", "--json", at=workspace).stdout)
    seen = ask("status", "--require-daemon", at=workspace)
    gone = ask("down", at=workspace)
    again = ask("down", at=workspace)
    assert (True, []) == (first["started"], first["pending"])
    assert (False, first["pid"]) == (second["started"], second["pid"])
    assert (True, first["pid"], 1) == tuple(
        seen["daemon"][key] for key in ("running", "pid", "protocol")
    )
    assert [True, False] == [gone["stopped"], again["stopped"]]
    with pytest.raises(DaemonMissing):
        Client(workspace).ping()


def test_up_comes_back_when_all_is_read(tmp_path: Path) -> None:
    """What lay there before is in the first answer."""
    place = story(tmp_path / "shop")
    with up(place):
        told = ask("status", at=place)
    assert told["log"]["seq"] > 100
    assert not told["stale"]


def test_status_is_the_same_embedded_and_with_a_daemon(tmp_path: Path) -> None:
    """But for what only a daemon has."""
    place = story(tmp_path / "shop")
    ask("failures", at=place)
    alone = ask("status", at=place)
    with up(place):
        served = ask("status", at=place)
    for told in (alone, served):
        for key in ("daemon", "watch", "knob", "verified"):
            del told[key]
        for row in told["sources"]:
            assert {"name", "files", "pending", "rejected"} == set(row)
    assert alone == served


def test_a_start_up_error_is_handed_over(workspace: Workspace, tmp_path: Path) -> None:
    """Up ends as the daemon ended, with its words."""
    occupied = tmp_path / "occupied"
    occupied.write_text("a file, where a folder should be")
    state = str(occupied / "state")
    done = lokictl("up", "--json", at=workspace, LOKID_STATE_DIR=state)
    assert 74 == done.returncode == json.loads(done.stderr)["exit_code"]
    assert state in done.stderr


def test_the_daemons_own_error_comes_through_the_pipe(workspace: Workspace) -> None:
    """An error that only the daemon meets: its settings."""
    config = Path(os.environ["HOME"]) / ".config" / "lokid"
    config.mkdir(parents=True)
    (config / "config.toml").write_text("reconcile_seconds = 'often'\n")
    done = lokictl("up", at=workspace)
    assert 2 == done.returncode
    assert "reconcile_seconds" in done.stderr
    assert not list(workspace.state.glob("socket"))


def test_down_says_who_keeps_the_lock(workspace: Workspace) -> None:
    """A writer that is no daemon is not taken for one."""
    workspace.create()
    log = Log.open(workspace.log)
    try:
        done = lokictl("down", at=workspace)
    finally:
        log.close()
    assert 73 == done.returncode
    assert str(os.getpid()) in done.stderr


@pytest.fixture
def hung(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A daemon that was stopped in its tracks; nobody waits for it long here."""
    monkeypatch.setattr("lokid.client.PING_SECONDS", 0.3)
    monkeypatch.setattr("cli.ask.PATIENCE", 0.2)
    monkeypatch.setattr("cli.ending.NOBODY_SECONDS", 0.2)
    pid = ask("up", at=workspace)["pid"]
    os.kill(pid, signal.SIGSTOP)
    yield pid
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_a_daemon_that_hangs_is_named(
    workspace: Workspace, hung: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """By status, doctor and up, with its pid and with what helps."""
    place = ["-C", str(workspace.root)]
    assert 0 == main.lokictl([*place, "status"])
    assert f"does not answer (pid {hung}): lokictl down" in capsys.readouterr().out
    assert 69 == main.lokictl([*place, "status", "--require-daemon"])
    assert f"(pid {hung}) does not answer" in capsys.readouterr().err
    assert 1 == main.lokictl([*place, "doctor"])
    assert "-> lokictl down && lokictl up\n" in capsys.readouterr().out
    assert 73 == main.lokictl([*place, "up"])
    told = capsys.readouterr().err
    assert f"(pid {hung}) does not answer" in told
    assert "lokictl down && lokictl up" in told


def test_down_ends_a_daemon_that_hangs(
    workspace: Workspace, hung: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is asked, then ended by a signal, and that is said; up works again."""
    assert 0 == main.lokictl(["-C", str(workspace.root), "down"])
    assert f"pid {hung} did not answer and was ended with SIGKILL" in (
        capsys.readouterr().out
    )
    with up(workspace):
        assert hung != ask("status", at=workspace)["daemon"]["pid"]


def test_down_removes_what_a_killed_daemon_left(workspace: Workspace) -> None:
    """Its socket and the file that names it; doctor has nothing more to say."""
    os.kill(ask("up", at=workspace)["pid"], signal.SIGKILL)
    socket = Path(workspace.socket_file.read_text().rstrip())
    found = lokictl("doctor", at=workspace)
    assert 1 == found.returncode
    assert "killed, perhaps\n" in found.stdout
    assert "-> lokictl up\n" in found.stdout
    done = lokictl("down", at=workspace)
    assert "one that was killed had left its socket: it is removed" in done.stdout
    assert [False, False] == [socket.exists(), workspace.socket_file.exists()]
    assert 0 == lokictl("doctor", at=workspace).returncode


def test_a_daemon_that_ended_by_itself_left_its_last_words(
    workspace: Workspace,
) -> None:
    """Doctor and status say them until another one came and went."""
    done = lokictl("up", at=workspace, LOKID_RECONCILE_SECONDS="0.1")
    assert 0 == done.returncode
    workspace.socket_file.unlink()
    os.close(take_lock(workspace.log, 20.0))  # waits for its end
    shown = lokictl("status", at=workspace).stdout
    assert "not running (start one: lokictl up); its last words, " in shown
    assert "was taken away" in shown
    found = lokictl("doctor", at=workspace)
    assert 0 == found.returncode
    assert "ago: the state directory" in found.stdout
    assert "-> start again with: lokictl up" in found.stdout
    with up(workspace):
        pass
    assert "last words" not in lokictl("doctor", at=workspace).stdout


def test_a_killed_daemon_is_started_again(workspace: Workspace) -> None:
    """Kill -9 leaves a socket behind; up does not mind."""
    first = json.loads(lokictl("up", "--json", at=workspace).stdout)["pid"]
    os.kill(first, signal.SIGKILL)
    with up(workspace):
        assert first != ask("status", at=workspace)["daemon"]["pid"]


def test_a_hostile_workspace_runs_none_of_its_code(tmp_path: Path) -> None:
    """Its own cli, lokid, projections and click are not ours."""
    root = tmp_path / "trap"
    for package in ("cli", "lokid", "projections", "click"):
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").write_text("raise SystemExit('trapped')\n")
        (root / package / "__main__.py").write_text("raise SystemExit('trapped')\n")
    place = find_workspace(str(root), os.environ)
    done = lokictl("up", cwd=root)
    try:
        assert (0, "") == (done.returncode, done.stderr)
        assert f"lokid watching {root}" in done.stdout
        assert Client(place).ping().protocol == 1
    finally:
        lokictl("down", at=place)


def test_a_state_directory_given_relative_is_the_same_for_all(tmp_path: Path) -> None:
    """The daemon, which runs elsewhere, has the state directory that we mean."""
    root = tmp_path / "work"
    (root / ".loki").mkdir(parents=True)
    assert 0 == lokictl("up", cwd=root, LOKID_STATE_DIR="state").returncode
    done = lokictl("status", "--json", cwd=root, LOKID_STATE_DIR="state")
    lokictl("down", cwd=root, LOKID_STATE_DIR="state")
    told = json.loads(done.stdout)
    assert (True, str(root / "state")) == (told["daemon"]["running"], told["state"])


def test_status_shows_both_knobs(workspace: Workspace) -> None:
    """LOKI_FAILURE_MEMORY here, and in the daemon."""
    assert 0 == lokictl("up", at=workspace, LOKI_FAILURE_MEMORY="0").returncode
    try:
        told = ask("status", at=workspace)
        text = lokictl("status", at=workspace).stdout
    finally:
        lokictl("down", at=workspace)
    assert {"client": "on", "daemon": "off"} == told["knob"]
    assert "off in the daemon" in text


def test_status_wants_a_daemon_only_when_told(workspace: Workspace) -> None:
    """0 without a daemon, 69 with --require-daemon."""
    assert 0 == lokictl("status", at=workspace).returncode
    assert 69 == lokictl("status", "--require-daemon", at=workspace).returncode
