"""The timeline: runs and slots looked up by time, number, position and pid."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from lokid.events import Recorded
from projections.moment import FOREVER, HOUR, SECOND, at
from projections.slots import Run, Slot
from projections.stream import Stream

_LONGEST = 12 * HOUR
_LOOK_BACK = 8  # slots within one tolerance of a moment; more would be no clock


class Timeline(Stream):
    """The look-ups; all of them are of the stream as it was settled last."""

    def runs_near(self, moment: int) -> list[Run]:
        """The runs that a fact of a moment may be of."""
        near = [self.run_at(moment + by) for by in (-SECOND - 1, 0, SECOND)]
        near += [
            slot.run for slot in self.near(moment) if moment <= slot.until + SECOND
        ]
        return near + [run for run in self._reaching() if self._spans(run, moment)]

    def _reaching(self) -> Iterable[Run]:
        """Runs that may hold a moment beyond their own part: a clock went back."""
        if self._turned:
            return self.runs
        return [self.runs[index] for index in self._long]

    def _spans(self, run: Run, moment: int) -> bool:
        early, late = self.span(run)
        return early - SECOND <= moment <= late + SECOND

    def is_on(self, moment: int) -> bool:
        """Whether a run was on at a moment, as far as its own stream tells.

        A run that was killed tells no end, and gates and reviews go on after the
        last completion: so an hour is given, and half a day to an iteration that
        has not completed.
        """
        run = self.run_at(moment)
        if not run.index:
            return False
        if run.ended is not None:
            return moment <= at(run.ended) + SECOND
        last = run.slots[-1] if run.slots else None
        if last is not None and last.complete is None:
            return moment <= last.start + _LONGEST
        done = run.start if last is None else last.complete or last.start
        return moment <= done + HOUR

    def run_of_position(self, recorded: Recorded) -> Run:
        """The run in whose part of the stream an event stands."""
        place = bisect_right(self.run_places, self.place(recorded))
        return self.runs[place]

    def run_of_pid(self, pid: int, moment: int) -> Run | None:
        """The run with this process, the nearest in time when there are several."""
        known = [run for run in self.runs[1:] if run.pid == pid]
        return min(
            known, key=lambda run: (abs(run.start - moment), run.index), default=None
        )

    def near(self, moment: int) -> Iterator[Slot]:
        """Slots begun until a second after ``moment``, newest first, a few."""
        place = bisect_right(self.slot_starts, (moment + SECOND, FOREVER))
        for _, number in reversed(self.slot_starts[max(0, place - _LOOK_BACK) : place]):
            yield self.slots[number]

    def begun_between(self, early: int, late: int) -> list[Slot]:
        """Slots that began between two moments, in file order."""
        first = bisect_left(self.slot_starts, (early, -1))
        last = bisect_right(self.slot_starts, (late, FOREVER))
        found = sorted(number for _, number in self.slot_starts[first:last])
        return [self.slots[number] for number in found]

    def numbered(self, iteration: int, moment: int) -> Slot | None:
        """The slot of this number whose window holds ``moment``, if there is one."""
        starts = self.by_number.get(iteration, [])
        place = bisect_right(starts, (moment + SECOND, FOREVER))
        for _, number in reversed(starts[max(0, place - _LOOK_BACK) : place]):
            slot = self.slots[number]
            if moment <= slot.end + SECOND:
                return slot
        return None

    def newest_completed(self, moment: int) -> Slot | None:
        """The slot that completed last until ``moment``."""
        place = bisect_right(self.completions, (moment, FOREVER))
        return self.slots[self.completions[place - 1][1]] if place else None

    def around(self, moment: int, *, completed: bool) -> Slot | None:
        """The slot in whose window a moment lies.

        ``completed``: the fact can only follow a completion (gates run then),
        so a slot begun within the same second but not done yet is not meant.
        """
        inside = [
            slot for slot in self.near(moment) if slot.start <= moment <= slot.end
        ]
        newest = max(inside, key=lambda slot: slot.number, default=None)
        if newest is None or not completed or moment > newest.start + SECOND:
            return newest
        if newest.complete is not None and newest.complete <= moment:
            return newest
        before = self.newest_completed(moment)
        near = before is not None and moment <= before.end + SECOND
        return before if near else newest
