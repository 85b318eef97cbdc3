"""What is in the state directory is ours, or it is not used."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli import wire
from lokid.client import Client
from lokid.errors import DaemonMissing, StorageError
from lokid.paths import Workspace, choose_socket, find_workspace
from rig import failing_run
from shell import lokictl

NOBODY = 65534
as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can be, and give to, another user"
)
IMPOSTOR = """
import os, socket, sys
link = socket.socket(socket.AF_UNIX)
os.setgid(65534); os.setuid(65534)
link.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); link.listen()
print("ready", flush=True)
while True:
    peer, _ = link.accept()
    peer.sendall(b"HTTP/1.1 200 OK\\r\\nX-Lokid-Protocol: 1\\r\\n"
                 b"Content-Length: 4\\r\\n\\r\\nevil")
    peer.close()
"""


def state_at(path: Path) -> Workspace:
    """A workspace whose state is said to lie there."""
    work = path.parent / "work"
    work.mkdir(exist_ok=True)
    return find_workspace(str(work), {**os.environ, "LOKID_STATE_DIR": str(path)})


def test_the_state_directory_is_private_from_the_start(workspace: Workspace) -> None:
    """Whatever the umask is."""
    before = os.umask(0)
    try:
        workspace.create()
    finally:
        os.umask(before)
    assert 0o700 == workspace.state.stat().st_mode & 0o777


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o750, 0o1777])
def test_a_wide_one_of_ours_is_made_private(tmp_path: Path, mode: int) -> None:
    """Somebody made it with their own umask."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "log").mkdir()
    state.chmod(mode)
    state_at(state).create()
    assert 0o700 == state.stat().st_mode & 0o7777


def test_a_link_is_not_used(tmp_path: Path) -> None:
    """It leads where somebody else may want us."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to("elsewhere")
    with pytest.raises(StorageError, match="is a symbolic link"):
        state_at(tmp_path / "state")


def test_a_file_is_no_state_directory(tmp_path: Path) -> None:
    """It is left as it is."""
    (tmp_path / "state").write_text("mine")
    with pytest.raises(StorageError, match="is a file"):
        state_at(tmp_path / "state")
    assert "mine" == (tmp_path / "state").read_text()


@as_root
def test_one_of_another_user_is_not_used(tmp_path: Path) -> None:
    """Neither written nor read: what lies there is their story."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    os.chown(state, NOBODY, NOBODY)
    with pytest.raises(StorageError, match="is of another user") as caught:
        state_at(state)
    assert "LOKID_STATE_DIR" in caught.value.hint


@as_root
def test_one_in_which_others_wrote_is_not_used(tmp_path: Path) -> None:
    """A log planted before its folder was made private stays planted."""
    state = tmp_path / "state"
    (state / "log").mkdir(parents=True)
    state.chmod(0o777)
    os.chown(state / "log", NOBODY, NOBODY)
    with pytest.raises(StorageError, match="holds something of theirs"):
        state_at(state)


@as_root
def test_the_socket_is_in_no_folder_of_another_user(workspace: Workspace) -> None:
    """A link, a wide one and a stranger's: the next place is taken."""
    workspace.create()
    runtime = Path(os.environ["XDG_RUNTIME_DIR"])
    folder = runtime / "lokid"
    folder.mkdir(mode=0o700)
    assert folder == choose_socket(workspace, os.environ).parent
    folder.chmod(0o755)
    assert workspace.state == choose_socket(workspace, os.environ).parent
    folder.chmod(0o700)
    os.chown(folder, NOBODY, NOBODY)
    assert workspace.state == choose_socket(workspace, os.environ).parent
    folder.rmdir()
    folder.symlink_to(workspace.log)
    assert workspace.state == choose_socket(workspace, os.environ).parent


@as_root
def test_an_answer_of_another_user_is_not_believed(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Whatever path a file told: no client takes a stranger's word."""
    for folder in (tmp_path, *tmp_path.parents):
        if "pytest" in str(folder):
            folder.chmod(0o755)
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(0o777)
    workspace.create()
    workspace.socket_file.write_text(f"{place}/s\n")
    stranger = subprocess.Popen(
        [sys.executable, "-c", IMPOSTOR, f"{place}/s"], stdout=subprocess.PIPE, cwd="/"
    )
    try:
        assert stranger.stdout is not None
        assert b"ready" in stranger.stdout.readline()
        root = str(workspace.root)
        assert wire.ask(root, os.environ, "/context", time.monotonic() + 20) is None
        with pytest.raises(DaemonMissing, match="of another user"):
            Client(workspace).ping()
    finally:
        stranger.kill()
        stranger.communicate()


# -- whose memory it is --------------------------------------------------------------


def test_the_state_of_another_workspace_is_not_told_as_ours(tmp_path: Path) -> None:
    """One directory for two: the second is refused, by the hot path too."""
    state = str(tmp_path / "state")
    one, two = tmp_path / "one", tmp_path / "two"
    for root in (one, two):
        put_failures(root)
    with daemon_at(one, state):
        first = lokictl("failures", cwd=one, LOKID_STATE_DIR=state)
        assert 0 == first.returncode
        for words in (("failures",), ("status",), ("up",), ("down",)):
            done = lokictl(*words, cwd=two, LOKID_STATE_DIR=state)
            assert 74 == done.returncode
            assert f"is that of {one}" in done.stderr
        said = lokictl("context", cwd=two, LOKID_STATE_DIR=state)
        assert (0, "") == (said.returncode, said.stdout)
        assert f"is that of {one}" in said.stderr
        check = lokictl("check", "--command", "make", cwd=two, LOKID_STATE_DIR=state)
        assert (0, "") == (check.returncode, check.stdout)
        assert lokictl("context", cwd=one, LOKID_STATE_DIR=state).stdout


def put_failures(root: Path) -> None:
    """A workspace with a failing run."""
    (root / ".loki").mkdir(parents=True)
    (root / ".loki" / "events.jsonl").write_text(failing_run())


@contextmanager
def daemon_at(root: Path, state: str) -> Iterator[None]:
    """A daemon of a workspace, with its state there."""
    assert 0 == lokictl("up", cwd=root, LOKID_STATE_DIR=state).returncode
    try:
        yield
    finally:
        lokictl("down", cwd=root, LOKID_STATE_DIR=state)


def test_a_directory_of_other_things_is_neither_closed_nor_filled(
    tmp_path: Path,
) -> None:
    """Somebody's folder stays as it is."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    (folder / "other").write_text("hi")
    with pytest.raises(StorageError, match="holds other, not ours"):
        state_at(folder)
    assert 0o1777 == folder.stat().st_mode & 0o7777
    assert ["other"] == [one.name for one in folder.iterdir()]


def test_a_state_that_was_begun_goes_on(tmp_path: Path) -> None:
    """A start that was killed leaves some of its parts."""
    folder = tmp_path / "state"
    (folder / "log").mkdir(parents=True, mode=0o700)
    state_at(folder).create()
    assert (folder / "workspace.json").exists()
