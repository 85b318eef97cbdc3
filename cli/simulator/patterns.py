"""`memory/semantic/patterns.json`: what the harness believes it has learned.

Consolidated only when the council ends a run: one pattern for what was worked
on, one anti-pattern for each error type of the last day, whatever the errors
were.  The file is rewritten whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cli.simulator.episodes import Episodes
from cli.simulator.moments import micros, offset
from cli.simulator.options import Step
from cli.simulator.tree import How, Tree

_SINCE = timedelta(hours=24)
_LEAST, _STEP, _MOST = 0.4, 0.1, 0.8


class Patterns:
    """Writes the patterns; they outlive a run."""

    def __init__(self, tree: Tree, episodes: Episodes) -> None:
        """Write into this tree what these episodes give."""
        self._tree = tree
        self._episodes = episodes
        self._known: dict[str, dict[str, Any]] = {}

    def consolidate(self, at: datetime) -> Iterator[Step]:
        """Draw patterns from the episodes of the last day."""
        recent = self._episodes.since(at - _SINCE)
        seen: Counter[str] = Counter()
        sources: dict[str, list[str]] = {}
        for body in recent:
            for error in body["errors_encountered"]:
                seen[error["type"]] += 1
                sources.setdefault(error["type"], []).append(body["id"])
        for kind, count in seen.items():
            self._avoid(kind, count, sources[kind], at)
        if not recent:
            return
        body = {"patterns": list(self._known.values()), "last_updated": offset(at)}
        path = "memory/semantic/patterns.json"
        yield from self._tree.put(path, body, "patterns", how=How.PRIVATE)

    def _avoid(self, kind: str, count: int, sources: list[str], at: datetime) -> None:
        made = self._known.setdefault(
            kind,
            {
                "id": f"sem-{self._tree.hexes(8, 'pattern', kind)}",
                "pattern": f"Avoid: {kind}",
                "category": "anti-pattern",
                "conditions": [f"When encountering: {kind}"],
                "correct_approach": "",
                "incorrect_approach": "Common actions before failure: run_tests",
                "usage_count": 0,
                "links": [],
                "importance": 0.5,
                "access_count": 0,
                "created_at": offset(at),
            },
        )
        made["confidence"] = min(_LEAST + _STEP * count, _MOST)
        made["source_episodes"] = sources
        made["last_used"] = micros(at)
        made["updated_at"] = offset(at)
