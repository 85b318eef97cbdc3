"""`memory/`: one episode an iteration, the index, the timeline, the boosts.

The harness takes the newest crash file for this iteration's, right or wrong: a
friction written since hides the real crash, and after a signal the crash of an
earlier iteration is claimed again.  Harness 9 rewrites old episodes whenever it
builds a prompt, because reading them raises their weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cli.simulator.crash import Crashes
from cli.simulator.history import Iteration
from cli.simulator.moments import Moments, day, micros, offset
from cli.simulator.options import Step
from cli.simulator.runs import prd_path
from cli.simulator.tree import How, Tree

_ACTIONS, _FILES, _BOOSTED = 100, 50, 3
_RECALLED = timedelta(hours=24)


class Episodes:
    """Writes episodes; the memory outlives a run."""

    def __init__(self, tree: Tree, crashes: Crashes) -> None:
        """Write into this tree; ``crashes`` knows the newest crash file."""
        self._tree = tree
        self._crashes = crashes
        self._nine = tree.options.nine
        self._recent: list[tuple[datetime, str, dict[str, Any]]] = []
        self._topics: dict[str, dict[str, Any]] = {}
        self._actions: list[dict[str, Any]] = []
        self._total = 0

    def boost(self, at: datetime) -> Iterator[Step]:
        """Harness 9, building a prompt: what it recalls weighs more from now on."""
        if not self._nine:
            return
        self._recent = [one for one in self._recent if at - one[0] <= _RECALLED]
        failed = [one for one in self._recent if one[2]["outcome"] == "failure"]
        for _, path, body in failed[-_BOOSTED:]:
            body["access_count"] += 1
            more = 0.5 + 0.1 * math.log1p(body["access_count"])
            body["importance"] = round(min(more, 1.0), 3)
            body["last_accessed"] = offset(at)
            yield from self._tree.put(path, body, "episode boosted", how=How.PRIVATE)

    def remember(self, item: Iteration, moments: Moments) -> Iterator[Step]:
        """The episode of an iteration that came through its gates."""
        at = moments.after(0.86)
        name = f"ep-{day(at)}-{self._tree.hexes(8, 'episode')}"
        body = self._episode(item, at, name, moments)
        path = f"memory/episodic/{day(at)}/task-{name}.json"
        if self._nine:  # harness 7 removes its lock again
            yield from self._tree.put(f"{path}.lock", "", "episode lock")
        yield from self._tree.put(path, body, "episode", how=How.PRIVATE)
        self._recent.append((at, path, body))
        self._total += 1
        yield from self._index(item, at, name)
        yield from self._timeline(item, at, body["outcome"])

    def since(self, at: datetime) -> list[dict[str, Any]]:
        """The episodes remembered from a time on, oldest first."""
        return [body for when, _, body in self._recent if when >= at]

    def _episode(
        self, item: Iteration, at: datetime, name: str, moments: Moments
    ) -> dict[str, Any]:
        spent = moments.during(1) - moments.during(0)
        return {
            "id": name,
            "task_id": f"iteration-{item.iteration}",
            "timestamp": micros(at),
            "duration_seconds": int(spent.total_seconds()),
            "agent": "loki-orchestrator",
            "context": {
                "phase": item.rarv,
                "goal": prd_path(item.goal),
                "files_involved": list(item.files),
            },
            "action_log": [],
            "outcome": "failure" if item.exit else "success",
            "errors_encountered": [self._claim(item)] if item.exit else [],
            "artifacts_produced": list(item.files),
            "git_commit": item.commit or self._tree.hexes(7, "head"),
            "tokens_used": 0 if item.exit else 2580,
            "files_read": [],
            "files_modified": list(item.files),
            "importance": 0.5,
            "access_count": 0,
        }

    def _claim(self, item: Iteration) -> dict[str, str]:
        """What the harness believes went wrong."""
        crash = self._crashes.newest
        if not crash:
            text = f"phase={item.rarv}; exit={item.exit}"
            return {"type": "IterationError", "message": text, "resolution": ""}
        parts = [f"phase={crash['rarv_phase'] or item.rarv}"]
        if crash["friction_kind"]:
            parts.append(f"friction={crash['friction_kind']}")
        if crash["stack_signature"]:
            parts.append("signature: " + " > ".join(crash["stack_signature"]))
        parts.append(f"fp={crash['fingerprint'][:12]}")
        return {
            "type": crash["error_class"],
            "message": "; ".join(parts),
            "resolution": "",
        }

    def _index(self, item: Iteration, at: datetime, name: str) -> Iterator[Step]:
        key = item.rarv.lower()
        topic = self._topics.setdefault(
            key,
            {
                "id": key,
                "summary": prd_path(item.goal),
                "episode_ids": [],
                "episode_count": 0,
                "total_cost_usd": 0.0,
                "total_tokens": 0,
                "files_touched": [],
                "first_seen": offset(at),
                "last_accessed": offset(at),
                "relevance_score": 0.5,
            },
        )
        topic["episode_ids"].append(name)
        topic["episode_count"] += 1
        topic["last_accessed"] = offset(at)
        touched = dict.fromkeys([*topic["files_touched"], *item.files])
        topic["files_touched"] = list(touched)[-_FILES:]
        body = {
            "version": "1.1.0",
            "last_updated": offset(at),
            "topics": list(self._topics.values()),
            "total_memories": self._total,
        }
        yield from self._tree.put("memory/index.json", body, "index", how=How.PRIVATE)

    def _timeline(self, item: Iteration, at: datetime, outcome: str) -> Iterator[Step]:
        action = {
            "timestamp": micros(at),
            "action": prd_path(item.goal)[:100],
            "outcome": outcome,
            "topic_id": item.rarv,
        }
        self._actions = [action, *self._actions][:_ACTIONS]
        body = {
            "version": "1.1.0",
            "last_updated": offset(at),
            "recent_actions": self._actions,
            "key_decisions": [],
            "active_context": {},
        }
        path = "memory/timeline.json"
        yield from self._tree.put(path, body, "timeline", how=How.PRIVATE)
