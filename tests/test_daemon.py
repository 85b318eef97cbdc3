"""The daemon's life: one writer, a private socket, a clean end and an unclean one."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from house import FOLDER, House, crash, housed
from lokid.client import Lines
from lokid.errors import DaemonMissing
from lokid.events import CrashObserved
from lokid.log import Log, LogReader
from lokid.paths import Workspace


def crashes(workspace: Workspace) -> list[str]:
    """What the log holds, read without its lock."""
    events = [recorded.event for recorded in LogReader(workspace.log).read()]
    return [event.error_class for event in events if isinstance(event, CrashObserved)]


@contextmanager
def watched(workspace: Workspace, **settings: str) -> Iterator[Lines]:
    """What a daemon appends by itself: nobody asks it, so no barrier is passed."""
    with (
        housed(workspace, **settings) as house,
        closing(house.client.lines({"follow": "1"})) as lines,
    ):
        yield lines


def test_a_daemon_answers_with_what_lay_there_before_it(workspace: Workspace) -> None:
    """The first scan is done when the daemon says that it is ready."""
    crash(workspace, "KeyError")
    with housed(workspace) as house:
        assert crashes(workspace) == ["KeyError"]
        assert house.client.get("failures")["failures"] == ["KeyError"]


def test_a_daemon_says_who_it_is(workspace: Workspace) -> None:
    """Ping and status carry the pid and the protocol of the process itself."""
    with housed(workspace) as house:
        told = house.client.get("status")["daemon"]
        assert house.client.ping().pid == house.process.pid
        assert (told["running"], told["pid"], told["protocol"]) == (
            True,
            house.process.pid,
            1,
        )


def test_the_socket_is_private(workspace: Workspace) -> None:
    """Only its owner may connect: 0600 in a folder of 0700."""
    with housed(workspace) as house:
        assert stat.S_IMODE(house.socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(house.socket.parent.stat().st_mode) == 0o700


def test_the_folder_of_the_socket_holds_nothing_else(workspace: Workspace) -> None:
    """The name it was bound under is gone."""
    with housed(workspace) as house:
        assert os.listdir(house.socket.parent) == [house.socket.name]  # noqa: PTH208  bare names are compared


def test_of_two_daemons_one_writes(workspace: Workspace) -> None:
    """The second ends with 73 and leaves the first alone."""
    with housed(workspace) as first:
        second = House(workspace)
        try:
            assert str(first.process.pid) in second.word()
            assert second.ended()[0] == 73
        finally:
            second.close()
        assert first.client.ping().pid == first.process.pid


def test_of_many_daemons_started_at_once_one_answers(workspace: Workspace) -> None:
    """Whoever gets the lock gets the socket too."""
    houses = [House(workspace) for _ in range(4)]
    try:
        ready = [house for house in houses if house.word() == "ready"]
        assert [house.client.ping().pid for house in ready] == [ready[0].process.pid]
    finally:
        for house in houses:
            house.close()


def test_a_daemon_waits_for_a_client_that_works_embedded(workspace: Workspace) -> None:
    """The lock of a short-lived writer is waited for."""
    log = Log.open(workspace.log)
    house = House(workspace)
    try:
        threading.Timer(0.3, log.close).start()
        assert house.word() == "ready"
    finally:
        house.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(workspace: Workspace, number: signal.Signals) -> None:
    """It leaves no socket and no word of one, and everything observed."""
    with housed(workspace) as house:
        socket = house.socket
        crash(workspace, "KeyError")
        house.client.get("failures")
        house.process.send_signal(number)
        assert house.ended() == (0, "")
    assert not socket.exists()
    assert not workspace.socket_file.exists()
    assert crashes(workspace) == ["KeyError"]


def test_shutdown_ends_it_cleanly(workspace: Workspace) -> None:
    """A client may ask it to go; the next one finds nobody."""
    with housed(workspace) as house:
        house.client.shutdown()
        assert house.ended() == (0, "")
    with pytest.raises(DaemonMissing):
        house.client.ping()


def test_a_follower_does_not_keep_it(workspace: Workspace) -> None:
    """A stream without end ends when the daemon does, whole."""
    crash(workspace, "KeyError")
    with housed(workspace) as house:
        lines = house.client.lines({"follow": "1"})
        assert b"KeyError" in next(lines)
        house.process.terminate()
        assert list(lines) == []
        assert house.ended() == (0, "")


def test_half_a_request_does_not_keep_it(workspace: Workspace) -> None:
    """Nor does a client that never finishes its question."""
    from test_server import linked

    with housed(workspace) as house, linked(house.socket) as link:
        link.sendall(b"GET /ping HTTP/1.1\r\nHost: l")
        house.process.terminate()
        assert house.ended() == (0, "")


def test_a_killed_daemon_is_followed_by_another(workspace: Workspace) -> None:
    """A kill -9 leaves a stale socket; the next daemon takes its place."""
    crash(workspace, "KeyError")
    with housed(workspace) as house:
        house.process.kill()
        house.process.wait()
        assert house.socket.exists()
        with pytest.raises(DaemonMissing):
            house.client.ping()
    crash(workspace, "ValueError")
    with housed(workspace) as house:
        told = house.client.get("failures")["failures"]
        assert sorted(told) == ["KeyError", "ValueError"]


def test_nothing_is_lost_or_doubled_by_kills(workspace: Workspace) -> None:
    """Each crash is in the log once, whenever its daemon died."""
    for turn in range(6):
        with housed(workspace) as house:
            crash(workspace, f"Error{turn}")
            if turn % 2:
                house.client.get("failures")
            house.process.kill()
            house.process.wait()
    with housed(workspace) as house:
        house.client.get("failures")
    assert sorted(crashes(workspace)) == [f"Error{turn}" for turn in range(6)]


def test_it_does_not_take_away_what_is_not_its_own(workspace: Workspace) -> None:
    """A socket file that somebody else put in its place stays."""
    with housed(workspace, LOKID_RECONCILE_SECONDS="600") as house:
        socket = house.socket
        workspace.socket_file.unlink()
        workspace.socket_file.write_text("/elsewhere\n")
        house.process.terminate()
        house.ended()
    assert workspace.socket_file.read_text() == "/elsewhere\n"
    assert not socket.exists()


@pytest.mark.parametrize("what", ["state", "socket"])
def test_it_ends_when_its_place_is_taken_away(workspace: Workspace, what: str) -> None:
    """A daemon nobody finds, or whose log is gone, says so and ends with 74.

    Nothing there is watched: it is the reconciling that finds out.
    """
    with housed(workspace, LOKID_RECONCILE_SECONDS="0.2") as house:
        if what == "state":
            shutil.rmtree(workspace.state)
        else:
            house.socket.unlink()
        assert "taken away" in house.word()
        assert house.ended()[0] == 74


def test_the_first_crash_of_a_fresh_workspace_is_captured(workspace: Workspace) -> None:
    """Folder and file made in one go, and nobody asks: it reaches the log."""
    with watched(workspace, LOKID_RECONCILE_SECONDS="600") as lines:
        crash(workspace, "KeyError")
        assert b"KeyError" in next(lines)


def test_a_replaced_folder_is_watched_again(workspace: Workspace) -> None:
    """The harness may remove a folder and make it anew."""
    crash(workspace, "KeyError")
    with watched(workspace, LOKID_RECONCILE_SECONDS="600") as lines:
        next(lines)
        for turn in range(3):
            shutil.rmtree(workspace.loki / FOLDER)
            crash(workspace, f"Error{turn}")
            assert f"Error{turn}".encode() in next(lines)


def test_the_knob_makes_a_daemon_inert(workspace: Workspace) -> None:
    """With LOKI_FAILURE_MEMORY=0 nothing is captured, delivered or kept for later."""
    with housed(workspace, LOKI_FAILURE_MEMORY="0") as house:
        crash(workspace, "KeyError")
        told = house.client.get("context")
        assert (told["text"], told["stale"], told["reason"]) == ("", False, "knob off")
        assert house.client.get("status")["knob"] == "off"
        assert crashes(workspace) == []
        house.client.get("failures")
        house.process.terminate()
        house.ended()
    with housed(workspace) as house:
        assert house.client.get("failures")["failures"] == []


def test_an_unwritable_state_directory_is_one_clear_error(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Where the state directory should be lies a file: 74, and its name."""
    (tmp_path / "file").touch()
    house = House(workspace, LOKID_STATE_DIR=str(tmp_path / "file" / "state"))
    try:
        assert str(tmp_path / "file" / "state") in house.word()
        assert house.ended() == (74, "")
    finally:
        house.close()


def test_a_long_path_gets_a_short_socket(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the state directory is too deep for a socket another place is found."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("LOKID_STATE_DIR", str(deep))
    from lokid.paths import find_workspace

    place = find_workspace(str(workspace.root), os.environ)
    with housed(place) as house:
        assert len(os.fsencode(house.socket)) <= 107
        assert house.client.ping().pid == house.process.pid


def test_an_idle_daemon_sleeps(workspace: Workspace) -> None:
    """No clock of its own ticks: uvicorn's would wake it ten times a second."""
    crash(workspace, "KeyError")
    with housed(workspace, LOKID_WATCH_STEP_MS="1000") as house:
        house.client.get("failures")
        threads = Path(f"/proc/{house.process.pid}/task")
        if not threads.is_dir():
            pytest.skip("no /proc to count in")

        def switches() -> int:
            counts = [
                line.split()[1]
                for thread in threads.iterdir()
                for line in (thread / "status").read_text().splitlines()
                if line.startswith("voluntary_ctxt_switches")
            ]
            return sum(map(int, counts))

        before = switches()
        # two seconds of doing nothing are what is measured
        subprocess.run([sys.executable, "-c", "import time; time.sleep(2)"], check=True)
        assert switches() - before < 25
