"""The block's lines on the council: only when its last word was no."""

from __future__ import annotations

from lokid.events import CouncilBlocked
from lokid.prompt import one_line
from projections.council import standing_blocks
from projections.join import Join
from projections.moment import HOUR, millis
from projections.rounds import Round

_LIMIT = 160
_DAY = 24 * HOUR
_APPROVED, _APPROVE = "approved", "approve"


def council_lines(join: Join, now: str) -> list[str]:
    """How the last round ended, what blocks, and the reasons, a line each.

    Like failures, what is no part of the current run counts for a day.
    """
    early = millis(now) - _DAY
    rounds = join.rounds()
    last = rounds[-1] if rounds else None
    if last is not None and not _counts(join, last, early):
        last = None
    told: list[str] = []
    if last is not None and last.outcome != _APPROVED:
        told.append(_verdict(last))
    told += [
        f"blocked by {name}: {_reason(recorded.event)}"
        for name, recorded in standing_blocks(join)
        if millis(recorded.time) >= max(early, join.timeline.runs[-1].start)
    ]
    if last is not None and last.outcome != _APPROVED:
        told += [
            f"{vote.role}: {vote.reason}"
            for vote in last.voters
            if vote.verdict != _APPROVE and vote.reason
        ]
    return [f"- {one_line(text, _LIMIT)}" for text in dict.fromkeys(told)]


def _counts(join: Join, one: Round, early: int) -> bool:
    run = join.timeline.runs[-1]
    return one.run == run.id or millis(one.time) >= early


def _verdict(one: Round) -> str:
    text = f"iteration {one.iteration} {one.outcome}"
    if one.approve is not None and one.reject is not None:
        text += f": {one.approve} approve, {one.reject} reject"
    if one.threshold is not None:
        text += f", {one.threshold} needed"
    return text


def _reason(event: object) -> str:
    told = event.reason if isinstance(event, CouncilBlocked) else None
    return told or "no reason given"
