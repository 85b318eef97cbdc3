"""What a daemon does beside its answers: snapshots, and the search for old rot."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from lokid.paths import Workspace
from shell import ask, lokictl, story, until, up


def killed(place: Workspace) -> None:
    """The daemon dies without a moment to save anything."""
    pid = ask("status", at=place)["daemon"]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not ask("status", at=place)["daemon"]["running"])


def saved(place: Workspace) -> list[Path]:
    """The snapshots that lie there."""
    return sorted(place.snapshots.glob("*.msgpack"))


def verified(place: Workspace) -> dict[str, Any]:
    """What the daemon says of the whole log, once it has seen it."""
    found: dict[str, Any] = until(lambda: ask("status", at=place)["verified"])
    return found


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that saves a snapshot every hundred events, and at each close."""
    monkeypatch.setenv("LOKID_SNAPSHOT_EVENTS", "100")
    monkeypatch.setenv("LOKID_SNAPSHOT_CLOSE_EVENTS", "1")


@pytest.mark.usefixtures("often")
def test_a_daemon_saves_as_its_log_grows(tmp_path: Path) -> None:
    """It need not end well: what starts after a kill begins from there."""
    place = story(tmp_path / "shop")
    with up(place):
        until(lambda: saved(place))
        told = ask("failures", "--all", at=place)
        killed(place)
    with up(place):
        assert told == ask("failures", "--all", at=place)
        assert told["as_of_seq"] == verified(place)["events"]
    assert "snapshot" not in place.daemon_log.read_text()


@pytest.mark.usefixtures("often")
def test_rot_before_the_snapshot_is_found_by_the_daemon(tmp_path: Path) -> None:
    """Its start did not read that far; its own search does, and says so."""
    place = story(tmp_path / "shop")
    told = ask("failures", "--all", at=place)
    segment = min(place.log.glob("*.ndjson"))
    data = bytearray(segment.read_bytes())
    data[300] ^= 1
    segment.write_bytes(data)
    with up(place):
        known = ask("failures", "--all", at=place)  # it may be looking still
        assert told["failures"] == known["failures"]
        found = verified(place)
        assert 1 == found["problems"]
        shown = lokictl("status", at=place).stdout
    assert "1 damaged place (lokictl log verify)" in shown
    assert "damaged places in the log: 1" in place.daemon_log.read_text()
    assert 3 == lokictl("log", "verify", at=place).returncode


@pytest.mark.usefixtures("often")
def test_a_daemon_says_which_snapshot_it_did_not_use(tmp_path: Path) -> None:
    """One line in its log; the answers are those of the whole log."""
    place = story(tmp_path / "shop")
    told = ask("failures", "--all", at=place)
    for path in saved(place):
        path.write_bytes(path.read_bytes()[:-1])
    with up(place):
        assert told == ask("failures", "--all", at=place)
        until(lambda: saved(place)[-1].stat().st_size > 1000)
    lines = place.daemon_log.read_text().splitlines()
    [line] = [one for one in lines if "lokid: snapshot " in one]
    assert line.startswith("lokid: snapshot snap-")
    assert line.endswith("is not used: it is damaged")


def test_the_whole_log_is_verified_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the start, and as often as the setting says."""
    monkeypatch.setenv("LOKID_VERIFY_SECONDS", "0.1")
    place = story(tmp_path / "shop")
    assert ask("status", at=place)["verified"] is None
    with up(place):
        first = verified(place)
        until(lambda: verified(place)["at"] > first["at"])
        assert (ask("status", at=place)["log"]["seq"], 0) == (
            first["events"],
            first["problems"],
        )
