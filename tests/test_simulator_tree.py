"""The tree has the harness's files and fields, written in its order and manner."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli.simulator import Iteration, Options, Simulator, demo_history
from simulator_rig import (
    CORPUS,
    Harness,
    events,
    iterations,
    ndjson,
    played,
)

VERSIONS = pytest.mark.parametrize("harness", [7, 9])

EVERY_ITERATION = {
    "events.jsonl",
    "queue/in-progress.json",
    "queue/current-task.json",
    "autonomy-state.json",
    "logs/autonomy-#.log",
    "logs/iter-output-#",
    "metrics/efficiency/iteration-#.json",
    "learning/signals/#.json",
    "events/pending/#.json",
    "quality/gate-failure-count.json",
    "quality/static-analysis.json",
    "quality/test-results.json",
    "memory/episodic/#/task-ep-#.json",
    "memory/index.json",
    "memory/timeline.json",
    "council/state.json",
    "council/convergence.log",
    "CONTINUITY.md",
}
ONLY_NINE = {
    "metrics/trust-events.jsonl",
    "state/trust-run-id",
    "state/LAST_ERROR.json",
    "state/failure-history.jsonl",
    "state/findings-#.json",
    "state/completion.json",
    "memory/failures.jsonl",
    "loki-run.json",
}


def _kind(path: str) -> str:
    """A path with all that changes from one writing to the next taken out."""
    path = re.sub(
        r"(iter-output-|task-ep-|learning/signals/|pending/)[^/.]*", r"\1#", path
    )
    path = re.sub(r"(pending/#)[^/]*(\.json)", r"\1\2", path)
    return re.sub(r"\d[\d-]*", "#", path)


def _told() -> list[Iteration]:
    """Iterations that make the harness write everything it knows."""
    red = {"static_analysis": "fail", "doc_coverage": "fail"}
    return iterations(
        {"gates": red, "files": ["src/a.py"], "commit": "abc1234"},
        {"provider": "empty", "gates": red},
        {"provider": "rate_limited", "gates": red},
        {
            "review": {
                "verdicts": {"ann": "FAIL", "bo": "NO_OUTPUT"},
                "blocking": True,
            },
            "council": {
                "outcome": "rejected",
                "votes": [
                    {"role": "test_auditor", "verdict": "reject", "reason": "no"}
                ],
            },
        },
        {"provider": "killed", "exit_code": 143},
    )


@VERSIONS
def test_every_iteration_leaves_the_harness_files(
    harness: Harness, tmp_path: Path
) -> None:
    """Each file of the reference is written in each iteration."""
    steps = list(Simulator(tmp_path, Options(harness=harness)).steps(_told()))
    for number in range(1, 6):
        wrote = {_kind(step.path) for step in steps if step.iteration == number}
        assert set() == EVERY_ITERATION - wrote


def test_the_later_harness_leaves_more(tmp_path: Path) -> None:
    """What only 9 writes is missing at 7 and there at 9."""
    wrote: dict[int, set[str]] = {}
    for harness in (7, 9):
        simulator = Simulator(tmp_path / str(harness), Options(harness=harness))
        steps = list(simulator.steps(_told()))
        wrote[harness] = {_kind(step.path) for step in steps}
    assert (set(), set()) == (ONLY_NINE - wrote[9], ONLY_NINE & wrote[7])


@VERSIONS
def test_each_step_closes_its_file(harness: Harness, tmp_path: Path) -> None:
    """After each step nothing below the tree is open, and its file is there."""
    simulator = Simulator(tmp_path, Options(harness=harness))
    for number, step in enumerate(simulator.steps(demo_history())):
        assert number == step.index
        assert step.path not in _opened(tmp_path / ".loki")
        gone = step.what.endswith(("removed", "gone"))
        assert gone != (tmp_path / ".loki" / step.path).exists()
        if step.path.endswith(".json") and not gone:
            json.loads((tmp_path / ".loki" / step.path).read_text())


def _opened(root: Path) -> list[str]:
    """The files below ``root`` that this process holds open (where that is told)."""
    table = Path("/proc/self/fd")
    if not table.is_dir():
        return []
    links = [str(fd.readlink()) for fd in table.iterdir() if fd.is_symlink()]
    inside = f"{root}/"
    return [link.removeprefix(inside) for link in links if link.startswith(inside)]


@VERSIONS
def test_writes_come_in_the_harness_order(harness: Harness, tmp_path: Path) -> None:
    """Inside an iteration each cause is written before what follows from it."""
    steps = list(Simulator(tmp_path, Options(harness=harness)).steps(demo_history()))
    fourth = [step.what for step in steps if (step.run, step.iteration) == (1, 4)]
    wanted = [
        "event iteration_start",
        "queue in progress",
        "state running",
        "log begins",
        "log ends",
        "state exited",
        "event iteration_complete",
        "efficiency",
        "queue failed",
        "crash",
        "gate counts",
        "friction",
        "red gates",
        "episode",
        "index",
        "timeline",
        "council state",
        "convergence",
        "output copy removed",
    ]
    places = [fourth.index(what) for what in wanted]
    assert sorted(places) == places


def test_writes_are_made_only_when_asked_for(tmp_path: Path) -> None:
    """Before the first step there is no tree, and after it one file."""
    steps = Simulator(tmp_path).steps(demo_history())
    assert not (tmp_path / ".loki").exists()
    next(steps)
    files = [path for path in (tmp_path / ".loki").rglob("*") if path.is_file()]
    assert ["events.jsonl"] == [path.name for path in files]


@VERSIONS
def test_events_carry_the_data_of_the_reference(
    harness: Harness, tmp_path: Path
) -> None:
    """The keys of each event type, in their order."""
    told = {
        line["type"]: list(line["data"])
        for line in events(played(tmp_path, harness=harness))
    }
    wanted = {
        "session_start": ["provider", "prd", "parallel", "complexity", "pid"],
        "iteration_start": ["iteration", "provider", "prd"],
        "iteration_complete": ["iteration", "status", "exitCode", "provider"],
        "code_review_start": ["review_id", "reviewers", "iteration"],
        "session_end": ["result", "provider", "iterations"],
    }
    if harness == 9:
        wanted["stage_complete"] = ["stage", "status", "duration_s", "iteration"]
        wanted["agent_prompt"] = ["bytes", "iteration", "duration_s"]
        wanted["phase_change"] = ["from", "to", "iteration"]
    assert wanted == {name: told[name] for name in wanted}
    assert (harness == 9) == ("code_review_council_complete" in told)


@pytest.mark.skipif(
    not CORPUS.is_dir(), reason="there is no corpus beside this checkout"
)
@pytest.mark.parametrize(
    ("harness", "tree"), [(7, "v7.19.1-run"), (9, "v9.22.12-run-telemetry-bun")]
)
def test_the_fields_are_those_of_a_real_tree(
    harness: Harness, tree: str, tmp_path: Path
) -> None:
    """What lokid reads has the real files' keys, in their order."""
    real, ours = (
        CORPUS / tree / ".loki",
        played(tmp_path, _told(), harness=harness),
    )
    for pattern in (
        "autonomy-state.json",
        "council/state.json",
        "council/votes/round-*.json",
        "council/transcripts/*.json",
        "crash/*.json",
        "memory/index.json",
        "memory/timeline.json",
        "metrics/efficiency/*.json",
        "quality/reviews/*/aggregate.json",
        "state/LAST_ERROR.json",
        "state/findings-*.json",
    ):
        wanted = {_keys(file) for file in real.glob(pattern)}
        told = {_keys(file) for file in ours.glob(pattern)}
        assert bool(wanted) == bool(told), pattern
        assert told <= wanted, pattern
    for name in ("metrics/trust-events.jsonl", "memory/failures.jsonl"):
        if (real / name).exists():
            lines = {tuple(line) for line in ndjson(ours / name)}
            assert lines == {tuple(line) for line in ndjson(real / name)}


def _keys(file: Path) -> tuple[str, ...]:
    return tuple(json.loads(file.read_text()))
