"""What the harness's counter of consecutive gate failures tells.

The counter file is overwritten, so only the values that were seen are known.  A
count that rose tells one failure (however far it rose: no more history is
claimed), and so does the first count ever seen when it is not 0.  A count that
fell to another value than 0 passed through 0, so it tells one, too.

A claim belongs to the slot that had completed last when the value was seen.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from lokid.events import GatesCounted, Recorded
from projections.changes import ALL, Changes
from projections.moment import FOREVER, SECOND, at
from projections.slots import Slot
from projections.timeline import Timeline


@dataclass(slots=True, eq=False)
class Claim:
    """One gate's value as it was seen, and the slot it tells of."""

    gate: str
    moment: int
    recorded: Recorded
    count: int
    previous: int | None
    slot: Slot | None = None

    @property
    def failed(self) -> bool:
        """Whether the gate failed since the value before (else it passed)."""
        return self.count > 0

    @property
    def third(self) -> bool:
        """Whether the third failure in a row was seen to happen."""
        return self.count == 3 and self.previous == 2  # noqa: PLR2004  three in a row, and the one before


class Counter:
    """All values seen, in the order they were seen, and their claims."""

    def __init__(self, timeline: Timeline) -> None:
        """``timeline`` is shared; it is settled before `settle` is called."""
        self._timeline = timeline
        self._seen: list[Recorded] = []
        self._sorted = True
        self._claims: list[Claim] = []
        self._by_run: dict[int, list[Claim]] = {}
        self._resolve_from = FOREVER

    def add(self, recorded: Recorded) -> None:
        """Take one value of the counter in."""
        if self._sorted and (not self._seen or _nth(self._seen[-1]) < _nth(recorded)):
            self._claim(self._seen[-1] if self._seen else None, recorded)
        else:
            self._sorted = False
        self._seen.append(recorded)

    def _claim(self, before: Recorded | None, recorded: Recorded) -> None:
        known = before.event if before else None
        event, moment = recorded.event, at(recorded)
        if not isinstance(event, GatesCounted):
            return
        for gate, count in sorted(event.counts.items()):
            previous = (
                known.counts.get(gate) if isinstance(known, GatesCounted) else None
            )
            if count == previous or (count == 0 and previous is None and before):
                continue
            self._claims.append(Claim(gate, moment, recorded, count, previous))
            self._resolve_from = min(self._resolve_from, moment)

    def settle(self, changes: Changes, completed_from: int) -> None:
        """Find the slots again, and mark the runs that this changes.

        ``completed_from``: the earliest completion that became known since.
        """
        if not self._sorted:
            self._seen.sort(key=_nth)
            self._sorted, self._claims, self._resolve_from = True, [], -FOREVER
            for index in self._by_run:
                changes.mark(index)
            for before, recorded in zip([None, *self._seen], self._seen, strict=False):
                self._claim(before, recorded)
        first = min(self._resolve_from, completed_from - SECOND)
        if first == FOREVER - SECOND or not self._claims:
            return
        if first <= ALL:
            self._by_run = {}  # all slots may be others now
        if self._resolve_from != FOREVER:
            self._claims.sort(key=lambda claim: claim.moment)
        place = bisect_left(self._claims, first, key=lambda claim: claim.moment)
        for claim in self._claims[place:]:
            known = self._by_run.get(_index(claim), [])
            if claim in known:
                known.remove(claim)
                _mark(changes, claim)
            claim.slot = self._timeline.newest_completed(claim.moment + SECOND)
            self._by_run.setdefault(_index(claim), []).append(claim)
            _mark(changes, claim)
        self._resolve_from = FOREVER

    def of_run(self, index: int, since: int = ALL) -> list[Claim]:
        """The claims that tell of a run; those without a slot are of run 0."""
        claims = self._by_run.get(index, [])
        return claims[bisect_left(claims, since, key=lambda one: one.moment) :]

    def final(self, index: int) -> dict[str, Claim]:
        """The last value of each gate that was seen for a run."""
        return {claim.gate: claim for claim in self.of_run(index)}


def _index(claim: Claim) -> int:
    return claim.slot.run.index if claim.slot else 0


def _mark(changes: Changes, claim: Claim) -> None:
    changes.mark(_index(claim), claim.slot.start if claim.slot else ALL)


def _nth(recorded: Recorded) -> tuple[str, int, str]:
    return (recorded.src.path or "", recorded.src.nth or 0, recorded.id)
