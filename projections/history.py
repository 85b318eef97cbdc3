"""What happened that shows that a cause is gone: good iterations, passes, commands.

Kept sorted by time and asked by interval; only what changed is read again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import NamedTuple

from projections.join import Join
from projections.lesson import Lesson, Moment, Sighting, State, count_of
from projections.moment import FOREVER, millis, stamp
from projections.trials import Trials

QUIET = 3
"""Good iterations after which a failure that did not return is resolved."""
ATTEMPTS = 5
"""Runs without the failure that a lesson's command needs to be retired."""
CHANCE = 0.2
"""The chance of failing (Beta posterior) under which it is retired."""

_LAST: Moment = ("\U0010ffff", "", 0)


class Good(NamedTuple):
    """An iteration that completed well."""

    time: str
    number: int
    seq: int
    place: int
    iteration: int


class Pass(NamedTuple):
    """A gate that passed."""

    moment: int
    place: int
    iteration: int | None
    seq: int


class History:
    """See the module; ``settle`` before asking."""

    def __init__(self, join: Join, trials: Trials) -> None:
        """Both are shared."""
        self._join = join
        self._trials = trials
        self.forget()

    def forget(self) -> None:
        """Begin anew: every run may be another one now."""
        self._epoch = object()
        self._good: list[Good] = []
        self._times: list[str] = []
        self._counted: set[int] = set()
        self._passes: dict[int, dict[str, list[Pass]]] = {}
        self._by_gate: dict[str, list[Pass]] = {}

    def settle(self, runs: Iterable[int]) -> None:
        """Take in what is told of these runs now."""
        self._count()
        for place in runs:
            told = self._join.gates(self._join.timeline.runs[place]).passes
            for gate in {*told, *self._passes.get(place, ())}:
                self._by_gate.pop(gate, None)
            self._passes[place] = {
                gate: [
                    Pass(one.moment, place, one.iteration, one.recorded.seq)
                    for one in passes
                ]
                for gate, passes in told.items()
            }

    def _count(self) -> None:
        """Take in the iterations that completed since the last time."""
        timeline = self._join.timeline
        for _, number in reversed(timeline.completions):
            if len(self._counted) == len(timeline.completions):
                return
            if number in self._counted:
                continue
            self._counted.add(number)
            slot = timeline.slots[number]
            if slot.completed is not None and not slot.failing:
                seq, time = slot.completed.seq, slot.completed.time
                good = Good(time, number, seq, slot.run.index, slot.iteration)
                insort(self._good, good)
                insort(self._times, good.time)

    # -- asking ------------------------------------------------------------

    def stamp(self, lesson: Lesson) -> tuple[object, ...]:
        """Another one whenever what speaks of a lesson's past may be another."""
        newest = lesson.newest
        gates = {one.failure.gate for one in (newest,) if one.failure}
        return (
            self._epoch,
            bisect_right(self._times, newest.time),
            *(self._of_gate(gate) for gate in gates if gate),
            *(self._trials.known(base) for base in lesson.heads),
        )

    def ended(
        self, seen: Sighting, after: Moment, until: Moment | None = None
    ) -> State | None:
        """What first showed, in an interval, that a sighting's cause is gone."""
        end = until or _LAST
        found = [
            state
            for state in (
                _summed(seen, after, end),
                self._quiet(seen, after, end),
                self._passed(seen, after, end),
                self._worked(seen, after, end),
            )
            if state is not None
        ]
        return min(found, key=lambda one: one.since or "", default=None)

    def retired(self, lesson: Lesson, after: Moment) -> State | None:
        """Whether each of its commands ran so often without it that it is void."""
        summary = lesson.newest.summary
        if summary and summary.retired and summary.retired > after[0]:
            return State("retired", summary.retired, lesson.newest.seqs, "command")
        seqs: list[int] = []
        since = ""
        for base in lesson.heads:
            later = self._trials.worked(base, after)
            failed = count_of(one for one in lesson.sightings if one.base == base)
            before = len(self._trials.known(base)) - len(later)
            needed = next(
                (
                    count
                    for count in range(ATTEMPTS, len(later) + 1)
                    if (1 + failed) / (2 + failed + before + count) < CHANCE
                ),
                None,
            )
            if needed is None:
                return None
            seqs += [one.seq for one in later[:needed]]
            since = max(since, later[needed - 1].time)
        return State("retired", since, tuple(sorted(seqs)), "command") if seqs else None

    def _quiet(self, seen: Sighting, after: Moment, end: Moment) -> State | None:
        """Enough iterations that completed well; its own is none of them."""
        first = bisect_right(self._times, after[0])
        if bisect_left(self._times, end[0]) - first < QUIET:
            return None
        own = (seen.place, seen.iteration)
        window = self._good[first : first + QUIET + 1]
        good = [one for one in window if (one.place, one.iteration) != own][:QUIET]
        if len(good) < QUIET or good[-1].time >= end[0]:
            return None
        return State("resolved", good[-1].time, tuple(one.seq for one in good), "quiet")

    def _passed(self, seen: Sighting, after: Moment, end: Moment) -> State | None:
        """Its gate passed, in another iteration than it failed in."""
        gate = seen.failure.gate if seen.failure else None
        if gate is None:
            return None
        passes = self._of_gate(gate)
        own = (seen.place, seen.iteration)
        late = FOREVER if end is _LAST else millis(end[0])
        for one in passes[bisect_right(passes, millis(after[0]), key=_moment) :]:
            if one.moment >= late:
                return None
            if (one.place, one.iteration) != own:
                return State("resolved", stamp(one.moment), (one.seq,), "gate")
        return None

    def _worked(self, seen: Sighting, after: Moment, end: Moment) -> State | None:
        """Its command ended well."""
        if seen.base is None:
            return None
        found = self._trials.next_worked(seen.base, after)
        if found is None or (found.time, found.session or "", found.nth) >= end:
            return None
        return State("resolved", found.time, (found.seq,), "command")

    def _of_gate(self, gate: str) -> list[Pass]:
        if gate not in self._by_gate:
            known = (of.get(gate, ()) for of in self._passes.values())
            found = [one for passes in known for one in passes]
            self._by_gate[gate] = sorted(found, key=lambda one: (one.moment, one.seq))
        return self._by_gate[gate]


def _summed(seen: Sighting, after: Moment, end: Moment) -> State | None:
    """What showed it in facts that were compacted."""
    summary = seen.summary
    since = summary.ended if summary else None
    if summary is None or since is None or not after[0] <= since < end[0]:
        return None
    return State("resolved", since, seen.seqs, summary.ended_by or "quiet")


def _moment(one: Pass) -> int:
    return one.moment
