"""Hands for the simulator's tests: short histories, and a tree read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from cli.simulator import Iteration, Options, demo_history, simulate
from lokid.clock import stamp

SHARED = Path(__file__).resolve().parents[2] / "shared"
CORPUS = SHARED / "corpus"
Harness = Literal[7, 9]


def played(
    workspace: Path, history: list[Iteration] | None = None, **options: Any
) -> Path:
    """Play a history (the demo's when none is given); its ``.loki``."""
    told = demo_history() if history is None else history
    simulate(told, workspace, Options(**options))
    return workspace / ".loki"


def iterations(
    *told: dict[str, Any], run: int = 1, hour: int = 8, gap: float = 60
) -> list[Iteration]:
    """A run whose iterations take a minute each, ``gap`` seconds apart."""
    at = datetime(2026, 3, 2, hour, tzinfo=UTC)
    history = []
    for number, extra in enumerate(told, 1):
        ended = at + timedelta(minutes=1)
        body = {
            "run": run,
            "iteration": number,
            "time": stamp(at),
            "ended": stamp(ended),
            "goal": "keep a list of books",
            "output": "Reading the plan.",
            **{key: msgspec.to_builtins(value) for key, value in extra.items()},
        }
        history.append(msgspec.convert(body, Iteration))
        at = ended + timedelta(seconds=gap)
    return history


def events(root: Path) -> list[dict[str, Any]]:
    """The events of a tree that are valid JSON."""
    return ndjson(root / "events.jsonl")


def episodes(root: Path) -> list[dict[str, Any]]:
    """The episodes of a tree, oldest first."""
    files = root.glob("memory/episodic/*/*.json")
    told = [json.loads(file.read_text()) for file in files]
    return sorted(told, key=lambda body: str(body["timestamp"]))


def crashes(root: Path) -> dict[str, dict[str, Any]]:
    """The crash files of a tree by name, in the order of their capture."""
    told = {file.name: json.loads(file.read_text()) for file in root.glob("crash/*")}
    return dict(sorted(told.items(), key=lambda named: str(named[1]["captured_at"])))


def ndjson(file: Path) -> list[dict[str, Any]]:
    """The lines of a file that are JSON objects."""
    told = []
    for line in file.read_text().splitlines():
        try:
            told.append(json.loads(line))
        except ValueError:
            continue
    return told


def content(root: Path) -> dict[str, bytes]:
    """Every file of a tree with its content."""
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file()
    }
