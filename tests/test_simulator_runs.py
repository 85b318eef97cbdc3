"""Several runs, a killed harness, torn writes, and how the shell spells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.simulator import Options, Simulator, demo_history
from cli.simulator.spelling import Style, spelled
from simulator_rig import Harness, content, events, iterations, played

VERSIONS = pytest.mark.parametrize("harness", [7, 9])


def test_the_shell_spells_values_by_their_look(tmp_path: Path) -> None:
    """``5.`` and ``007`` come out bare, which is no JSON."""
    root = played(tmp_path, iterations({"goal": "5."}, {"goal": "007"}))
    lines = (root / "events.jsonl").read_text().splitlines()
    assert 2 == sum('"prd":5.}' in line for line in lines) + sum(
        '"prd":007}' in line for line in lines
    )
    spelled_out = [line for line in lines if '"type":"session_start"' in line]
    with pytest.raises(json.JSONDecodeError):
        json.loads(spelled_out[0])


def test_the_shell_lets_a_newline_split_a_line() -> None:
    """Only backslash, quote and tab are escaped."""
    body = {"type": "x", "data": {"text": 'a\n"b"\t\\', "n": 3, "on": True, "no": None}}
    wanted = (
        '{"type":"x","data":{"text":"a\n\\"b\\"\\t\\\\","n":3,"on":true,"no":null}}\n'
    )
    assert wanted == spelled(body, Style.EVENT)


def test_efficiency_files_go_with_their_run(tmp_path: Path) -> None:
    """A new run deletes the files of the one before."""
    names = {file.name for file in played(tmp_path).glob("metrics/efficiency/*")}
    assert {"iteration-1.json", "iteration-2.json", "iteration-3.json"} == names


def test_a_killed_harness_stops_in_the_middle(tmp_path: Path) -> None:
    """No completion, no end marker, no more of that run; the next run starts."""
    first = iterations({}, {"unfinished": True, "output": "Going on."})
    later = iterations({}, run=2, hour=12)
    steps = list(Simulator(tmp_path).steps([*first, *later]))
    cut = [step.what for step in steps if (step.run, step.iteration) == (1, 2)]
    assert "event iteration_complete" not in cut
    assert "log grows" == [what for what in cut if what.startswith("log")][-1]
    kinds = [line["type"] for line in events(tmp_path / ".loki")]
    assert (2, 1) == (kinds.count("session_start"), kinds.count("session_end"))


def test_runs_restart_at_one_in_one_workspace(tmp_path: Path) -> None:
    """Three runs: three starts, the iteration 1 three times, counters of their own."""
    history = [
        *iterations({}, {}),
        *iterations({}, run=2, hour=12),
        *iterations({}, {}, {}, run=3, hour=16),
    ]
    told = events(played(tmp_path, history))
    starts = [
        line["data"]["iteration"] for line in told if line["type"] == "iteration_start"
    ]
    pids = {line["data"]["pid"] for line in told if line["type"] == "session_start"}
    assert [1, 2, 1, 1, 2, 3] == starts
    assert 3 == len(pids)


@VERSIONS
def test_torn_writes_show_a_half_first(harness: Harness, tmp_path: Path) -> None:
    """Some writes have a step between their halves, and the whole comes out equal."""
    torn = Simulator(tmp_path / "torn", Options(harness=harness, torn=True))
    halves = 0
    for step in torn.steps(demo_history()):
        halves += step.what.endswith("(half)")
    list(Simulator(tmp_path / "whole", Options(harness=harness)).steps(demo_history()))
    assert halves > 50
    assert content(tmp_path / "whole" / ".loki") == content(tmp_path / "torn" / ".loki")
    assert content(tmp_path / "whole" / ".loki")


def test_a_torn_document_is_seen_incomplete(tmp_path: Path) -> None:
    """After a half step the file does not parse."""
    broken = 0
    for step in Simulator(tmp_path, Options(torn=True)).steps(demo_history()):
        if step.what == "gate counts (half)":
            with pytest.raises(json.JSONDecodeError):
                json.loads((tmp_path / ".loki" / step.path).read_text())
            broken += 1
    assert broken


@pytest.mark.parametrize(("harness", "told"), [(7, [7, 4]), (9, [6, 3])])
def test_the_earlier_harness_ends_with_one_iteration_too_many(
    harness: Harness, told: list[int], tmp_path: Path
) -> None:
    """Its ``session_end`` counts on; the later one's is right."""
    ends = [
        line["data"]["iterations"]
        for line in events(played(tmp_path, harness=harness))
        if line["type"] == "session_end"
    ]
    assert told == ends
