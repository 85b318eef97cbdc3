"""The block's lines on the council: only when its last word was no."""

from __future__ import annotations

from lokid.events import CouncilBlocked, Recorded
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
        told.append(verdict_line(last))
    told += [
        block_line(name, recorded)
        for name, recorded in standing_blocks(join)
        if millis(recorded.time) >= max(early, join.timeline.runs[-1].start)
    ]
    if last is not None and last.outcome != _APPROVED:
        told += reason_lines(last)
    return [f"- {text}" for text in dict.fromkeys(told)]


def _counts(join: Join, one: Round, early: int) -> bool:
    run = join.timeline.runs[-1]
    return one.run == run.id or millis(one.time) >= early


def verdict_line(one: Round) -> str:
    """How a round ended."""
    text = f"iteration {one.iteration} {one.outcome}"
    if one.approve is not None and one.reject is not None:
        text += f": {one.approve} approve, {one.reject} reject"
    if one.threshold is not None:
        text += f", {one.threshold} needed"
    return one_line(text, _LIMIT)


def reason_lines(one: Round) -> list[str]:
    """Why voters of a round did not approve, a line each."""
    return [
        one_line(f"{vote.role}: {vote.reason}", _LIMIT)
        for vote in one.voters
        if vote.verdict != _APPROVE and vote.reason
    ]


def block_line(name: str, recorded: Recorded) -> str:
    """What stands in the council's way."""
    event = recorded.event
    told = event.reason if isinstance(event, CouncilBlocked) else None
    return one_line(f"blocked by {name}: {told or 'no reason given'}", _LIMIT)
