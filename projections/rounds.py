"""Council rounds: one per (run, iteration), by the best record of it.

The transcript is the best; then the round's vote file, then the main stream's
vote event.  A transcript and a vote file that differ by a second tell of the
same round.  Members' own files add voters to a round that has none; they make
no round, since they do not tell how it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lokid.events import CouncilDecided, CouncilVoted, Recorded, Vote
from projections.ledger import Ledger
from projections.moment import at
from projections.slots import Run
from projections.timeline import Timeline

_RANKS = {"transcript": 0, "round": 1, "event": 2}
_MEMBERS = frozenset({"member", "contrarian", "devils_advocate"})


class Round(NamedTuple):
    """One council round."""

    run: str | None
    iteration: int
    time: str
    outcome: str
    approve: int | None
    reject: int | None
    threshold: int | None
    voters: tuple[Vote, ...]
    seqs: tuple[int, ...]


def rounds_of(run: Run, timeline: Timeline, ledger: Ledger) -> list[Round]:
    """The rounds of a run, in order of time."""
    told: dict[int, list[tuple[int, str, str, Recorded]]] = {}
    members: dict[int, list[Recorded]] = {}
    for recorded, iteration in _facts(run, timeline, ledger):
        event = recorded.event
        if isinstance(event, CouncilVoted) and event.witness in _MEMBERS:
            members.setdefault(iteration, []).append(recorded)
            continue
        name = event.witness if isinstance(event, CouncilVoted) else "transcript"
        claim = (_RANKS.get(name, len(_RANKS)), recorded.time, recorded.id, recorded)
        told.setdefault(iteration, []).append(claim)
    found = [
        _round(run, iteration, claims, members.get(iteration, []))
        for iteration, claims in told.items()
    ]
    known = [one for one in found if one is not None]
    return sorted(known, key=lambda one: (one.time, one.iteration))


def _facts(
    run: Run, timeline: Timeline, ledger: Ledger
) -> Iterator[tuple[Recorded, int]]:
    for kind in (CouncilDecided, CouncilVoted):
        for recorded in ledger.filed(run, kind):
            event = recorded.event
            if isinstance(event, CouncilDecided | CouncilVoted):
                yield recorded, event.iteration
        for recorded in ledger.about(run, kind):
            event = recorded.event
            if not isinstance(event, CouncilDecided | CouncilVoted):
                continue
            slot = timeline.numbered(event.iteration, at(recorded))
            owner = slot.run if slot else timeline.run_at(at(recorded))
            if owner is run:
                yield recorded, event.iteration


def _round(
    run: Run,
    iteration: int,
    claims: list[tuple[int, str, str, Recorded]],
    members: list[Recorded],
) -> Round | None:
    """The round as its best record tells it; gaps are filled from the others.

    Of two records of one kind the later one stands.
    """
    best = min(claim[0] for claim in claims)
    ordered = sorted(claims, key=lambda claim: claim[1:3], reverse=True)
    ordered.sort(key=lambda claim: claim[0])
    events = [claim[3].event for claim in ordered]
    known = [one for one in events if isinstance(one, CouncilDecided | CouncilVoted)]
    outcome = next((one.outcome for one in known if one.outcome), None)
    if outcome is None:
        return None
    voters = next((one.voters for one in known if one.voters), ())
    seqs = [claim[3].seq for claim in claims]
    if not voters and members:
        members.sort(key=lambda one: (one.src.path or "", one.id))
        seqs += [one.seq for one in members]
        voters = tuple(
            vote
            for one in members
            if isinstance(one.event, CouncilVoted)
            for vote in one.event.voters
        )
    newest = next(claim[3] for claim in ordered if claim[0] == best)
    return Round(
        run=run.id,
        iteration=iteration,
        time=newest.time,
        outcome=outcome,
        approve=_first(one.approve for one in known),
        reject=_first(one.reject for one in known),
        threshold=_first(one.threshold for one in known),
        voters=voters,
        seqs=tuple(sorted(seqs)),
    )


def _first(values: Iterator[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)
