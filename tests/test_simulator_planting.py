"""With planting, every string of every file holds something secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

import pytest

from cli.simulator import Options, Simulator, demo_history
from cli.simulator.planting import KEPT, NAMES
from simulator_rig import events, iterations, played

VERSIONS = pytest.mark.parametrize("harness", [7, 9])
_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
_SIGNS = {
    "token": re.compile(
        r"gh[op]_|github_pat_|glpat-|AKIA|AIza|sk[-_]|xoxb-|npm_|pypi-|hf_|eyJ"
    ),
    "home": re.compile(r"ulf\d+q"),
    "repo": re.compile(r"owner\d+q/repo\d+q"),
    "mail": re.compile(r"mail\d+@corp\d+\.example\.org"),
    "address": re.compile(r"\b10\.\d+\.\d+\.\d+\b"),
}


def _bare(value: Any, key: str = "") -> list[str]:
    """The strings of a document that hold nothing planted, by their keys."""
    if isinstance(value, dict):
        return [found for k, v in value.items() for found in _bare(v, k)]
    if isinstance(value, list):
        return [found for item in value for found in _bare(item, key)]
    if not isinstance(value, str) or key in KEPT or _TIME.match(value):
        return []
    return [] if all(sign.search(value) for sign in _SIGNS.values()) else [key]


@VERSIONS
def test_every_string_of_every_document_is_planted(
    harness: Literal[7, 9], tmp_path: Path
) -> None:
    """All five kinds in each; only names may be bare, and not in every writing."""
    simulator = Simulator(tmp_path, Options(harness=harness, plant=True))
    seen: set[str] = set()
    for step in simulator.steps(demo_history()):
        if step.path.endswith(".json") and not step.what.endswith(("gone", "removed")):
            body = json.loads((tmp_path / ".loki" / step.path).read_text())
            bare = set(_bare(body))
            assert bare <= NAMES, step
            seen |= {"bare" if bare else "planted"}
    assert {"bare", "planted"} == seen


def test_every_line_of_the_log_is_planted_but_its_markers(tmp_path: Path) -> None:
    """Prompt, stream and plain text; frames in every second writing."""
    (log,) = played(tmp_path, plant=True).glob("logs/autonomy-*.log")
    lines = [
        line for line in log.read_text().splitlines() if not line.startswith("=== ")
    ]
    bare = [line for line in lines if not _SIGNS["token"].search(line)]
    left = [line for line in bare if not line.startswith(("    at ", "  File "))]
    structural = [line for line in left if '"type": "result"' in line]
    assert structural == left


def test_every_event_keeps_its_shape(tmp_path: Path) -> None:
    """Types, times and numbers stand, so the stream is still a stream."""
    told = events(played(tmp_path, plant=True))
    plain = events(played(tmp_path / "plain"))
    assert [line["type"] for line in plain] == [line["type"] for line in told]
    ends = [line["data"] for line in told if line["type"] == "iteration_complete"]
    assert [0, 1, 127, 1, 1, 0, 143, 1, 0] == [data["exitCode"] for data in ends]


def test_no_string_is_planted_twice(tmp_path: Path) -> None:
    """A finding can be told back to the one field that leaked it."""
    simulator = Simulator(tmp_path, Options(plant=True))
    assert list(simulator.steps(demo_history()))
    assert len(set(simulator.planted)) == len(simulator.planted)
    assert len(simulator.planted) > 1000


def test_all_that_is_planted_is_listed(tmp_path: Path) -> None:
    """What the signs find in the tree is in the list."""
    simulator = Simulator(tmp_path, Options(plant=True))
    assert list(simulator.steps(demo_history()))
    listed = set(simulator.planted)
    for file in (tmp_path / ".loki").rglob("*"):
        if file.is_file():
            text = file.read_text()
            for name in ("home", "repo", "mail", "address"):
                assert set(_SIGNS[name].findall(text)) <= listed


def test_a_frame_stays_a_frame(tmp_path: Path) -> None:
    """A planted symbol and file, in a line that still reads as a frame."""
    trace = 'Traceback:\n  File "/srv/a.py", line 3, in load\nKeyError: 1'
    said = {"provider": "text", "exit_code": 1, "output": trace}
    (log,) = played(tmp_path, iterations(said, said), plant=True).glob("logs/*.log")
    text = log.read_text()
    assert re.search(r'  File "[^"]*ulf\d+q[^"]*/a\.py", line 3, in load_\S+\n', text)


def test_without_planting_nothing_is_planted(tmp_path: Path) -> None:
    """The list is empty and no sign is in the tree."""
    simulator = Simulator(tmp_path)
    assert list(simulator.steps(demo_history()))
    assert [] == simulator.planted
    text = (tmp_path / ".loki" / "events.jsonl").read_text()
    assert not any(sign.search(text) for sign in _SIGNS.values())
