"""What the failure memory was asked to do, on real files and real commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.simulator import Options, Simulator, demo_history
from live import ROOT, daemon_on, random_history
from lokid.paths import Workspace
from rig import crash, failing_run, put

GOAL = "build a todo REST API"
ENTRY = "from lokid.__main__ import lokictl; import sys; sys.exit(lokictl())"


def lokictl(workspace: Workspace, *arguments: str, **environ: str) -> str:
    """What the real command prints; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, *arguments],
        cwd=workspace.root,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def failures(workspace: Workspace) -> list[dict[str, Any]]:
    """All failures, newest first."""
    answer = json.loads(lokictl(workspace, "failures", "--all", "--json"))
    rows: list[dict[str, Any]] = answer["failures"]
    return rows


def test_a_goal_that_shares_no_word_still_gets_the_failure(
    workspace: Workspace,
) -> None:
    """Recency is the key, not similarity: signature and fingerprint are there."""
    put(workspace, "events.jsonl", failing_run(1))
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash())
    block = lokictl(workspace, "context", "--goal", GOAL, "--phase", "REASON")
    assert block.startswith("PAST FAILURES TO AVOID:\n- ")
    assert "signature: load > parse" in block
    assert "fp=" + "ab" * 6 in block


def test_without_telemetry_phase_and_exit_are_told(workspace: Workspace) -> None:
    """No crash file and no error line: the line says what is known."""
    put(workspace, "events.jsonl", failing_run(1, exit_code=3))
    assert "PAST FAILURES TO AVOID:\n- exit 3: phase=ACT; exit=3\n" == lokictl(
        workspace, "context", "--goal", GOAL
    )


def test_the_knob_makes_a_client_inert(workspace: Workspace) -> None:
    """With LOKI_FAILURE_MEMORY=0 nothing is printed, captured or marked."""
    put(workspace, "events.jsonl", failing_run(1))
    assert "" == lokictl(workspace, "context", LOKI_FAILURE_MEMORY="0")
    assert not workspace.state.exists()
    assert "exit 1" in lokictl(workspace, "context")


def test_the_knob_makes_a_daemon_inert(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written while it is off is never captured, not even later."""
    put(workspace, "events.jsonl", failing_run(1))
    monkeypatch.setenv("LOKI_FAILURE_MEMORY", "0")
    with daemon_on(workspace):
        monkeypatch.delenv("LOKI_FAILURE_MEMORY")
        assert "" == lokictl(workspace, "context", "--deadline", "5000")
    assert [] == failures(workspace)


@pytest.mark.parametrize(
    ("fields", "kind", "reported"),
    [
        ({}, "crash", "IterationError"),
        (
            {
                "error_class": "Friction",
                "friction_kind": "gate_failure",
                "stack_signature": [],
                "rarv_phase": None,
                "exit_code": None,
            },
            "friction",
            "Friction",
        ),
        ({"error_class": "ValueError"}, "crash", "ValueError"),
    ],
)
def test_the_fields_of_a_crash_file_map_as_asked(
    workspace: Workspace, fields: dict[str, Any], kind: str, reported: str
) -> None:
    """The class first, else the kind of friction, else IterationError."""
    put(workspace, "crash/" + "ab" * 32 + "-1772359291.json", crash(**fields))
    (row,) = failures(workspace)
    assert (kind, reported) == (row["kind"], row["reported_type"])


def test_a_scrub_error_is_told_by_its_name(workspace: Workspace) -> None:
    """Three fields, no time inside: the file's name tells it."""
    body = {"error_class": "ScrubError", "redactions_count": 0, "rules_version": "1.0"}
    put(workspace, "crash/scruberror-1772359291.json", body)
    (row,) = failures(workspace)
    assert ("ScrubError", "2026-03-01T10:01:31.000Z") == (
        row["reported_type"],
        row["time"],
    )


def test_no_file_at_all_is_an_iteration_error(workspace: Workspace) -> None:
    """The mapping's last resort."""
    put(workspace, "events.jsonl", failing_run(1))
    (row,) = failures(workspace)
    assert "IterationError" == row["reported_type"]


@pytest.mark.parametrize("harness", [7, 9])
def test_nothing_planted_is_in_the_state_or_in_any_answer(
    workspace: Workspace, harness: int
) -> None:
    """Secrets, paths, addresses in every field of every file: none comes out."""
    options = Options(harness=harness, plant=True)  # type: ignore[arg-type]  # parametrised with 7 and 9 only
    simulator = Simulator(workspace.root, options)
    for history in (demo_history(), random_history(5, 12)):
        for step in simulator.steps(history):
            if step.what == "patterns":  # each writing of it replaces the one before
                lokictl(workspace, "status")
    said = [
        lokictl(workspace, name, *extra)
        for name in ("failures", "lessons", "council", "iterations", "status")
        for extra in ((), ("--json",))
    ]
    said += [lokictl(workspace, "lessons", "--harness", *x) for x in ((), ("--json",))]
    said += [
        lokictl(workspace, name, "--as-of", "99") for name in ("failures", "context")
    ]
    said += [lokictl(workspace, "context"), lokictl(workspace, "context", "--json")]
    said += [lokictl(workspace, "events"), lokictl(workspace, "events", "--json")]
    kept = [f.read_text(errors="replace") for f in files(workspace.state)]
    text = "\n".join([*said, *kept])
    types = {"finding.reported", "pattern.recorded"}
    assert {one for one in types if one in text} == types
    assert simulator.planted
    assert [] == [planted for planted in simulator.planted if planted in text]
    assert [] == shapes(text.replace(str(workspace.root), ""))


def files(folder: Path) -> list[Path]:
    """Every regular file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def shapes(text: str) -> list[str]:
    """What looks private: e-mails, home paths, addresses, long tokens."""
    private = re.compile(
        r"[\w.+-]+@[\w-]+\.\w+|/(?:home|Users)/\w+|\b\d{1,3}(?:\.\d{1,3}){3}\b"
        r"|\bgh[pous]_\w{20,}|\bAKIA[A-Z0-9]{12,}|\bsk-[\w-]{16,}"
    )
    return private.findall(text)
