"""Under a live harness nothing is lost, doubled or silently old."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.simulator import Options, Simulator
from live import PATIENT, Tally, check, daemon_on, known, play, random_history
from lokid.client import Client
from lokid.paths import Workspace
from rig import crash, engine_on

ITERATIONS = 60
FRESH = 200


def counts(tally: Tally) -> tuple[int, int, int, int]:
    """What must be 0: stale, silent gaps, doubles, rows that never happened."""
    return tally.stale, tally.silent, tally.double, tally.invented


@pytest.mark.parametrize("harness", [7, 9])
def test_each_closed_file_is_in_the_next_answer(
    workspace: Workspace, harness: int
) -> None:
    """Asked after every file with time enough: nothing stale, missing, double."""
    options = Options(harness=harness, noise=False)  # type: ignore[arg-type]  # parametrised with 7 and 9 only
    tally = play(workspace, ITERATIONS, options=options, deadline=PATIENT)
    assert (0, 0, 0, 0) == counts(tally), tally


def test_at_the_default_deadline_a_gap_is_never_silent(workspace: Workspace) -> None:
    """In a hurry an answer may be stale, but then it says so."""
    tally = play(workspace, 20, options=Options(harness=9, noise=False), deadline=150)
    assert (0, 0, 0) == counts(tally)[1:], tally


def test_a_daemon_killed_at_random_loses_and_doubles_nothing(
    workspace: Workspace,
) -> None:
    """Killed (-9) and started again at random points of a live run."""
    options = Options(harness=9, noise=False)
    tally = play(workspace, 20, options=options, deadline=PATIENT, kills=10)
    assert (0, 0, 0, 0) == counts(tally), tally
    assert tally.kills


def test_the_first_crash_of_a_fresh_workspace_is_always_seen(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Directory and file made in one go, which watchers never report."""
    missed = 0
    with daemon_on(workspace):
        client = Client(workspace)
        for number in range(FRESH):
            folder = workspace.loki / "crash"
            folder.mkdir(parents=True)
            name = f"{number:064x}"
            (folder / f"{name}-1772359291.json").write_text(json.dumps(crash(name)))
            answer = client.get("failures", {"all": "1"}, PATIENT)
            found = {row["fingerprint"] for row in answer["failures"]}
            missed += name not in found
            (workspace.loki).rename(tmp_path / f"gone-{number}")
    assert 0 == missed


def test_without_any_daemon_nothing_is_missing_either(workspace: Workspace) -> None:
    """The engine opened anew for each question, as a client does by itself."""
    simulator = Simulator(workspace.root, Options(harness=9, noise=False))
    tally = Tally()
    for _ in simulator.steps(random_history(3, 6)):
        with engine_on(workspace) as engine:
            done = engine.scan()
            failures = engine.query("failures", {"all": "1"}, done)
            by_run = engine.query("iterations", {"all": "1"}, done)
        check(tally, simulator.truth, failures, by_run)
    truth = {*known(simulator.truth, "failure"), *known(simulator.truth, "gate")}
    assert (0, 0, 0) == (tally.stale, tally.silent, tally.double), tally
    assert tally.asked
    assert tally.told <= truth
