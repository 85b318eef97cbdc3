"""Stories for laws: runs of the harness in which anything may go wrong.

Gaps of 0 to 2 seconds are likely on purpose, and so are facts dated up to a
second after what came next: second resolution is where the harness's own times
stop telling what came first.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from facts import Story
from lokid.events import Recorded

LINES = (
    None,
    "KeyError: 'user_id'",
    "json.decoder.JSONDecodeError: Expecting value: line {n} column {n}",
    "src/a.ts: error TS2322: Type 'string' is not assignable",
    "bash: line {n}: jq: command not found",
    "Error: connect ECONNREFUSED {ip}",
)
FRAMES = ((), ("load", "parse"), ("getUser", "async handler", "(anonymous)"))
GATES = ("code_review", "test_coverage", "doc_coverage")
GAPS = st.sampled_from([0, 0.4, 1, 1, 2, 7, 30])
OVERLAPS = st.sampled_from([-1, -1, -0.4, 0, 0.4, 1, 2, 30])  # what comes next began

COMMANDS = st.fixed_dictionaries(
    {
        "head": st.sampled_from(
            ["pytest tests/a.py", "npx tsc", "jq", "Edit src/a.ts"]
        ),
        "exit": st.sampled_from([0, 0, 1, 2, 127]),
        "line": st.sampled_from(LINES),
        "of": st.sampled_from(["session", "session", "nothing", "unknown"]),
    }
)
ITERATIONS = st.fixed_dictionaries(
    {
        "exit": st.sampled_from([0, 0, 1, 1, 2, 125, 127, 143]),
        "empty": st.booleans(),
        "unfinished": st.integers(0, 9).map(lambda n: n == 0),
        "line": st.sampled_from(LINES),
        "frames": st.sampled_from(FRAMES),
        "crash": st.booleans(),
        "twice": st.integers(0, 9).map(lambda n: n == 0),
        "session": st.sampled_from(["whole", "whole", "headless", "both", "none"]),
        "commands": st.lists(COMMANDS, max_size=3),
        "episode": st.booleans(),
        "provider": st.sampled_from([None, None, "rate_limited", "unknown"]),
        "gates": st.dictionaries(st.sampled_from(GATES), st.booleans()),
        "witness": st.sampled_from(["trust", "stage", "counter", "evidence"]),
        "friction": st.integers(0, 3).map(lambda n: n == 0),
        "council": st.sampled_from([None, None, "rejected", "approved"]),
        "gaps": st.lists(GAPS, min_size=3, max_size=3),
        "overlap": OVERLAPS,
        "rotated": st.sampled_from(
            [None] * 4 + ["begin", "gates", "complete", "gates"]
        ),
    }
)
RUNS = st.fixed_dictionaries(
    {
        "pid": st.integers(1, 3),
        "zone": st.sampled_from([None, None, 2, -5, 5.5, "unreadable"]),
        "silent": st.integers(0, 5).map(lambda n: n == 0),
        "iterations": st.lists(ITERATIONS, min_size=1, max_size=6),
        "gap": OVERLAPS,
    }
)


def _session(story: Story, n: int, spec: dict[str, Any], zone: Any, **more: Any) -> str:
    code = 0 if spec["empty"] and spec["exit"] == 1 else spec["exit"]
    told = story.session(
        n,
        code,
        line=spec["line"] if code else None,
        symbols=spec["frames"] if code else (),
        near=spec["frames"] if code else (),
        zone=None if zone == "unreadable" else zone,
        clocked=zone != "unreadable",
        empty=spec["empty"],
        **more,
    )
    return told.id


def _commands(story: Story, spec: dict[str, Any], session: str | None) -> None:
    known = {"session": session, "nothing": None, "unknown": "ab" * 16}
    for nth, one in enumerate(spec["commands"]):
        story.command(
            one["head"],
            one["exit"],
            line=one["line"],
            places=spec["frames"],
            session=known[one["of"]],
            nth=nth,
        )


def _gates(story: Story, n: int, spec: dict[str, Any], state: dict[str, int]) -> None:
    for gate, failed in sorted(spec["gates"].items()):
        state[gate] = state.get(gate, 0) + 1 if failed else 0
        if failed and spec["witness"] == "trust":
            story.trust(gate, n, state[gate], state["pid"])
        elif spec["witness"] == "stage" and gate != "code_review":
            story.stage(gate, n, failed=failed)
        elif failed and spec["witness"] == "evidence":
            story.evidence(gate, "{n} tests failed")
        elif gate == "code_review":
            story.review(n, blocking=failed)
    if spec["witness"] == "counter":
        story.counted(**{gate: state.get(gate, 0) for gate in GATES})


def tell(runs: list[dict[str, Any]]) -> list[Recorded]:
    """The facts of a story in the order in which they came about."""
    story = Story()
    state: dict[str, int] = {}
    for run in runs:
        state["pid"] = run["pid"]
        if not run["silent"]:
            story.run(run["pid"])
        for n, spec in enumerate(run["iterations"], start=1):
            _iteration(story, n, spec, run["zone"], state)
        story.wait(run["gap"])
    return story.told


def _rotate(story: Story, spec: dict[str, Any], before: str) -> None:
    if spec["rotated"] == before:
        story.rotate()


def _iteration(
    story: Story, n: int, spec: dict[str, Any], zone: Any, state: dict[str, int]
) -> None:
    first, second, third = spec["gaps"]
    _rotate(story, spec, "begin")
    story.begin(n)
    story.wait(first)
    if spec["unfinished"]:
        return
    session = None
    if spec["session"] in ("whole", "both"):
        session = _session(story, n, spec, zone, lasting=first)
    if spec["session"] in ("headless", "both"):
        session = _session(story, n, spec, zone, head=False)
    _commands(story, spec, session)
    _rotate(story, spec, "complete")
    story.complete(n, spec["exit"])
    story.wait(second)
    if spec["crash"] and spec["exit"] not in (0, 143):
        story.crash(n, spec["exit"], spec["frames"])
        if spec["twice"]:
            story.wait(0.5)
            story.crash(n, spec["exit"], spec["frames"])
    if spec["provider"] and spec["exit"]:
        story.provider(n, spec["provider"])
    story.wait(third)
    _rotate(story, spec, "gates")
    _gates(story, n, spec, state)
    if spec["friction"]:
        story.friction()
    if spec["episode"]:
        story.episode(n, "failure" if spec["exit"] else "success")
    if spec["council"]:
        story.vote_file(n, "approved")
        story.transcript(n, spec["council"])
    story.wait(spec["overlap"])


def _unrotated(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for run in runs:
        for spec in run["iterations"]:
            spec["rotated"] = None
    return runs


stories = st.lists(RUNS, min_size=1, max_size=3).map(tell)
in_one_file = st.lists(RUNS, min_size=1, max_size=3).map(_unrotated).map(tell)
"""Where a clock goes back, the files of a rotated stream have no certain order."""
