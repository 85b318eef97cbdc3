"""What a perfect reader must know, and from which step on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.simulator import Options, Simulator, Truth, demo_history, read_history
from simulator_rig import SHARED, crashes, events, iterations, played

_MAKER = SHARED / "tools" / "make_history.py"
_TRACE = 'Traceback (most recent call last):\n  File "a.py", line 3, in load\n    x()\n'


def _told(tmp_path: Path, **options: Any) -> tuple[list[Truth], dict[int, str]]:
    """The demo's truth, and what each step was."""
    simulator = Simulator(tmp_path, Options(**options))
    steps = {step.index: step.what for step in simulator.steps(demo_history())}
    return simulator.truth, steps


def test_the_demo_has_six_failures_three_gates_one_friction_two_rounds(
    tmp_path: Path,
) -> None:
    """The story's truth, in the order in which it became known."""
    told, _ = _told(tmp_path)
    failures = [
        (one.run, one.iteration, one.exit_code, one.kind, one.family)
        for one in told
        if one.what == "failure"
    ]
    assert [
        (1, 2, 1, "crash", "JSONDecodeError"),
        (1, 3, 127, "exit", "exit 127"),
        (1, 4, 1, "crash", "TypeError"),
        (1, 5, 1, "crash", "JSONDecodeError"),
        (2, 1, 143, "interrupted", "interrupted"),
        (2, 2, 1, "empty_output", "empty_output"),
    ] == failures
    others = [one.what for one in told if one.what != "failure"]
    assert ["gate", "gate", "gate", "friction", "council", "council"] == others


@pytest.mark.parametrize(
    ("harness", "gate"), [(7, "gate counts"), (9, "trust event gate_failure")]
)
def test_truth_is_known_from_the_write_that_tells_it(
    harness: int, gate: str, tmp_path: Path
) -> None:
    """A failure from its completion event on, a gate from its first record on."""
    told, steps = _told(tmp_path, harness=harness)
    known = {(one.what, steps[one.step]) for one in told}
    assert {
        ("failure", "event iteration_complete"),
        ("gate", gate),
        ("friction", "friction"),
        ("council", "council transcript"),
    } == known


def test_truth_never_runs_ahead_of_the_steps(tmp_path: Path) -> None:
    """After each step only what its writes tell is in the list."""
    simulator = Simulator(tmp_path)
    last = -1
    for step in simulator.steps(demo_history()):
        assert all(one.step <= step.index for one in simulator.truth)
        assert all(one.step == step.index for one in simulator.truth[last + 1 :])
        last = len(simulator.truth) - 1
    assert 12 == last + 1


def test_a_torn_write_tells_nothing_before_its_second_half(tmp_path: Path) -> None:
    """The half of a completion event is no failure yet."""
    told, steps = _told(tmp_path, torn=True)
    assert {False} == {steps[one.step].endswith("(half)") for one in told}
    assert 12 == len(told)


def test_a_blocking_review_is_gate_code_review(tmp_path: Path) -> None:
    """Once, from the review's completion event, at 7 and at 9."""
    review = {"verdicts": {"ann": "PASS", "bo": "FAIL"}, "blocking": True}
    for harness in (7, 9):
        simulator = Simulator(tmp_path / str(harness), Options(harness=harness))
        steps = list(simulator.steps(iterations({"review": review})))
        (known,) = simulator.truth
        assert "event code_review_complete" == steps[known.step].what
        assert ("gate", "code_review") == (known.what, known.gate)


def test_a_cut_off_iteration_is_known_by_the_next_start(tmp_path: Path) -> None:
    """Interrupted, without an exit code; while nothing follows, nothing is known."""
    alone = iterations({}, {"unfinished": True})
    simulator = Simulator(tmp_path / "alone")
    assert list(simulator.steps(alone))
    assert [] == simulator.truth
    steps = list(simulator.steps(iterations({}, run=2, hour=12)))
    (known,) = simulator.truth
    assert (1, 2, "interrupted", None) == (
        known.run,
        known.iteration,
        known.kind,
        known.exit_code,
    )
    (start,) = [step.index for step in steps if step.what == "event session_start"]
    assert start == known.step


def test_without_telemetry_no_friction_is_known(tmp_path: Path) -> None:
    """The friction's file is its only record."""
    told, _ = _told(tmp_path, telemetry=False)
    assert [] == [one for one in told if one.what == "friction"]


@pytest.mark.parametrize(("gap", "frictions"), [(0, 1), (60, 2)])
def test_one_file_tells_of_one_friction(
    gap: float, frictions: int, tmp_path: Path
) -> None:
    """Two gates red for the third time in the same second share one file."""
    red = {"gates": {"static_analysis": "fail", "doc_coverage": "fail"}}
    history = [*iterations(red, red, red, {}, gap=gap)]
    simulator = Simulator(tmp_path)
    assert list(simulator.steps(history))
    known = [one.gate for one in simulator.truth if one.what == "friction"]
    files = [
        name
        for name, body in crashes(tmp_path / ".loki").items()
        if body["friction_kind"]
    ]
    assert frictions == len(known) == len(files)


@pytest.mark.parametrize(
    ("output", "kind", "family", "line"),
    [
        (
            _TRACE + "app.errors.NoRowError: id 7",
            "crash",
            "NoRowError",
            "NoRowError: id 7",
        ),
        (
            "E   KeyError: 'id'\nFAILED t.py::a - KeyError: 'id'",
            "crash",
            "KeyError",
            "E   K",
        ),
        ("a.ts(3,4): error TS2322: no string", "exit", "TS2322", "error TS2322"),
        ("error[E0382]: moved\nerror: could not compile", "exit", "E0382", "E0382"),
        ("npm error code ERESOLVE\nnpm error unable", "exit", "ERESOLVE", "ERESOLVE"),
        ("bash: jq: command not found", "exit", "exit 1", "not found"),
        ("    at run (/a/b.js:1:2)\nquiet", "crash", "exit 1", "quiet"),
    ],
)
def test_the_cause_is_read_from_the_failing_command(
    output: str, kind: str, family: str, line: str, tmp_path: Path
) -> None:
    """Kind, family and line by one plain rule a known shape."""
    command = {"command": "x", "exit_code": 1, "output": output}
    simulator = Simulator(tmp_path)
    history = iterations({"exit_code": 1, "commands": [command], "trap": "T1"})
    assert list(simulator.steps(history))
    (known,) = simulator.truth
    assert (kind, family, "T1") == (known.kind, known.family, known.trap)
    assert line in (known.error_line or "")


def test_the_other_ways_to_fail_have_their_kinds(tmp_path: Path) -> None:
    """No error line where none can be known."""
    simulator = Simulator(tmp_path)
    history = iterations(
        {"provider": "killed", "exit_code": 130},
        {"provider": "empty"},
        {"provider": "not_called"},
        {"provider": "rate_limited"},
    )
    assert list(simulator.steps(history))
    assert [
        ("interrupted", 130, None),
        ("empty_output", 1, None),
        ("exit", 125, None),
        ("provider", 1, None),
    ] == [(one.kind, one.exit_code, one.error_line) for one in simulator.truth]


def _made(days: str) -> str:
    """A history of the maker that lies beside this checkout."""
    made = [sys.executable, str(_MAKER), "--seed", "3", "--days", days]
    return subprocess.run(made, capture_output=True, check=True, text=True).stdout


@pytest.mark.skipif(not _MAKER.exists(), reason="there is no history maker beside us")
@pytest.mark.parametrize("harness", [7, 9])
def test_a_made_history_plays_and_fails_where_it_says(
    harness: int, tmp_path: Path
) -> None:
    """Two days of it: each trap is one failure, none is invented."""
    path = tmp_path / "history.jsonl"
    path.write_text(_made("2"))
    history = list(read_history(path))
    simulator = Simulator(tmp_path, Options(harness=harness))  # type: ignore[arg-type]  # parametrised with 7 and 9 only
    assert list(simulator.steps(history))
    wanted = [(one.run, one.iteration, one.trap) for one in history if one.exit_code]
    assert wanted == [(one.run, one.iteration, one.trap) for one in simulator.truth]
    assert wanted
    assert all(one.error_line for one in simulator.truth)
    completed = [
        line
        for line in events(tmp_path / ".loki")
        if line["type"] == "iteration_complete"
    ]
    assert len(history) == len(completed)


def test_two_plays_of_one_history_are_alike(tmp_path: Path) -> None:
    """What the harness draws at random comes out the same each time."""
    files = []
    for name in ("one", "two"):
        root = played(tmp_path / name)
        files.append(sorted(path.relative_to(root) for path in root.rglob("*")))
    assert files[0] == files[1]
    assert json.loads((root / "autonomy-state.json").read_text())
