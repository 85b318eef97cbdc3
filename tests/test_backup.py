"""`lokictl log backup` and `restore`, as a user meets them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from diagnosis import with_log
from log_rig import contents, flip, line_offsets, segments
from lokid.paths import Workspace, find_workspace
from shell import ask, lokictl


@pytest.fixture
def remembered(workspace: Workspace) -> Workspace:
    """A workspace with a log."""
    return with_log(workspace)


def test_a_copy_comes_back_as_it_was(remembered: Workspace, tmp_path: Path) -> None:
    """And says nothing of another workspace."""
    copy = tmp_path / "copy"
    assert 0 == lokictl("log", "backup", str(copy), at=remembered).returncode
    before = contents(segments(remembered.log))
    told = ask("log", "restore", str(copy), at=remembered)
    assert (True, None) == (told["ok"], told["of_workspace"])
    assert before == contents(segments(remembered.log))


def test_a_damaged_copy_is_taken_only_as_it_is(
    remembered: Workspace, tmp_path: Path
) -> None:
    """Its places are named, and with --damaged it is put back and can be mended."""
    copy = str(tmp_path / "copy")
    flip(segments(remembered.log)[0], 40)
    assert 3 == lokictl("log", "backup", copy, at=remembered).returncode
    before = contents(segments(remembered.log))
    refused = lokictl("log", "restore", copy, at=remembered)
    assert 3 == refused.returncode
    assert f"the copy in {copy} is damaged: event 1 (" in refused.stderr
    assert "--damaged" in refused.stderr
    assert "verify" not in refused.stderr
    taken = lokictl("log", "restore", copy, "--damaged", at=remembered)
    assert (3, "") == (taken.returncode, taken.stderr)
    assert "1 damaged place" in taken.stdout
    assert before == contents(segments(remembered.log))
    mended = lokictl("log", "repair", "--accept-loss", at=remembered)
    assert 0 == mended.returncode
    assert "appended again" in mended.stdout


def test_one_event_was_appended_again(remembered: Workspace) -> None:
    """A repair counts in plain words."""
    segment = segments(remembered.log)[0]
    flip(segment, line_offsets(segment)[-2] + 40)
    done = lokictl("log", "repair", at=remembered)
    assert "1 event behind the damage was appended again" in done.stdout


def test_a_folder_without_a_log_is_no_copy(
    remembered: Workspace, tmp_path: Path
) -> None:
    """That is a wrong argument, not damage."""
    (tmp_path / "empty").mkdir()
    done = lokictl("log", "restore", str(tmp_path / "empty"), at=remembered)
    assert 2 == done.returncode
    assert "holds no log" in done.stderr
    assert "lokictl log backup" in done.stderr


def test_a_copy_of_nothing_is_not_made(workspace: Workspace, tmp_path: Path) -> None:
    """No folder is left behind."""
    done = lokictl("log", "backup", str(tmp_path / "copy"), at=workspace)
    assert 2 == done.returncode
    assert not (tmp_path / "copy").exists()


def test_a_backup_of_another_workspace_is_told(
    remembered: Workspace, tmp_path: Path
) -> None:
    """It is put in place, and a warning says whose it is."""
    copy = str(tmp_path / "copy")
    assert 0 == lokictl("log", "backup", copy, at=remembered).returncode
    (tmp_path / "other").mkdir()
    other = find_workspace(str(tmp_path / "other"), os.environ)
    done = lokictl("log", "restore", copy, "--json", at=other)
    assert 0 == done.returncode
    assert str(remembered.root) == json.loads(done.stdout)["of_workspace"]
    assert f"a backup of another workspace, {remembered.root}" in done.stderr
