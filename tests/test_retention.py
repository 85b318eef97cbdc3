"""How much of the log is kept, and where it is cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokid import clock
from lokid.config import Settings, load_settings
from lokid.errors import SettingsError
from lokid.events import (
    CrashObserved,
    Event,
    Fact,
    IterationCompleted,
    IterationStarted,
    LogLossAccepted,
    RunStarted,
)
from lokid.log import Log, LogReader, event_id
from lokid.paths import Workspace
from lokid.retention import Aim, bound, find_until, is_old
from lokid.torn import tidy

AT = "2026-03-01T10:00:00.000Z"
LATER = "2026-03-01T11:00:00.000Z"
NEVER = b""


def write(directory: Path, told: list[Event], at: str = AT, size: int = 2048) -> None:
    """Append these events, each in a batch of its own."""
    log = Log.open(directory, segment_bytes=size)
    for event in told:
        identity = (event.TYPE, log.seq)
        fact = Fact(event=event, identity=identity)
        log.append([(event_id(identity), fact)], at)
    log.close()


def run(iterations: int) -> list[Event]:
    """A run of so many iterations."""
    told: list[Event] = [RunStarted(pid=7)]
    for n in range(1, iterations + 1):
        told += [IterationStarted(iteration=n), IterationCompleted(iteration=n)]
    return told


def up_to(directory: Path, seq: int) -> int:
    """The bytes of all lines up to an event."""
    return sum(len(line) for line in LogReader(directory).lines(0, seq))


def test_a_log_within_its_bound_stays(tmp_path: Path) -> None:
    """Neither too large nor too old: nothing is to go."""
    write(tmp_path, run(5))
    size = up_to(tmp_path, 11)
    few = Settings(segment_bytes=2048, retention_bytes=size)
    assert 0 == Aim.of(few, size, LATER).size
    assert find_until(tmp_path, Aim.of(few, size, LATER)) is None
    assert not is_old(tmp_path, Aim.of(few, size, LATER))


def test_it_is_brought_to_half_of_the_bound() -> None:
    """One byte too many, and half of the bound goes."""
    most = Settings(segment_bytes=1024, retention_bytes=8192)
    assert 0 == Aim.of(most, 8192, AT).size
    assert 4097 == Aim.of(most, 8193, AT).size


def test_two_segments_are_kept_whatever_is_set() -> None:
    """A bound below that is none."""
    assert 2 << 20 == bound(Settings(segment_bytes=1 << 20, retention_bytes=512))


def test_no_run_is_torn(tmp_path: Path) -> None:
    """The cut is right before the last run that began before the place."""
    write(tmp_path, [*run(4), *run(4), *run(4)])
    assert 9 == find_until(tmp_path, Aim(up_to(tmp_path, 14), NEVER))
    assert 18 == find_until(tmp_path, Aim(up_to(tmp_path, 18), NEVER))
    assert 18 == find_until(tmp_path, Aim(up_to(tmp_path, 20), NEVER))
    assert 9 == find_until(tmp_path, Aim(up_to(tmp_path, 18), NEVER), 15)


def test_a_giant_run_is_cut_behind_an_iteration(tmp_path: Path) -> None:
    """Where what lies before it is not worth it, a run is cut all the same."""
    write(tmp_path, [*run(1), *run(30)])
    until = find_until(tmp_path, Aim(up_to(tmp_path, 40), NEVER))
    assert 40 == until  # the run began with event 4: even seqs end iterations


def test_without_iterations_it_is_cut_anywhere(tmp_path: Path) -> None:
    """A log of crash files alone is bounded too."""
    write(tmp_path, [CrashObserved(error_class="KeyError")] * 20)
    assert 8 == find_until(tmp_path, Aim(up_to(tmp_path, 8), NEVER))


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    """By the time of arrival, not by what a fact says of itself."""
    write(tmp_path, run(3), at="2025-01-01T10:00:00.000Z")
    write(tmp_path, run(3), at=AT)
    days = Settings(retention_days=30)
    assert is_old(tmp_path, Aim.of(days, 0, AT))
    assert 7 == find_until(tmp_path, Aim.of(days, 0, AT))
    many = Settings(retention_days=500)
    assert find_until(tmp_path, Aim.of(many, 0, AT)) is None


def test_a_clock_far_back_removes_nothing(tmp_path: Path) -> None:
    """The first day of all times is early enough."""
    write(tmp_path, run(3))
    assert not is_old(tmp_path, Aim.of(Settings(), 0, clock.from_seconds(0) or ""))


def test_nothing_goes_behind_damage_that_nobody_accepted(tmp_path: Path) -> None:
    """A damaged place is evidence, until somebody says that it may go."""
    write(tmp_path, run(20))
    second = sorted(tmp_path.glob("*.ndjson"))[1]
    lines = second.read_bytes().split(b"\n")
    broken = sum(len(line) + 1 for line in lines[:2])
    lines[2] = lines[2].replace(b"iteration", b"ITERATION")
    second.write_bytes(b"\n".join(lines))
    write(tmp_path, run(20))
    first_bad = int(second.stem) + 2
    all_of_it = Aim(1 << 30, NEVER)
    until = find_until(tmp_path, all_of_it)
    assert until is not None
    assert until < first_bad
    accepted = LogLossAccepted(segment=second.name, offset=broken, seq=first_bad)
    write(tmp_path, [accepted])
    until = find_until(tmp_path, all_of_it)
    assert until is not None
    assert until > first_bad


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.floats(0, 1.2))
def test_enough_goes_or_all_that_may(
    tmp_path_factory: pytest.TempPathFactory, runs: list[int], share: float
) -> None:
    """At least half of what must go, and one line more at the most."""
    directory = tmp_path_factory.mktemp("log")
    told = [event for length in runs for event in run(length)]
    write(directory, told)
    whole, line = up_to(directory, len(told)), up_to(directory, 1) + 64
    size = int(whole * share)
    until = find_until(directory, Aim(size, NEVER)) or 0
    assert min(size, whole) <= 2 * up_to(directory, until) + 3 * line
    assert up_to(directory, until) <= size + line
    if size > 6 * line:
        ends = until == len(told) or isinstance(told[until], RunStarted)
        assert ends or isinstance(told[until - 1], IterationCompleted)


def test_a_workspace_may_not_set_what_is_kept(workspace: Workspace) -> None:
    """Whoever writes the workspace must not be able to empty the memory."""
    workspace.loki.mkdir()
    (workspace.loki / "lokid.toml").write_text("retention_days = 1\n")
    loaded = load_settings(workspace.loki, {})
    assert 400 == loaded.settings.retention_days
    assert any("retention_days" in line for line in loaded.refused)


def test_bad_bounds_are_refused(workspace: Workspace) -> None:
    """A bound of nothing is a mistake."""
    for name, value in (("BYTES", "0"), ("DAYS", "0"), ("DAYS", "-1")):
        with pytest.raises(SettingsError, match=f"LOKID_RETENTION_{name}"):
            load_settings(workspace.loki, {f"LOKID_RETENTION_{name}": value})


def test_what_was_set_aside_is_bounded(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go first, the newest never, and nothing else is touched."""
    monkeypatch.setattr("lokid.torn.MOST", 100)
    workspace.torn.mkdir(parents=True)
    tidy(workspace)
    begin = 1_700_000_000
    for nth in range(4):
        file = workspace.torn / f"{nth}"
        file.write_bytes(b"x" * 60)
        _dated(file, begin + nth)
    tidy(workspace)
    assert ["3"] == sorted(one.name for one in workspace.torn.iterdir())
    (workspace.torn / "4").write_bytes(b"x" * 400)
    tidy(workspace)
    assert ["4"] == sorted(one.name for one in workspace.torn.iterdir())


def _dated(file: Path, seconds: float) -> None:
    os.utime(file, (seconds, seconds))
