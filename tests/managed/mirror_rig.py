"""A workspace whose daemon mirrors into the double, and what can be seen of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from double import Double
from lokid import flags
from lokid.managed.api import KEY
from lokid.managed.journal import NAME
from lokid.paths import Workspace
from rig import put


def switch_on(monkeypatch: pytest.MonkeyPatch, double: Double) -> None:
    """Managed memory is on, and the service is the double."""
    for name in (flags.AGENTS, flags.MEMORY):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv(KEY, "key")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", double.url)


def episode(workspace: Workspace, number: int, importance: float, **more: Any) -> Path:
    """Let the harness remember an iteration."""
    body = {
        "id": f"ep-{number}",
        "task_id": f"iteration-{number}",
        "timestamp": f"2026-03-02T09:{number % 60:02d}:00Z",
        "context": {"phase": "ACT", "goal": "prd.md"},
        "outcome": "failure",
        "importance": importance,
        **more,
    }
    return put(workspace, f"memory/episodic/2026-03-02/task-ep-{number}.json", body)


def journal(workspace: Workspace) -> list[dict[str, Any]]:
    """What the journal tells, oldest first."""
    file = workspace.loki / "managed" / NAME
    if not file.exists():
        return []
    return [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]


def told(workspace: Workspace) -> list[tuple[str, str | None]]:
    """Type and reason of each event."""
    return [(one["type"], one["payload"].get("reason")) for one in journal(workspace)]
