"""What the harness writes and nobody should read: signals, notes, status.

Two learning signals an iteration, each with its twin on the Python event bus,
never pruned; a hand-written looking note; two files rewritten every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cli.simulator.history import Iteration
from cli.simulator.moments import bash, malformed, offset
from cli.simulator.options import Step
from cli.simulator.tree import Tree


class Noise:
    """Writes the files that tell nothing new; off with ``noise=False``."""

    def __init__(self, tree: Tree) -> None:
        """Write into this tree."""
        self._tree = tree

    def learn(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """The background emitter's signals about an iteration that ended."""
        if not self._tree.options.noise:
            return
        outcome = "failure" if item.exit else "success"
        kind = "error_pattern" if item.exit else "success_pattern"
        for name in ("tool_efficiency", kind):
            mark = f"sig-{self._tree.hexes(8, name)}"
            body = self._signal(item, at, mark, name, outcome)
            stem = f"{at:%Y-%m-%dT%H-%M-%S}_{mark}"
            path = f"learning/signals/{stem}.json"
            yield from self._tree.put(path, body, "learning signal")
            yield from self._bus(at, mark, name, outcome)

    def note(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """Human text and the files that are rewritten all the time."""
        if not self._tree.options.noise:
            return
        text = f"# Continuity\n\nIteration {item.iteration}, {item.rarv}.\n"
        yield from self._tree.put("CONTINUITY.md", text, "continuity")
        line = f"iteration {item.iteration} at {bash(at)}\n"
        yield from self._tree.put("STATUS.txt", line, "status")
        body = {"iteration": item.iteration, "timestamp": bash(at)}
        yield from self._tree.put("dashboard-state.json", body, "dashboard")

    def _signal(
        self, item: Iteration, at: datetime, mark: str, name: str, outcome: str
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": mark,
            "type": name,
            "source": "cli",
            "action": "iteration_complete",
            "context": {},
            "outcome": outcome,
            "confidence": 0.8,
            "timestamp": malformed(at),
            "metadata": {},
        }
        if name == "error_pattern":
            text = f"Iteration {item.iteration} failed with exit code {item.exit}"
            body |= {
                "error_type": "IterationFailure",
                "error_message": text,
                "resolution": "",
                "recovery_steps": ["Read the log", "Try again"],
            }
        elif name == "tool_efficiency":
            body |= {"tool_name": "iteration", "tokens_used": 0, "success_rate": 1.0}
        return body

    def _bus(self, at: datetime, mark: str, name: str, outcome: str) -> Iterator[Step]:
        number = self._tree.hexes(8, "bus", name)
        body = {
            "id": number,
            "type": "memory",
            "source": "cli",
            "timestamp": offset(at),
            "payload": {
                "action": "learning_signal",
                "signal_id": mark,
                "signal_type": name,
                "outcome": outcome,
            },
            "version": "1.0",
        }
        stem = offset(at).replace(":", "-")
        path = f"events/pending/{stem}_{number}.json"
        yield from self._tree.put(path, body, "pending memory")
