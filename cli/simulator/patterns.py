"""`memory/semantic/patterns.json`: what the harness believes it has learned.

Consolidated only when the council ends a run: one pattern for what was worked
on, one anti-pattern for each error type of the last day, whatever the errors
were.  The file is rewritten whole.
"""

from __future__ import annotations

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
        """Draw patterns from the episodes of the last day, and store each."""
        recent = self._episodes.since(at - _SINCE)
        goals: dict[str, list[str]] = {}
        errors: dict[str, list[str]] = {}
        for body in recent:
            goals.setdefault(body["context"]["goal"], []).append(body["id"])
            for error in body["errors_encountered"]:
                errors.setdefault(error["type"], []).append(body["id"])
        for goal, sources in goals.items():
            said = f"Pattern for {goal} tasks ({len(sources)} instances)"
            yield from self._store(goal, said, "general", sources, at)
        for kind, sources in errors.items():
            yield from self._store(kind, f"Avoid: {kind}", "anti-pattern", sources, at)

    def _store(
        self, key: str, said: str, category: str, sources: list[str], at: datetime
    ) -> Iterator[Step]:
        """One pattern; the whole file is written again for it."""
        known = self._known.get(key, {})
        made = {
            "id": f"sem-{self._tree.hexes(8, 'pattern', key)}",
            "created_at": offset(at),
            **known,
            "pattern": said,
            "category": category,
            "conditions": [f"When encountering: {key}"],
            "correct_approach": "",
            "incorrect_approach": "",
            "confidence": min(_LEAST + _STEP * len(sources), _MOST),
            "source_episodes": sources,
            "usage_count": 0,
            "links": [],
            "importance": 0.5,
            "access_count": 0,
            "last_used": micros(at),
            "updated_at": offset(at),
        }
        self._known[key] = made
        body = {"patterns": list(self._known.values()), "last_updated": offset(at)}
        path = "memory/semantic/patterns.json"
        yield from self._tree.put(path, body, "patterns", how=How.PRIVATE)
