"""The timeline: which iterations there were, by the harness's main stream.

``run.started`` opens a run, ``iteration.started`` a slot (run, N), and
``iteration.completed`` closes the newest open N of its run.  The order is that
of the file (generation, then offset), never that of arrival.  An event that
comes late into the middle makes the whole be built again, so that the result
is a function of the set of events.  Run 0 holds what came before the first
``run.started``; it has no id.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Iterator

from lokid.events import (
    IterationCompleted,
    IterationStarted,
    Recorded,
    RunEnded,
    RunStarted,
)
from projections.moment import FOREVER, SECOND, at, phase_of
from projections.slots import Run, Slot

TIMELINE_EVENTS = (RunStarted, RunEnded, IterationStarted, IterationCompleted)
_LOOK_BACK = 8  # slots within one tolerance of a moment; more would be no clock
_COMPACT = re.compile(r"[-:]|\.\d+")

Position = tuple[int, str, int, int, str]


class Timeline:
    """All runs and slots, and the look-ups by time, number, position and pid."""

    def __init__(self) -> None:
        """Begin with nothing but run 0."""
        self._events: list[Recorded] = []
        self._born: dict[str, int] = {}
        self._stale = False
        self._touched: set[int] = set()
        self._completed_from = FOREVER
        self._clear()

    def _clear(self) -> None:
        self.runs = [Run(index=0, id=None, start=-FOREVER)]
        self.slots: list[Slot] = []
        self.first: int | None = None
        self._last: Position | None = None
        self._run_places: list[Position] = []
        self._run_starts: list[tuple[int, int]] = []
        self._slot_starts: list[tuple[int, int]] = []
        self._completions: list[tuple[int, int]] = []
        self._numbered: dict[int, list[tuple[int, int]]] = {}
        self._open: dict[int, Slot] = {}

    # -- folding -----------------------------------------------------------

    def add(self, recorded: Recorded) -> None:
        """Take one event of the main stream in."""
        self._events.append(recorded)
        generation, moment = recorded.src.generation or "", at(recorded)
        born = self._born.get(generation)
        if born is None or (moment < born and len(self._born) > 1):
            self._stale = True
        self._born[generation] = moment if born is None else min(born, moment)
        place = self.place(recorded)
        if self._stale or (self._last is not None and place < self._last):
            self._stale = True
        else:
            self._step(recorded, place)

    def disturb(self) -> None:
        """Have everything built again at the next `settle`."""
        self._stale = True

    def settle(self) -> bool:
        """Build again what came out of order; whether that was needed."""
        if not self._stale:
            return False
        self._stale = False
        self._clear()
        for recorded in sorted(self._events, key=self.place):
            self._step(recorded, self.place(recorded))
        self._touched = set(range(len(self.runs)))
        return True

    def take_touched(self) -> set[int]:
        """The runs whose slots changed since this was asked last."""
        touched, self._touched = self._touched, set()
        return touched

    def take_completed_from(self) -> int:
        """The earliest completion that came since this was asked last."""
        earliest, self._completed_from = self._completed_from, FOREVER
        return earliest

    def place(self, recorded: Recorded) -> Position:
        """Where an event stands in the stream; its file's order decides."""
        generation = recorded.src.generation or ""
        offset = -1 if recorded.src.offset is None else recorded.src.offset
        moment = at(recorded)
        born = self._born.get(generation, moment)
        return (born, generation, offset, moment, recorded.id)

    def knows(self, generation: str | None) -> bool:
        """Whether a generation is one of the main stream's files."""
        return generation is not None and generation in self._born

    def _step(self, recorded: Recorded, place: Position) -> None:
        self._last = place
        moment, event = at(recorded), recorded.event
        if self.first is None or moment < self.first:
            self.first = moment
        if isinstance(event, RunStarted):
            self._open_run(recorded, place, moment)
        elif isinstance(event, IterationStarted):
            self._open_slot(event.iteration, recorded, moment)
        elif isinstance(event, IterationCompleted):
            self._close_slot(event.iteration, recorded, moment)
        elif isinstance(event, RunEnded):
            self.runs[-1].ended = recorded
        run = self.runs[-1]
        self._touched.add(run.index)
        if moment <= run.start + 2 * SECOND:  # facts of the run before may move
            self._touched.add(max(0, run.index - 1))

    def _open_run(self, recorded: Recorded, place: Position, moment: int) -> None:
        self._cut(recorded, moment)
        event = recorded.event
        pid = (event.pid or 0) if isinstance(event, RunStarted) else 0
        run = Run(
            index=len(self.runs),
            id=f"{_COMPACT.sub('', recorded.time)}-{pid}",
            start=moment,
            started=recorded,
        )
        self.runs.append(run)
        self._open = {}
        self._run_places.append(place)
        insort(self._run_starts, (moment, run.index))

    def _open_slot(self, iteration: int, recorded: Recorded, moment: int) -> None:
        self._cut(recorded, moment)
        self._new_slot(iteration, moment, recorded)

    def _new_slot(self, iteration: int, start: int, started: Recorded | None) -> Slot:
        run = self.runs[-1]
        number, phase = len(self.slots), phase_of(iteration)
        slot = Slot(run, iteration, number, start, started, phase)
        self.slots.append(slot)
        run.slots.append(slot)
        insort(self._slot_starts, (start, slot.number))
        insort(self._numbered.setdefault(iteration, []), (start, slot.number))
        if started is not None:
            self._open[iteration] = slot
        return slot

    def _cut(self, recorded: Recorded, moment: int) -> None:
        """End the newest slot's window; what is still open was cut off."""
        if not self.slots or self.slots[-1].end != FOREVER:
            return
        last = self.slots[-1]
        last.end = max(moment, last.start)
        last.cut_by = recorded
        self._touched.add(last.run.index)

    def _close_slot(self, iteration: int, recorded: Recorded, moment: int) -> None:
        slot = self._open.pop(iteration, None)
        if slot is None:
            if self._told_twice(iteration):
                return
            start = self._lower_bound(moment)
            self._cut(recorded, start)
            slot = self._new_slot(iteration, start, None)
        slot.complete, slot.completed = moment, recorded
        self._completed_from = min(self._completed_from, moment)
        event = recorded.event
        if isinstance(event, IterationCompleted):
            slot.exit_code, slot.status = event.exit_code, event.status
        insort(self._completions, (moment, slot.number))

    def _told_twice(self, iteration: int) -> bool:
        """A completion whose slot is closed already tells nothing new."""
        numbers = self._numbered.get(iteration, [])
        run = self.runs[-1]
        return any(self.slots[number].run is run for _, number in numbers)

    def _lower_bound(self, moment: int) -> int:
        """Where a slot whose start was lost can have begun at the earliest."""
        run = self.runs[-1]
        if not run.slots:
            return moment if run.index == 0 else min(run.start, moment)
        last = run.slots[-1]
        return min(moment, last.start if last.complete is None else last.complete)

    # -- looking up --------------------------------------------------------

    def run_at(self, moment: int) -> Run:
        """The run of a moment; run 0 before the first."""
        place = bisect_right(self._run_starts, (moment, FOREVER))
        return self.runs[self._run_starts[place - 1][1]] if place else self.runs[0]

    def until(self, run: Run) -> int:
        """The moment from which on another run has begun."""
        if run.index == 0:
            return self._run_starts[0][0] if self._run_starts else FOREVER
        place = bisect_right(self._run_starts, (run.start, run.index))
        return self._run_starts[place][0] if place < len(self._run_starts) else FOREVER

    def run_of_position(self, recorded: Recorded) -> Run:
        """The run in whose part of the stream an event stands."""
        place = bisect_right(self._run_places, self.place(recorded))
        return self.runs[place]

    def run_of_pid(self, pid: int, moment: int) -> Run | None:
        """The run with this process, the nearest in time when there are several."""
        known = [run for run in self.runs[1:] if run.pid == pid]
        return min(
            known, key=lambda run: (abs(run.start - moment), run.index), default=None
        )

    def near(self, moment: int) -> Iterator[Slot]:
        """Slots begun until a second after ``moment``, newest first, a few."""
        place = bisect_right(self._slot_starts, (moment + SECOND, FOREVER))
        for _, number in reversed(
            self._slot_starts[max(0, place - _LOOK_BACK) : place]
        ):
            yield self.slots[number]

    def numbered(self, iteration: int, moment: int) -> Slot | None:
        """The slot of this number whose window holds ``moment``, if there is one."""
        starts = self._numbered.get(iteration, [])
        place = bisect_right(starts, (moment + SECOND, FOREVER))
        for _, number in reversed(starts[max(0, place - _LOOK_BACK) : place]):
            slot = self.slots[number]
            if moment <= slot.end + SECOND:
                return slot
        return None

    def newest_completed(self, moment: int) -> Slot | None:
        """The slot that completed last until ``moment``."""
        place = bisect_right(self._completions, (moment, FOREVER))
        return self.slots[self._completions[place - 1][1]] if place else None

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
