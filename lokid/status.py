"""The log's and the sources' part of ``status``."""

from __future__ import annotations

from collections.abc import Sequence

from lokid.ingest.intake import Intake
from lokid.log import Log
from lokid.paths import Workspace
from lokid.source import Source
from lokid.views import Views


def log_row(workspace: Workspace, log: Log | None, views: Views) -> dict[str, object]:
    """How long the log is; ``log`` None: it is only read."""
    return {
        "seq": views.seq,
        "bytes": log.bytes if log else _size(workspace),
        "segments": log.segments if log else _segments(workspace),
        "repaired": views.repaired,
    }


def source_rows(
    sources: Sequence[Source], intake: Intake | None, views: Views
) -> list[dict[str, object]]:
    """What the last scan saw of each source; ``intake`` None: there was none."""
    rows: list[dict[str, object]] = []
    for source in sources:
        row = intake.scanner.status[source.name] if intake else None
        rows.append(
            {
                "name": source.name,
                "files": row.files if row else 0,
                "pending": row.pending if row else 0,
                "rejected": views.rejected.get(source.name, 0),
            }
        )
    return rows


def _segments(workspace: Workspace) -> int:
    return len(list(workspace.log.glob("*.ndjson")))


def _size(workspace: Workspace) -> int:
    return sum(path.stat().st_size for path in workspace.log.glob("*.ndjson"))
