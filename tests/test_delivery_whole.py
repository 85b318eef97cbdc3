"""From the provider's log to a warning: whole histories, played and asked about."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.simulator import Iteration
from explain_rig import TRAPS
from facts import views
from lokid.command import base_of, heads_of, programs_of
from lokid.events import Recorded, Served
from lokid.paths import Workspace
from projections.attempts import Attempt
from projections.join import Join
from projections.lessons import Lessons
from rig import engine_on, recorded
from simulator_rig import SHARED, iterations, played

MAKER = SHARED / "tools" / "make_history.py"
CLOTHES = (
    "{}",
    "cd /srv/app && {}",
    "CI=1 {} 2>&1 | tail -40",
    "timeout 60 {}",
    "ls src; {} -v || true",
    "bash -c '{}'",
    "git status --short && {} && echo done",
)
PLAIN = tuple(trap for trap in TRAPS if "'" not in trap[0])


def dressed(seed: int) -> list[Iteration]:
    """A run in which each trap fails in each of these clothes, some twice."""
    rng = random.Random(seed)  # noqa: S311  a script, not a secret
    told: list[dict[str, Any]] = []
    for command, code, output, _ in PLAIN:
        for clothes in CLOTHES:
            line = clothes.format(command)
            text = output.replace("{n}", str(rng.randrange(2, 900)))
            failed = {"command": line, "exit_code": code, "output": text, "trap": "x"}
            fine = {"command": "git diff --stat", "output": "ok"}
            commands = [fine, failed] if rng.random() < 0.5 else [failed]
            told.append({"exit_code": code, "commands": commands, "output": text})
    rng.shuffle(told)
    return iterations(*told)


def made(seed: int, days: int) -> list[Iteration]:
    """A history of the shared generator."""
    words = [sys.executable, str(MAKER), "--seed", str(seed), "--days", str(days)]
    printed = subprocess.run(words, capture_output=True, check=True).stdout
    return [msgspec.json.decode(line, type=Iteration) for line in printed.splitlines()]


def captured(workspace: Workspace, history: list[Iteration]) -> list[Recorded]:
    """What the log holds after the history was played."""
    played(workspace.root, history)
    with engine_on(workspace) as engine:
        engine.scan()
    return recorded(workspace)


def failed_commands(
    join: Join, history: Iterable[Iteration]
) -> Iterator[tuple[str, Attempt]]:
    """Each command that failed, with what the log holds of it."""
    known: dict[tuple[int, int | None], list[Attempt]] = {}
    for attempt in join.attempts():
        known.setdefault((attempt.place, attempt.iteration), []).append(attempt)
    for row in history:
        attempts = known.get((row.run, row.iteration), [])
        assert len(attempts) == len(row.commands)
        for command, attempt in zip(row.commands, attempts, strict=True):
            assert attempt.ok == (command.exit_code == 0)
            if command.exit_code:
                yield command.command, attempt


HISTORIES = [
    pytest.param(lambda: dressed(3), id="dressed"),
    pytest.param(
        lambda: made(5, 3),
        id="made",
        marks=pytest.mark.skipif(not MAKER.is_file(), reason="no generator here"),
    ),
]


@pytest.mark.parametrize("history", HISTORIES)
def test_every_command_that_failed_leads_to_its_lesson(
    workspace: Workspace, history: Any
) -> None:
    """A stored head matches the very command that made it."""
    told = history()
    known = views(captured(workspace, told))
    join, lessons = known["join"], known["book"]
    assert isinstance(join, Join)
    assert isinstance(lessons, Lessons)
    count = 0
    for command, attempt in failed_commands(join, told):
        assert attempt.head in heads_of(command)
        assert attempt.key is not None
        bases = {base_of(head) for head in heads_of(command)}
        found = {one.id for base in bases for one in lessons.of_base(base)}
        for program in programs_of(command):
            found |= {one.id for one in lessons.needing(program)}
        own = lessons.of_key(attempt.key.key)
        assert own is not None
        assert own.id in found
        count += 1
    assert count > 20


@pytest.mark.parametrize("history", HISTORIES)
def test_every_command_that_failed_last_is_warned_of(
    workspace: Workspace, history: Any
) -> None:
    """In the next run, whatever clothes it wore; with its own lesson or others'."""
    told = history()
    facts = captured(workspace, told)
    known = views(facts)
    join, check = known["join"], known["check"]
    assert isinstance(join, Join)
    last = {attempt.base: attempt.ok for attempt in join.attempts()}
    for command, attempt in failed_commands(join, told):
        answer = check.query({"command": command, "iteration": "99"}, told[-1].ended)
        if not last[attempt.base]:
            assert answer["text"]
            assert answer["head"] in {base_of(one) for one in heads_of(command)} | set(
                programs_of(command)
            )
        served = answer.get("_served")
        assert served is None or isinstance(served, Served)


def test_shared_generator_is_where_it_should_be() -> None:
    """A typo in its path would skip the tests above for ever."""
    assert MAKER.is_file() or not Path(SHARED).is_dir()
