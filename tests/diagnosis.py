"""What `lokictl doctor` finds, for tests."""

from __future__ import annotations

import json
from typing import Any

from lokid.paths import Workspace
from rig import crash, engine_on, failing_run, put
from shell import lokictl


def seen(workspace: Workspace) -> tuple[int, list[dict[str, Any]]]:
    """What doctor finds: its exit code and its findings."""
    done = lokictl("doctor", "--json", at=workspace)
    assert "" == done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return done.returncode, found


def words(found: list[dict[str, Any]], level: str) -> str:
    """What is said at a level, in one text."""
    return "\n".join(
        f"{one['about']}: {one['said']} -> {one['remedy']}"
        for one in found
        if one["level"] == level
    )


def with_log(workspace: Workspace) -> Workspace:
    """The workspace, with a failing run in its log."""
    put(workspace, "events.jsonl", failing_run(3))
    put(workspace, "crash/a-1.json", crash())
    with engine_on(workspace) as engine:
        engine.scan()
    return workspace
