"""``council``: the rounds that were held, and where the council stands.

The transcripts are the record; the council's own ``state.json`` gives only its
counters, since the harness leaves its verdicts empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from lokid.events import (
    ConvergenceMeasured,
    CouncilBlocked,
    CouncilReleased,
    CouncilTracked,
    Event,
    Recorded,
)
from lokid.projection import Answer
from projections.join import Join
from projections.moment import at
from projections.rounds import Round
from projections.view import View


class Council(View):
    """Takes no parameters."""

    name = "council"

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """The rounds in order of time, and the state after the last."""
        rounds = self.join.rounds()
        last = rounds[-1] if rounds else None
        streak, signals = _counters(self.join)
        state = {
            "last_outcome": last.outcome if last else None,
            "iteration": last.iteration if last else None,
            "approve": last.approve if last else None,
            "reject": last.reject if last else None,
            "threshold": last.threshold if last else None,
            "blocked_by": [name for name, _ in standing_blocks(self.join)],
            "no_change_streak": streak,
            "done_signals": signals,
        }
        return {"state": state, "rounds": [_row(one) for one in rounds]}


def _row(one: Round) -> Answer:
    voters = [
        {"role": vote.role, "verdict": vote.verdict, "reason": vote.reason}
        for vote in one.voters
    ]
    return {
        "run": one.run,
        "iteration": one.iteration,
        "outcome": one.outcome,
        "approve": one.approve,
        "reject": one.reject,
        "threshold": one.threshold,
        "voters": voters,
        "time": one.time,
        "seqs": list(one.seqs),
    }


def standing_blocks(join: Join) -> list[tuple[str, Recorded]]:
    """The blocks that stand, by name: not released, and no approval since.

    The harness forgets to remove a block whose cause is gone, so an approval
    that came later counts as its end.
    """
    join.settle()
    newest: dict[str, Recorded] = {}
    for kind in (CouncilBlocked, CouncilReleased):
        for recorded in join.ledger.every(kind):
            event = recorded.event
            if not isinstance(event, CouncilBlocked | CouncilReleased):
                continue
            known = newest.get(event.block)
            if known is None or _order(known) < _order(recorded):
                newest[event.block] = recorded
    approved = [one for one in join.rounds() if one.outcome == "approved"]
    return [
        (name, recorded)
        for name, recorded in sorted(newest.items())
        if isinstance(recorded.event, CouncilBlocked)
        and not any(_ends(one, recorded, join) for one in approved)
    ]


def _ends(approval: Round, block: Recorded, join: Join) -> bool:
    """Whether an approval came after a block.

    A block's file may be read late, so its iteration counts before its time.
    """
    event = block.event
    number = event.iteration if isinstance(event, CouncilBlocked) else None
    run = join.timeline.run_at(at(block))
    if number is not None and approval.run == run.id:
        return approval.iteration > number
    return approval.time >= block.time


def _order(recorded: Recorded) -> tuple[int, str, str]:
    """A state file's events are counted; the count says which came later."""
    return (recorded.src.nth or 0, recorded.time, recorded.id)


def _counters(join: Join) -> tuple[int | None, int | None]:
    """The newest streak without change and count of done signals."""
    kinds: tuple[type[Event], ...] = (CouncilTracked, ConvergenceMeasured)
    for kind in kinds:
        known = sorted(join.ledger.every(kind), key=_order, reverse=True)
        for recorded in known:
            event = recorded.event
            if not isinstance(event, CouncilTracked | ConvergenceMeasured):
                continue
            if event.no_change_streak is not None or event.done_signals is not None:
                return event.no_change_streak, event.done_signals
    return None, None
