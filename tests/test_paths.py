"""The state directory: made durably, private, with a card that is whole."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from lokid.errors import DiskFull
from lokid.paths import Workspace
from test_log_order import noted


def test_the_state_directory_is_durable_before_anything_is_in_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own name too: a power cut must not take the whole memory."""
    with noted(monkeypatch) as calls:
        workspace.create()
    above = [path.name for path in reversed(workspace.state.parents)][-3:]
    assert [
        *(f"fsync {name}" for name in above),
        f"write workspace.json.{os.getpid()}.tmp",
        f"fsync workspace.json.{os.getpid()}.tmp",
        "rename workspace.json",
        f"fsync {workspace.state.name}",
    ] == calls[-7:]


def test_a_directory_left_empty_by_a_kill_is_made_durable_by_the_next(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made it may have died before its name was on the disk."""
    workspace.state.mkdir(parents=True)
    with noted(monkeypatch) as calls:
        workspace.create()
    assert f"fsync {workspace.state.parent.name}" == calls[0]


def test_the_state_directory_is_private_and_its_card_whole(
    workspace: Workspace,
) -> None:
    """Also when it was there with wider rights."""
    workspace.state.mkdir(parents=True, mode=0o755)
    workspace.create()
    assert 0o700 == stat.S_IMODE(workspace.state.stat().st_mode)
    card = json.loads((workspace.state / "workspace.json").read_bytes())
    assert {"root": str(workspace.root), "id": workspace.id} == card
    workspace.create()
    assert ["workspace.json"] == [one.name for one in workspace.state.iterdir()]


def test_many_may_make_the_state_directory_at_once(workspace: Workspace) -> None:
    """No lock is held yet: whoever comes second in the midst of it is no error."""
    wait, go = os.pipe()
    children = []
    for _ in range(8):
        pid = os.fork()
        if not pid:
            os.close(go)
            os.read(wait, 1)
            code = 1
            try:
                workspace.create()
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    os.close(go)
    os.close(wait)
    assert [0] * 8 == [os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) for p in children]


def test_no_room_for_the_state_directory_is_a_full_disk(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 75, not with 74: freeing space helps."""

    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(os, "mkdir", full)
    with pytest.raises(DiskFull):
        workspace.create()
