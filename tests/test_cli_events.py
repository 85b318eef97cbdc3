"""events, log and verify: the log as it lies."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lokid.paths import Workspace
from rig import crash, put
from shell import COMMAND, Terminal, ask, interrupt, lokictl, story, up


@pytest.fixture
def told(tmp_path: Path) -> Workspace:
    """A workspace with the story of the demo."""
    return story(tmp_path / "shop")


@pytest.fixture
def quiet(workspace: Workspace) -> Workspace:
    """A workspace with one crash."""
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    return workspace


def seqs(text: str) -> list[int]:
    """The positions of lines of the log."""
    return [json.loads(line)["seq"] for line in text.splitlines()]


def test_since_and_type_choose_events(told: Workspace) -> None:
    """--since is exclusive, --type exact and repeatable, with a daemon or not."""
    whole = lokictl("events", "--json", at=told).stdout
    kinds = ("--type", "run.started", "--type", "crash.observed")
    asked = ("events", "--json", "--since", "5", *kinds)
    embedded = lokictl(*asked, at=told).stdout
    with up(told):
        served = lokictl(*asked, at=told).stdout
    wanted = [
        json.loads(line)["seq"]
        for line in whole.splitlines()
        if json.loads(line)["type"] in kinds and json.loads(line)["seq"] > 5
    ]
    assert wanted == seqs(embedded) == seqs(served)
    assert wanted


def test_people_get_a_line_an_event(told: Workspace) -> None:
    """Position, time, type and what it says."""
    lines = lokictl("events", at=told).stdout.splitlines()
    assert len(lines) == ask("status", at=told)["log"]["seq"]
    assert lines[0].split()[0] == "1"
    assert "run.started" in lines[0]


def follow(place: Workspace, *words: str) -> subprocess.Popen[str]:
    """A command that follows the log."""
    return subprocess.Popen(
        [*COMMAND, "-C", str(place.root), "events", "-f", "--json", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def some(process: subprocess.Popen[str]) -> Iterator[int]:
    """Positions as they come."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)["seq"]


@pytest.mark.parametrize("daemon", [True, False])
def test_following_shows_what_comes(quiet: Workspace, *, daemon: bool) -> None:
    """New events appear in order, once; Ctrl-C ends it quietly with 130."""
    if daemon:
        lokictl("up", at=quiet)
    process = follow(quiet)
    try:
        seen = some(process)
        assert 1 == next(seen)
        put(quiet, "crash/" + "cd" * 32 + "-1772359292.json", crash())
        ask("failures", at=quiet)
        assert 2 == next(seen)
        interrupt(process)
        _, complaint = process.communicate(timeout=30)
    finally:
        process.kill()
        lokictl("down", at=quiet)
    assert 130 == process.returncode
    assert "Traceback" not in complaint


def test_following_survives_the_daemon(quiet: Workspace) -> None:
    """A daemon that ends is followed by the log itself: nothing lost or double."""
    lokictl("up", at=quiet)
    process = follow(quiet)
    try:
        seen = some(process)
        assert 1 == next(seen)
        lokictl("down", at=quiet)
        put(quiet, "crash/" + "cd" * 32 + "-1772359292.json", crash())
        ask("failures", at=quiet)
        assert 2 == next(seen)
    finally:
        process.kill()
        process.communicate()


def test_following_ends_with_its_reader(quiet: Workspace) -> None:
    """`events -f | head -1` comes back though nothing more happens."""
    command = " ".join([*COMMAND, "-C", str(quiet.root), "events", "-f"])
    done = subprocess.run(
        ["sh", "-c", f"{command} | head -1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "crash.observed" in done.stdout


def test_ctrl_c_on_a_terminal_is_quiet(quiet: Workspace) -> None:
    """No traceback, 130."""
    terminal = Terminal("-C", str(quiet.root), "events", "-f", columns=80)
    assert terminal.shows("crash.observed")
    interrupt(terminal.process)
    code, shown = terminal.ended()
    assert (130, False) == (code, "Traceback" in shown)


def test_log_says_where_and_how_much(told: Workspace) -> None:
    """Directory, positions, bytes and segments."""
    assert "no log yet" in lokictl("log", at=told).stdout
    seq = ask("failures", at=told)["as_of_seq"]
    held = ask("log", at=told)
    size = sum(path.stat().st_size for path in told.log.glob("*.ndjson"))
    assert (str(told.log), 1, seq, size) == tuple(
        held[key] for key in ("directory", "first_seq", "last_seq", "bytes")
    )
    assert f"events     1 to {seq}" in lokictl("log", at=told).stdout


def test_verify_finds_a_whole_log_whole(told: Workspace) -> None:
    """Exit 0, under both names."""
    ask("failures", at=told)
    assert ask("verify", at=told) == ask("log", "verify", at=told)
    done = lokictl("verify", at=told)
    assert (0, "ok:") == (done.returncode, done.stdout[:3])


def test_verify_names_the_damaged_place(told: Workspace) -> None:
    """Exit 3, and segment, byte, event, reason, and what to do."""
    ask("failures", at=told)
    segment = next(iter(told.log.glob("*.ndjson")))
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"iteration":1', b'"iteration":7')
    segment.write_bytes(b"".join(lines))
    done = lokictl("verify", at=told)
    told_to_programs = json.loads(lokictl("verify", "--json", at=told).stdout)
    offset = sum(map(len, lines[:3]))
    assert 3 == done.returncode
    assert f"{segment.name} at byte {offset}: event 4: " in done.stdout
    assert "Nothing was changed" in done.stdout
    problem = told_to_programs["problems"][0]
    assert (segment.name, offset, 4) == (
        problem["segment"],
        problem["offset"],
        problem["seq"],
    )
    assert os.fspath(told.log) in done.stdout
