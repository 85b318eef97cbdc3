"""Block, check and fix as an agent's hooks meet them: commands, daemon, log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from live import daemon_on
from lokid.client import Client
from lokid.events import CheckServed, ContextServed, FixServed, Served
from lokid.log import LogReader
from lokid.paths import Workspace
from simulator_rig import iterations, played

PRINTED = (
    "npm error code ERESOLVE\nnpm error Could not resolve dependency:\n"
    'npm error peer cards@"^3.0.0" from login@158'
)
COMMAND = "npm install login@158"
WORKED = f"{COMMAND} --legacy-peer-deps"
FAILED = {"command": COMMAND, "exit_code": 1, "output": PRINTED, "trap": "x"}
ROWS: list[dict[str, Any]] = [
    {"exit_code": 1, "commands": [FAILED], "output": PRINTED},
    {"commands": [{"command": WORKED, "output": "ok"}], "commit": "abcdef1"},
]
PATIENT = ("--deadline", "20000")


@pytest.fixture
def told(workspace: Workspace) -> Workspace:
    """Two runs in which a command failed and then worked with an option."""
    rows = [one for run in (1, 2) for one in iterations(*ROWS, run=run, hour=7 + run)]
    played(workspace.root, rows)
    return workspace


@pytest.fixture
def house(told: Workspace) -> Iterator[Workspace]:
    """The same with a daemon."""
    with daemon_on(told):
        yield told


def lokictl(workspace: Workspace, *words: str, **environ: str) -> str:
    """Run the command, which ends well and complains of nothing; its output."""
    done = subprocess.run(
        [sys.executable, "-m", "lokid", *words],
        cwd=workspace.root,
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def served(workspace: Workspace) -> list[Served]:
    """What the log says was served; a question comes back after its record."""
    Client(workspace).get("status")
    read = LogReader(workspace.log).read()
    return [one.event for one in read if isinstance(one.event, Served)]


def test_a_session_from_its_block_to_a_fix(house: Workspace) -> None:
    """Each moment says its own, once, and leaves its record."""
    block = lokictl(house, "context", "--iteration", "3", "--goal", "a goal", *PATIENT)
    assert f"then worked: {WORKED}" in block
    assert block == lokictl(house, "context", "--iteration", "3", *PATIENT)
    command = ("--command", f"cd web && {COMMAND}")
    told = ("--iteration", "3", *PATIENT)
    assert "" == lokictl(house, "check", *command, *told)  # the block said it
    session = ("--iteration", "4", "--session", "a1", *PATIENT)
    line = lokictl(house, "check", *command, *session)
    assert line.startswith(f'"{COMMAND}" failed here 2x in 2 runs')
    assert "" == lokictl(house, "check", *command, *session)
    assert "" == lokictl(house, "fix", *command, "--error", PRINTED, *session)
    other = ("--iteration", "5", "--session", "b2", *PATIENT)
    fix = lokictl(house, "fix", *command, "--error", PRINTED, *other)
    assert fix.endswith(f"then worked: {WORKED}\n")
    assert "" == lokictl(house, "check", *command, *other)
    records = served(house)
    assert [ContextServed, ContextServed, CheckServed, FixServed] == [
        type(one) for one in records
    ]
    assert 1 == len({one.lessons for one in records})
    assert [3, 3, 4, 5] == [one.iteration for one in records]
    assert [len(text.rstrip("\n")) for text in (block, block, line, fix)] == [
        one.size for one in records
    ]


def test_a_question_about_the_past_leaves_no_record(house: Workspace) -> None:
    """Nor does a question of a program that does not say that it counts."""
    now = "2026-03-02T12:00:00Z"
    assert lokictl(house, "context", "--now", now, *PATIENT)
    assert lokictl(house, "check", "--command", COMMAND, "--now", now, *PATIENT)
    assert Client(house).get("context", {"now": now})["text"]
    assert Client(house).get("check", {"command": COMMAND})["text"]
    assert [] == served(house)


def test_programs_get_one_shape(house: Workspace) -> None:
    """Also where nothing is said, and without a word of what is recorded."""
    keys = ["schema", "as_of_seq", "stale", "reason", "text", "head", "lessons"]
    for name, words in (("check", ()), ("fix", ("--error", PRINTED))):
        for command in (COMMAND, "git status"):
            asked = ("--json", "--command", command, "--session", name)
            shown = lokictl(house, name, *asked, *words, *PATIENT)
            told = json.loads(shown)
            assert [*keys, "bytes"] == list(told)
            assert len(told["text"].encode()) == told["bytes"]
            assert bool(told["text"]) == (command == COMMAND)


def test_both_paths_say_the_same(house: Workspace) -> None:
    """A lone ``--`` leads past the hot path."""
    now = ("--now", "2026-03-02T12:00:00Z", *PATIENT)
    for words in (
        ("check", "--command", COMMAND),
        ("check", "--json", "--command", COMMAND),
        ("fix", "--command", COMMAND, "--error", PRINTED),
        ("fix", "--command", COMMAND, "--exit-code", "1"),
    ):
        told = lokictl(house, *words, *now)
        assert told
        assert told == lokictl(house, *words, *now, "--")


def test_the_knob_silences_all_three(told: Workspace) -> None:
    """In the client's environment, and in the daemon's."""
    off = {"LOKI_FAILURE_MEMORY": "0"}
    for words in (("check", "--command", COMMAND), ("fix", "--error", PRINTED)):
        assert "" == lokictl(told, *words, **off)
        assert (
            "knob off" == json.loads(lokictl(told, *words, "--json", **off))["reason"]
        )


def test_a_daemon_with_the_knob_off_is_silent(
    told: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks it; the answers have the shape they always have."""
    monkeypatch.setenv("LOKI_FAILURE_MEMORY", "0")
    with daemon_on(told):
        for name in ("context", "check", "fix"):
            params = {"command": COMMAND, "error": PRINTED}
            silent = Client(told).get(name, params)
            assert ("", "knob off") == (silent["text"], silent["reason"])
            assert ("lessons" in silent) == (name != "context")


def test_an_error_is_read_from_standard_input_on_both_paths(house: Workspace) -> None:
    """A dash stands for it."""
    words = ["fix", "--error", "-", "--now", "2026-03-02T12:00:00Z", *PATIENT]
    for more in ([], ["--"]):
        done = subprocess.run(
            [sys.executable, "-m", "lokid", *words, *more],
            cwd=house.root,
            input=b"\xff\n" + PRINTED.encode(),
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode().endswith(f"then worked: {WORKED}\n")


def test_without_a_daemon_the_block_is_recorded_and_check_is_silent(
    told: Workspace,
) -> None:
    """The daemon is an accelerator; but a check that takes a second is no help."""
    assert "" == lokictl(told, "check", "--command", COMMAND)
    assert "" == lokictl(told, "fix", "--error", PRINTED)
    assert lokictl(told, "context", *PATIENT)
    read = LogReader(told.log).read()
    assert [ContextServed] == [
        type(one.event) for one in read if isinstance(one.event, Served)
    ]
