"""`council/votes/`, `council/transcripts/`: the council's rounds.

On the default path a round leaves a round file and a transcript, and
``state.json`` counts no votes.  In a forced review each member's vote is a text
file, the verdict is an event and is counted.  The transcript says the outcome
in either case, and is the better record: votes to approve may have been blocked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cli.simulator.history import Council, Iteration
from cli.simulator.moments import bash, compact
from cli.simulator.options import Step, Truth
from cli.simulator.runs import prd_path
from cli.simulator.stream import Stream
from cli.simulator.tree import Tree

STATE = "council/state.json"
_THRESHOLD = 2
_OUTCOMES = {
    "approved": "APPROVED",
    "rejected": "REJECTED",
    "blocked": "BLOCKED_BY_GATE",
}


class Rounds:
    """Writes what one round leaves behind."""

    def __init__(self, tree: Tree, stream: Stream) -> None:
        """Write into this tree and its events."""
        self._tree = tree
        self._stream = stream

    def hold(
        self, item: Iteration, council: Council, at: datetime, state: dict[str, Any]
    ) -> Iterator[Step]:
        """A round by its path, then its transcript; ``state`` is the council's."""
        if council.path == "vote":
            yield from self._vote(item, council, at, state)
        else:
            yield from self._round(item, council, at)
        yield from self._transcript(item, council, at)

    def _round(self, item: Iteration, council: Council, at: datetime) -> Iterator[Step]:
        approve = council.count("approve")
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
        yield from self._tree.put(path, body, "council round")
        if council.unanimous:
            doubt = {
                "round": item.iteration,
                "timestamp": bash(at),
                "issues_found": int(council.outcome != "approved"),
                "details": "none",
                "override": council.outcome != "approved",
            }
            path = f"council/votes/devils-advocate-round-{item.iteration}.json"
            yield from self._tree.put(path, doubt, "council devil's advocate")

    def _vote(
        self, item: Iteration, council: Council, at: datetime, state: dict[str, Any]
    ) -> Iterator[Step]:
        """A forced review: evidence, ballots as text, the event, the count."""
        place = f"council/votes/iteration-{item.iteration}"
        evidence = f"# Requirements\n{item.goal}\n# Status\nclean\n"
        yield from self._tree.put(f"{place}/evidence.md", evidence, "council evidence")
        for number, vote in enumerate(council.votes, 1):
            text = f"VOTE:{vote.verdict.upper()}\nREASON: {vote.reason}\n"
            if vote.verdict == "reject":
                text += f"ISSUES: HIGH:{vote.reason}\n"
            path = f"{place}/member-{number}.txt"
            yield from self._tree.put(path, text, "council ballot")
        if council.unanimous:
            text = "VOTE:APPROVE\nREASON: nothing speaks against it\n"
            path = f"{place}/contrarian.txt"
            yield from self._tree.put(path, text, "council ballot")
        verdict = {
            "approve": council.count("approve"),
            "reject": council.count("reject"),
            "threshold": _THRESHOLD,
            "result": "APPROVED" if council.outcome == "approved" else "REJECTED",
        }
        yield from self._stream.event(
            at, "council_vote", (), iteration=item.iteration, **verdict
        )
        told = {"iteration": item.iteration, "timestamp": bash(at), **verdict}
        del told["threshold"]
        state["verdicts"].append(told)
        state["total_votes"] += len(council.votes)
        state["approve_votes"] += verdict["approve"]
        state["reject_votes"] += verdict["reject"]
        state["last_check_iteration"] = item.iteration
        yield from self._tree.put(STATE, state, "council state")

    def _transcript(
        self, item: Iteration, council: Council, at: datetime
    ) -> Iterator[Step]:
        name = f"iter-{item.iteration}-{compact(at)}"
        approve, reject = council.count("approve"), council.count("reject")
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
            "contrarian_triggered": council.unanimous,
            "contrarian_flipped": False,
            "approve_count": approve,
            "reject_count": reject,
            "threshold": _THRESHOLD,
            "total_members": len(council.votes),
        }
        known = Truth(
            what="council",
            run=item.run,
            iteration=item.iteration,
            outcome=council.outcome,
            approve=approve,
            reject=reject,
        )
        path = f"council/transcripts/{name}.json"
        yield from self._tree.put(path, body, "council transcript", truth=(known,))
