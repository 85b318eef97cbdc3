"""`council/`: state, convergence and blocks of the completion council.

``state.json`` is laid out anew at each start of a run: what it held is lost.
``convergence.log`` never holds more than seven lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cli.simulator.history import Council, Iteration
from cli.simulator.moments import Moments, bash, unix
from cli.simulator.options import Step
from cli.simulator.rounds import STATE, Rounds
from cli.simulator.spelling import Style
from cli.simulator.stream import Stream
from cli.simulator.tree import How, Tree

_KEPT_LINES = 6
_LOG = "council/convergence.log"


class CouncilFiles:
    """Writes what the completion council leaves behind."""

    def __init__(self, tree: Tree, stream: Stream) -> None:
        """Write into this tree and its events."""
        self._tree = tree
        self._rounds = Rounds(tree, stream)
        self._nine = tree.options.nine
        self._state: dict[str, Any] = {}
        self._lines: list[str] = []

    def begin(self) -> Iterator[Step]:
        """At a run's start: an empty state; what it held is lost."""
        self._state = {
            "initialized": True,
            "enabled": True,
            "total_votes": 0,
            "approve_votes": 0,
            "reject_votes": 0,
            "last_check_iteration": 0,
            "consecutive_no_change": 0,
            "done_signals": 0,
            "convergence_history": [],
            "verdicts": [],
        }
        yield from self._tree.put(STATE, self._state, "council state")

    def track(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """After every iteration: how much it changed."""
        state = self._state
        still = state["consecutive_no_change"] + 1
        state["consecutive_no_change"] = 0 if item.files else still
        state["done_signals"] += int("done" in item.output or bool(item.then_worked))
        state["total_done_signals"] = state["done_signals"]
        state["last_track_iteration"] = item.iteration
        state["files_changed"] = len(item.files)
        if self._nine:
            tree = self._tree.hexes(32, *item.files)
            state["last_diff_hash"] = f"{tree}-{tree}-{item.commit or '0000000'}"
        yield from self._tree.put(STATE, state, "council state")
        yield from self._converge(item, at)

    def hold(self, item: Iteration, moments: Moments) -> Iterator[Step]:
        """A round, if this iteration has one: block file, round, transcript."""
        if not item.council:
            return
        at = moments.after(0.94)
        yield from self._blocks(item, item.council, at)
        yield from self._rounds.hold(item, item.council, at, self._state)
        if item.council.outcome == "approved":
            done = f"Council approved at iteration {item.iteration} on {bash(at)}\n"
            yield from self._tree.put(
                "council/report.md", f"# {done}", "council report"
            )
            yield from self._tree.put("COMPLETED", done, "completed flag")

    def _converge(self, item: Iteration, at: datetime) -> Iterator[Step]:
        state = self._state
        numbers = (
            unix(at),
            item.iteration,
            len(item.files),
            state["consecutive_no_change"],
            state["done_signals"],
        )
        line = "|".join(map(str, numbers))
        if len(self._lines) > _KEPT_LINES:
            self._lines = self._lines[-_KEPT_LINES:]
            kept = "\n".join(self._lines) + "\n"
            yield from self._tree.put(_LOG, kept, "convergence trimmed", how=How.RENAME)
        self._lines.append(line)
        yield from self._tree.put(_LOG, line + "\n", "convergence", how=How.APPEND)

    def _blocks(
        self, item: Iteration, council: Council, at: datetime
    ) -> Iterator[Step]:
        blocked = council.outcome == "blocked"
        common = {
            "status": "blocked",
            "blocked": True,
            "blocked_at": bash(at),
            "iteration": item.iteration,
        }
        for name, body in (
            ("evidence", {**common, **_EVIDENCE}),
            ("gate", {**common, **_CHECKLIST}),
        ):
            path = f"council/{name}-block.json"
            if blocked and council.block == name:
                yield from self._tree.put(
                    path, body, f"{name} block", how=How.RENAME, style=Style.HEREDOC
                )
            else:
                yield from self._tree.remove(path, f"{name} block gone")


_EVIDENCE: dict[str, Any] = {
    "reason": "empty_diff",
    "checks": {
        "diff": {"ok": False, "base_sha": "0" * 40, "files_changed": 0},
        "tests": {"ok": True, "runner": "none", "pass": True},
    },
    "failures": ["nothing changed since the run began"],
}
_CHECKLIST: dict[str, Any] = {
    "reason": "critical_checklist_failures",
    "critical_failures": 1,
    "failures": ["orders can be exported"],
}
