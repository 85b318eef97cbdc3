"""The harness's main stream, folded into runs and slots.

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

from lokid.events import (
    IterationCompleted,
    IterationStarted,
    Recorded,
    RunEnded,
    RunStarted,
)
from projections.changes import Changes
from projections.moment import FOREVER, SECOND, at, phase_of
from projections.slots import Run, Slot

STREAM_EVENTS = (RunStarted, RunEnded, IterationStarted, IterationCompleted)
_COMPACT = re.compile(r"[-:]|\.\d+")

Position = tuple[int, str, int, int, str]


class Stream:
    """All runs and slots, in file order."""

    def __init__(self) -> None:
        """Begin with nothing but run 0."""
        self._events: list[Recorded] = []
        self._born: dict[str, int] = {}
        self._stale = False
        self._changes = Changes()
        self._completed_from = FOREVER
        self._clear()

    def _clear(self) -> None:
        self.runs = [Run(index=0, id=None, start=-FOREVER)]
        self.slots: list[Slot] = []
        self.first: int | None = None
        self._last: Position | None = None
        self.run_places: list[Position] = []
        self.run_starts: list[tuple[int, int]] = []
        self.slot_starts: list[tuple[int, int]] = []
        self.completions: list[tuple[int, int]] = []
        self.by_number: dict[int, list[tuple[int, int]]] = {}
        self._open: dict[int, Slot] = {}
        self._turned = False  # a run began before an earlier one: a clock went back
        self._covered = -FOREVER  # until when slots of the runs before the last reach
        self._long: set[int] = set()  # runs whose slots reach beyond their own part

    # -- folding -----------------------------------------------------------

    def add(self, recorded: Recorded) -> None:
        """Take one event of the main stream in."""
        self._events.append(recorded)
        generation, moment = recorded.src.generation or "", at(recorded)
        born = self._born.get(generation)
        if born is not None and moment < born and len(self._born) > 1:
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
        self._changes = Changes()
        for run in self.runs:
            self._changes.mark(run.index)
        return True

    def take_changes(self) -> Changes:
        """What changed in the slots since this was asked last."""
        changes, self._changes = self._changes, Changes()
        return changes

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
            self._changes.mark(0)
        if isinstance(event, RunStarted):
            self._open_run(recorded, place, moment)
        elif isinstance(event, IterationStarted):
            self._open_slot(event.iteration, recorded, moment)
        elif isinstance(event, IterationCompleted):
            self._close_slot(event.iteration, recorded, moment)
        elif isinstance(event, RunEnded):
            self.runs[-1].ended = recorded
            self._changes.mark(self.runs[-1].index, moment)

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
        self._changes.mark(self.run_at(moment).index, moment)
        self._changes.mark(run.index)
        if self.runs[-1].late > moment:
            self._long.add(self.runs[-1].index)
        last = self.run_starts[-1][0] if self.run_starts else -FOREVER
        self._turned = self._turned or moment <= last
        self._covered = max([self._covered, *(one.late for one in self.runs[-2:-1])])
        self.runs.append(run)
        self._open = {}
        self.run_places.append(place)
        insort(self.run_starts, (moment, run.index))

    def _open_slot(self, iteration: int, recorded: Recorded, moment: int) -> None:
        self._cut(recorded, moment)
        self._new_slot(iteration, moment, recorded)

    def _new_slot(self, iteration: int, start: int, started: Recorded | None) -> Slot:
        run = self.runs[-1]
        number, phase = len(self.slots), phase_of(iteration)
        slot = Slot(run, iteration, number, start, started, phase)
        self.slots.append(slot)
        run.slots.append(slot)
        insort(self.slot_starts, (start, slot.number))
        insort(self.by_number.setdefault(iteration, []), (start, slot.number))
        if started is not None:
            self._open[iteration] = slot
        self._note(slot)
        return slot

    def _cut(self, recorded: Recorded, moment: int) -> None:
        """End the newest slot's window; what is still open was cut off."""
        if not self.slots or self.slots[-1].end != FOREVER:
            return
        last = self.slots[-1]
        last.end = max(moment, last.start)
        last.cut_by = recorded
        self._note(last)

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
        insort(self.completions, (moment, slot.number))
        self._note(slot)

    def _note(self, slot: Slot) -> None:
        """A slot changed, and with it the facts that may belong to it.

        They may have been of the run before or after it until now.
        """
        run, until = slot.run, slot.until
        run.early = min(run.early, slot.start)
        if until != FOREVER:
            run.late = max(run.late, until)
        if slot.start < run.start or run.late > self.until(run):
            self._long.add(run.index)
        self._changes.mark(run.index, slot.start)
        turned = self._turned or slot.start <= self._covered + 2 * SECOND
        others = self.runs if turned else self.runs[max(0, run.index - 1) :]
        for other in others:
            early, late = self.span(other)
            if early - SECOND <= until and slot.start <= late + SECOND:
                self._changes.mark(other.index, slot.start)

    def run_at(self, moment: int) -> Run:
        """The run of a moment; run 0 before the first."""
        place = bisect_right(self.run_starts, (moment, FOREVER))
        return self.runs[self.run_starts[place - 1][1]] if place else self.runs[0]

    def until(self, run: Run) -> int:
        """The moment from which on another run has begun."""
        if run.index == 0:
            return self.run_starts[0][0] if self.run_starts else FOREVER
        place = bisect_right(self.run_starts, (run.start, run.index))
        return self.run_starts[place][0] if place < len(self.run_starts) else FOREVER

    def span(self, run: Run) -> tuple[int, int]:
        """The first and last moment of a fact that may be of a run."""
        late = max(self.until(run), run.late)
        if run is self.runs[-1] and run.slots and run.slots[-1].until == FOREVER:
            late = FOREVER - SECOND  # its clock is behind that of a run before it
        return min(run.start, run.early) - SECOND, late + SECOND

    def _told_twice(self, iteration: int) -> bool:
        """A completion whose slot is closed already tells nothing new."""
        numbers = self.by_number.get(iteration, [])
        run = self.runs[-1]
        return any(self.slots[number].run is run for _, number in numbers)

    def _lower_bound(self, moment: int) -> int:
        """Where a slot whose start was lost can have begun at the earliest."""
        run = self.runs[-1]
        if not run.slots:
            return moment if run.index == 0 else min(run.start, moment)
        last = run.slots[-1]
        return min(moment, last.start if last.complete is None else last.complete)
