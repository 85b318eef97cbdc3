"""Small hands for tests: an engine on a workspace, and files put into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.ask import plan_here
from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import Recorded
from lokid.log import LogReader
from lokid.paths import Workspace
from lokid.projection import Projection
from lokid.sources import SOURCES
from projections import build


@contextmanager
def engine_on(
    workspace: Workspace,
    *,
    settings: Settings | None = None,
    knob: bool = True,
    views: Callable[[], Sequence[Projection]] = build,
) -> Iterator[Engine]:
    """An open engine with the real sources and projections."""
    engine = Engine(
        workspace,
        settings or Settings(),
        SOURCES,
        views,
        knob=knob,
        planner=plan_here,
    )
    engine.open()
    try:
        yield engine
    finally:
        engine.close()


def put(workspace: Workspace, path: str, content: object) -> Path:
    """Write a file below ``.loki``: text and bytes as they are, else as JSON."""
    file = workspace.loki / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif isinstance(content, str):
        file.write_text(content)
    else:
        file.write_text(json.dumps(content))
    return file


def event_line(time: str, kind: str, **data: Any) -> str:
    """One line of ``events.jsonl``."""
    return json.dumps({"timestamp": time, "type": kind, "data": data}) + "\n"


def failing_run(iterations: int = 1, exit_code: int = 1) -> str:
    """An ``events.jsonl`` of a run whose iterations all failed."""
    lines = [event_line("2026-03-01T10:00:00Z", "session_start", pid=77)]
    for n in range(1, iterations + 1):
        lines.append(
            event_line(f"2026-03-01T10:{n:02d}:00Z", "iteration_start", iteration=n)
        )
        lines.append(
            event_line(
                f"2026-03-01T10:{n:02d}:30Z",
                "iteration_complete",
                iteration=n,
                status="failed",
                exitCode=exit_code,
            )
        )
    return "".join(lines)


def crash(fingerprint: str = "ab" * 32, **fields: Any) -> dict[str, Any]:
    """The content of a crash file."""
    return {
        "error_class": "IterationError",
        "stack_signature": ["load", "parse"],
        "rarv_phase": "ACT",
        "exit_code": 1,
        "friction_kind": None,
        "fingerprint": fingerprint,
        "captured_at": "2026-03-01T10:01:31Z",
        "rules_version": "1.0",
        "redactions_count": 0,
        **fields,
    }


def recorded(workspace: Workspace, *types: str) -> list[Recorded]:
    """What the log holds, of some types or all."""
    read = LogReader(workspace.log).read()
    return [one for one in read if not types or one.type in types]
