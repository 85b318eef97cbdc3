"""`council/`: state, convergence, votes, transcripts, blocks.

``state.json`` is laid out anew at each start of a run and counts no votes on
the default path: only the round file and the transcript tell of a round, the
transcript better.  ``convergence.log`` never holds more than seven lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cli.simulator.history import Council, Iteration
from cli.simulator.moments import Moments, bash, compact, unix
from cli.simulator.options import Step, Truth
from cli.simulator.runs import prd_path
from cli.simulator.spelling import Style
from cli.simulator.tree import How, Tree

_KEPT_LINES, _THRESHOLD = 6, 2
_LOG, _STATE = "council/convergence.log", "council/state.json"
_OUTCOMES = {
    "approved": "APPROVED",
    "rejected": "REJECTED",
    "blocked": "BLOCKED_BY_GATE",
}


class CouncilFiles:
    """Writes what the completion council leaves behind."""

    def __init__(self, tree: Tree) -> None:
        """Write into this tree."""
        self._tree = tree
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
        yield from self._tree.put(_STATE, self._state, "council state")

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
        yield from self._tree.put(_STATE, state, "council state")
        yield from self._converge(item, at)

    def hold(self, item: Iteration, moments: Moments) -> Iterator[Step]:
        """A round, if this iteration has one: block file, round, transcript."""
        if not item.council:
            return
        at = moments.after(0.94)
        yield from self._blocks(item, item.council, at)
        yield from self._round(item, item.council, at)
        yield from self._transcript(item, item.council, at)
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

    def _round(self, item: Iteration, council: Council, at: datetime) -> Iterator[Step]:
        approve = _count(council, "approve")
        body = {
            "round": item.iteration,
            "timestamp": bash(at),
            "complete_votes": approve,
            "continue_votes": len(council.votes) - approve,
            "total_members": len(council.votes),
            "threshold": _THRESHOLD,
            "verdict": "COMPLETE" if approve >= _THRESHOLD else "CONTINUE",
            "votes": [
                {
                    "member": number,
                    "role": vote.role,
                    "vote": "COMPLETE" if vote.verdict == "approve" else "CONTINUE",
                    "reason": vote.reason,
                }
                for number, vote in enumerate(council.votes, 1)
            ],
        }
        path = f"council/votes/round-{item.iteration}.json"
        known = Truth(
            what="council",
            run=item.run,
            iteration=item.iteration,
            outcome=council.outcome,
            approve=approve,
            reject=_count(council, "reject"),
        )
        yield from self._tree.put(path, body, "council round", truth=(known,))
        if approve and approve == len(council.votes):
            doubt = {
                "round": item.iteration,
                "timestamp": bash(at),
                "issues_found": 0 if council.outcome == "approved" else 1,
                "details": "none",
                "override": council.outcome != "approved",
            }
            path = f"council/votes/devils-advocate-round-{item.iteration}.json"
            yield from self._tree.put(path, doubt, "council devil's advocate")

    def _transcript(
        self, item: Iteration, council: Council, at: datetime
    ) -> Iterator[Step]:
        name = f"iter-{item.iteration}-{compact(at)}"
        body = {
            "iteration_id": name,
            "iteration": item.iteration,
            "timestamp": bash(at),
            "task_or_prd": f"# {item.goal}"[:200],
            "prd_path": prd_path(item.goal),
            "voters": [
                {
                    "name": vote.role,
                    "role_index": number,
                    "verdict": vote.verdict.upper(),
                    "reasoning": vote.reason,
                    "issues": [],
                    "is_contrarian": False,
                }
                for number, vote in enumerate(council.votes, 1)
            ],
            "outcome": _OUTCOMES[council.outcome],
            "contrarian_triggered": False,
            "contrarian_flipped": False,
            "approve_count": _count(council, "approve"),
            "reject_count": _count(council, "reject"),
            "threshold": _THRESHOLD,
            "total_members": len(council.votes),
        }
        path = f"council/transcripts/{name}.json"
        yield from self._tree.put(path, body, "council transcript")


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


def _count(council: Council, verdict: str) -> int:
    return sum(vote.verdict == verdict for vote in council.votes)
