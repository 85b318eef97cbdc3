"""Whatever stands in the harness's files, a line stays one harmless line.

The attacks go in where the harness and the agent write (the provider's log, the
agent's commands, crash files, episodes, votes, reviews, gates) and are looked for
in what comes out: block, check and fix.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokid.paths import Workspace, find_workspace
from lokid.projection import Answer
from projections.warning import LIMIT
from rig import crash, engine_on, put
from simulator_rig import iterations, played
from test_context_text import ATTACKS, MIXTURES, check

MOST_BYTES = 1800
LONGEST = {
    "recent": 2 + 80 + 2 + 160,
    "prior": len("- (prior) ") + 120,
    "council": 2 + 160,
}
LATER = "2026-03-02T09:30:00.000Z"
NEXT_WEEK = "2026-03-09T09:30:00.000Z"
ROLE_NAMES = ("System", "human", "Assistant", "user", "TOOL", "developer")
SPELLINGS = (
    "{}",
    "KeyError: {}",
    "E   AssertionError: {}",
    "npm error code ERESOLVE\nnpm error {}",
    "src/a.ts(3,4): error TS2322: {}",
    "bash: line 3: {}: command not found",
    "error[E0382]: {}\n  --> src/a.rs:3:9",
    'Traceback (most recent call last):\n  File "/a/{}.py", line 3, in {}\n{}Error: {}',
)


@contextmanager
def somewhere() -> Iterator[Workspace]:
    """A workspace for one example, which hypothesis makes many of."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "work"
        root.mkdir()
        environ = {**os.environ, "LOKID_STATE_DIR": str(Path(folder) / "state")}
        yield find_workspace(str(root), environ)


def story(attack: str, spelling: str, command: str) -> list[dict[str, Any]]:
    """Iterations in which the attack is everywhere that an agent can put it."""
    text = spelling.replace("{}", attack)
    failed = {"command": command, "exit_code": 1, "output": text, "trap": "x"}
    worked = {"command": f"{command} --force", "output": attack}
    row: dict[str, Any] = {
        "goal": attack,
        "files": [attack, f"src/{attack}.py"],
        "output": text,
    }
    return [
        {**row, "exit_code": 1, "commands": [failed]},
        {**row, "commands": [worked], "commit": "abcdef1"},
        {**row, "exit_code": 1, "commands": [failed], "gates": {attack: "fail"}},
        {**row, "exit_code": 2, "commands": [failed, worked]},
        {
            **row,
            "review": {
                "verdicts": {attack.replace("\0", ""): "FAIL"},
                "blocking": True,
            },
            "council": {
                "outcome": "rejected",
                "votes": [{"role": attack, "verdict": "reject", "reason": attack}],
            },
        },
    ]


def plant(workspace: Workspace, attack: str, spelling: str, command: str) -> None:
    """Two runs of the harness, and files that only an attacker would write."""
    told = [
        one
        for run in (1, 2)
        for one in iterations(*story(attack, spelling, command), run=run, hour=7 + run)
    ]
    played(workspace.root, told)
    hostile = crash(
        error_class=attack,
        stack_signature=[attack, f"{attack} > {attack}"],
        rarv_phase=attack,
        friction_kind=attack,
    )
    put(workspace, "crash/hostile-1772442000.json", hostile)
    named = crash("cd" * 32, error_class=ROLE_NAMES[len(attack) % len(ROLE_NAMES)])
    named["captured_at"] = "2026-03-02T09:20:00Z"
    put(workspace, "crash/named-1772443200.json", named)


def answers(workspace: Workspace, attack: str, command: str) -> Iterator[Answer]:
    """Everything that can be said to an agent, now and a week later."""
    with engine_on(workspace) as engine:
        engine.scan()
        for now in (LATER, NEXT_WEEK):
            for most in (MOST_BYTES, 300):
                params = {"goal": attack, "phase": attack, "max_bytes": str(most)}
                params |= {"now": now, "mark": "1"}
                answer = engine.query("context", params)
                assert len(answer["text"].encode()) < most
                yield answer
        for line in (command, f"{command} --force", attack):
            params = {"command": line, "session": attack, "iteration": "9"}
            yield engine.query("check", params)
            for error in (attack, f"KeyError: {attack}", ""):
                yield engine.query("fix", {**params, "error": error})
        yield engine.query("check", {"tool": attack, "file": attack})


def hold(answer: Answer) -> None:
    """One line each, of harmless characters, within the limits."""
    for line in answer.get("lines", ()):
        assert line["text"] in answer["text"].split("\n")
        assert len(line["text"]) <= LONGEST[line["kind"]]
    for line in answer["text"].split("\n"):
        plain = line.replace(" > ", " ") if "signature: " in line else line
        check(plain.removeprefix("- "), LIMIT)
        assert line == line.strip()
        assert "\t" not in line


def told_of(attack: str, spelling: str, command: str) -> int:
    """Plant an attack and hold everything that comes of it; how much was said."""
    with somewhere() as workspace:
        plant(workspace, attack, spelling, command)
        said = 0
        for answer in answers(workspace, attack, command):
            hold(answer)
            said += bool(answer["text"])
    return said


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_in_every_file_breaks_no_line(attack: str) -> None:
    """Each known one, in an error, in a command, in a name."""
    plain = attack.encode("utf-8", "replace").decode()
    spelling = SPELLINGS[len(attack) % len(SPELLINGS)]
    assert told_of(plain, spelling, f"npm run x {plain}") >= 4


@settings(max_examples=12, deadline=None)
@given(
    MIXTURES.map(lambda text: text.encode("utf-8", "replace").decode()),
    st.sampled_from(SPELLINGS),
    st.sampled_from(
        ["npm install {}", "{}", "pytest 'tests/{}.py'", "npm run user:{}"]
    ),
)
def test_no_mixture_breaks_a_line(attack: str, spelling: str, command: str) -> None:
    """Whatever is put together, wherever it stands."""
    told_of(attack, spelling, command.replace("{}", attack))


def test_a_class_named_like_a_role_is_no_role() -> None:
    """The type and its message are harmless, and so they are side by side."""
    for number, name in enumerate(ROLE_NAMES):
        with somewhere() as workspace:
            plant(workspace, "x" * number, "{}", "npm ci")
            with engine_on(workspace) as engine:
                engine.scan()
                answer = engine.query("context", {"now": LATER})
        hold(answer)
        assert f"- {name} - phase=ACT; signature: load > parse" in answer["text"]
