"""What belongs to a run and not to an iteration: its start, its end, its id.

Counters of the council and the efficiency files are thrown away at each start;
gate counters, the memory and `events.jsonl` stay.  Only harness 9 gives a run
an id; the harness's process number is part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cli.simulator.history import Iteration
from cli.simulator.moments import bash, dashed, digits
from cli.simulator.options import Step, Truth
from cli.simulator.spelling import Style
from cli.simulator.stream import Stream
from cli.simulator.tree import How, Tree

_FIRST_PID = 20_000


class RunFiles:
    """Writes what a run leaves at its start and at its end."""

    def __init__(self, tree: Tree, stream: Stream) -> None:
        """Write into this tree and its events."""
        self._tree = tree
        self._stream = stream
        self._nine = tree.options.nine
        self.run_id = ""
        self.pid = 0

    def begin(
        self, item: Iteration, at: datetime, cut_off: tuple[Truth, ...]
    ) -> Iterator[Step]:
        """A run starts; ``cut_off``: what its predecessor left unfinished."""
        self.pid = _FIRST_PID + item.run
        yield from self._stream.event(
            at,
            "session_start",
            cut_off,
            provider="claude",
            prd=prd_path(item.goal),
            parallel=False,
            complexity="standard",
            pid=self.pid,
        )
        for old in sorted(self._tree.root.glob("metrics/efficiency/*.json")):
            name = old.relative_to(self._tree.root).as_posix()
            yield from self._tree.remove(name, "efficiency removed")
        yield from self._empty_files()
        sha = self._tree.hexes(40, "start") + "\n"
        yield from self._tree.put("state/start-sha", sha, "start commit")
        if self._nine:
            self.run_id = f"run-{digits(at)}-{self.pid}-{self._tree.hexes(5, 'id')}"
            path = "state/trust-run-id"
            yield from self._tree.put(path, self.run_id, "run id")
            yield from self.trust(at, "run_start", start_sha=sha.strip())
            yield from self._stream.stage(at, "spec_interrogation", "pass", 1)
            change = {"from": "BOOTSTRAP", "to": "BUILDING", "iteration": 0}
            yield from self._stream.event(at, "phase_change", (), **change)

    def trust(
        self, at: datetime, name: str, *, truth: tuple[Truth, ...] = (), **data: str
    ) -> Iterator[Step]:
        """A line of harness 9's trust events; its own fields are strings."""
        body = {
            "ts": bash(at),
            "type": name,
            "run_id": self.run_id,
            "iteration": self._tree.iteration,
            **data,
        }
        yield from self._tree.put(
            "metrics/trust-events.jsonl",
            body,
            f"trust event {name}",
            how=How.APPEND,
            style=Style.SORTED_LINE,
            truth=truth,
        )

    def end(self, item: Iteration, at: datetime, outcome: str) -> Iterator[Step]:
        """A run ends by itself: the event, then the summaries."""
        iterations = item.iteration + (0 if self._nine else 1)  # harness 7 counts on
        yield from self._stream.event(
            at, "session_end", result=0, provider="claude", iterations=iterations
        )
        note = {
            "schema_version": "1.0.0",
            "timestamp": bash(at),
            "reason": "session_end_result_0",
            "iteration": item.iteration,
            "files_modified": list(item.files),
            "recent_commits": [f"{item.commit} step"] if item.commit else [],
            "task_status": {"pending": 2, "completed": item.iteration},
            "open_questions": [],
            "key_decisions": [],
            "blockers": [],
        }
        path = f"memory/handoffs/{dashed(at)}.json"
        yield from self._tree.put(path, note, "hand-over note")
        if self._nine:
            yield from self._summary(item, at, outcome)

    def _summary(self, item: Iteration, at: datetime, outcome: str) -> Iterator[Step]:
        done = {
            "outcome": outcome,
            "error_class": "",
            "error_brief": "",
            "branch": f"loki/session-{self.pid}",
            "start_sha": self._tree.hexes(40, "start"),
            "head_sha": self._tree.hexes(40, "head"),
            "files_changed": len(item.files),
            "insertions": 9 * len(item.files),
            "deletions": 0,
            "review_cmd": "git diff HEAD~1",
            "pr_url": "",
            "timestamp": bash(at),
            "assumptions_total": 0,
            "assumptions_high": 0,
        }
        yield from self._tree.put("state/completion.json", done, "completion")
        manifest = {
            "schema": "loki-run-manifest/v1",
            "loki_version": self._tree.options.version,
            "timestamp": bash(at),
            "outcome": outcome,
            "iterations": item.iteration,
            "provider": "claude",
            "spec": {"path": prd_path(item.goal), "sha256": self._tree.hexes(64)},
            "git": {"branch": f"loki/session-{self.pid}"},
        }
        yield from self._tree.put("loki-run.json", manifest, "run manifest")

    def _empty_files(self) -> Iterator[Step]:
        """Files that a first start lays out empty; they hold no failure."""
        lists = ("pending", "in-progress", "completed", "failed", "dead-letter")
        empty: dict[str, object] = {f"queue/{name}.json": [] for name in lists}
        empty["memory/semantic/patterns.json"] = {"patterns": []}
        empty["memory/semantic/anti-patterns.json"] = {"anti_patterns": []}
        for path, body in empty.items():
            if not (self._tree.root / path).exists():
                yield from self._tree.put(path, body, "empty file")
        learnings: dict[str, list[str]] = {"patterns": [], "mistakes": []}
        learnings["successes"] = []
        path = "state/relevant-learnings.json"
        yield from self._tree.put(path, learnings, "learnings")


def prd_path(goal: str) -> str:
    """The goal as the harness knows it: the path of a requirements file."""
    if not goal:
        return "codebase-analysis"
    if " " not in goal:
        return goal
    words = "".join(letter if letter.isalnum() else " " for letter in goal.lower())
    return "docs/" + "-".join(words.split()) + ".md"
