"""The states of lessons, each with the events that show it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from projections.join import Join
from projections.lesson import Sighting, State
from projections.moment import FOREVER, millis, stamp

_QUIET = 3
"""Good iterations after which a failure that did not return is resolved."""


class History:
    """When iterations completed well, and when each gate passed."""

    def __init__(self, join: Join) -> None:
        """Read off the join when it has changed."""
        self._join = join
        self._fresh = False
        self._quiet: list[tuple[int, int]] = []
        self._passes: dict[str, list[tuple[int, int, int | None, int]]] = {}

    def disturb(self) -> None:
        """Something was told since the last time."""
        self._fresh = False

    def _settle(self) -> None:
        join = self._join
        join.settle()
        if self._fresh:
            return
        self._fresh = True
        self._quiet = sorted(
            (slot.complete, slot.completed.seq)
            for slot in join.timeline.slots
            if slot.complete is not None and slot.completed and not slot.failing
        )
        self._passes = {}
        for run in join.timeline.runs:
            for gate, passes in join.gates(run).passes.items():
                known = self._passes.setdefault(gate, [])
                known += [
                    (one.moment, run.index, one.iteration, one.recorded.seq)
                    for one in passes
                ]
        for known in self._passes.values():
            known.sort(key=lambda one: one[:2])

    def state(self, seen: Sequence[Sighting]) -> State:
        """The state of a lesson, from all its sightings (oldest first)."""
        self._settle()
        moments = [millis(one.time) for one in seen]
        ends = [*moments[1:], FOREVER]
        ended = [
            self._ended(one, moment, again)
            for one, moment, again in zip(seen, moments, ends, strict=True)
        ]
        newest = seen[-1]
        if ended[-1]:
            return ended[-1]
        if any(ended):
            return State("regressed", newest.time, newest.seqs)
        name = "ongoing" if len(seen) > 1 else "new"
        return State(name, newest.time, newest.seqs)

    def _ended(self, seen: Sighting, moment: int, again: int) -> State | None:
        """How enough happened between a sighting and the next, if it did."""
        first = bisect_right(self._quiet, (moment, FOREVER))
        if bisect_left(self._quiet, (again, -1)) - first >= _QUIET:
            quiet = self._quiet[first : first + _QUIET]
            seqs = tuple(seq for _, seq in quiet)
            return State("resolved", stamp(quiet[-1][0]), seqs, "quiet")
        gate = seen.failure.gate if seen.failure else None
        passes = self._passes.get(gate or "", [])
        place = bisect_right(passes, moment, key=lambda one: one[0])
        own = (seen.place, seen.iteration)
        for when, run, iteration, seq in passes[place:]:
            if when >= again:
                return None
            if (run, iteration) != own:
                return State("resolved", stamp(when), (seq,), "gate")
        return None
