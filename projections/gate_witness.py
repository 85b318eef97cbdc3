"""Gate failures and passes: one per (run, iteration, gate), whoever tells of it.

Witnesses, best first: trust-events, a blocking review, a stage of the main
stream, a line of failures.jsonl, a value of the counter.  The best one gives
the time.  A review that blocks is the gate ``code_review``; that it passed is
known from a review that does not block.
"""

from __future__ import annotations

from collections.abc import Iterator

from lokid.events import Event, GateFailed, GatePassed, Recorded, ReviewCompleted
from projections.counter import Claim, Counter
from projections.gate_cells import RANKS, REVIEW_GATE, Cell, RunGates, Told
from projections.ledger import Ledger
from projections.moment import SECOND, at
from projections.slots import Run, Slot
from projections.timeline import Timeline

_KINDS: tuple[type[Event], ...] = (GateFailed, GatePassed, ReviewCompleted)


def witness(recorded: Recorded) -> Told | None:
    """What a fact says of a gate; None when it says nothing."""
    event, moment = recorded.event, at(recorded)
    if isinstance(event, ReviewCompleted):
        if event.inconclusive and not event.blocking:
            return None
        rank = RANKS["review"]
        gate, failed, iteration = REVIEW_GATE, event.blocking, event.iteration
    elif isinstance(event, GateFailed | GatePassed):
        rank = RANKS.get(event.witness, RANKS["stage"])
        gate, iteration = event.gate, event.iteration
        failed = isinstance(event, GateFailed)
    else:
        return None
    return Told(gate, iteration, failed, rank, moment, recorded)


class GateBook:
    """The gates of every run."""

    def __init__(self, timeline: Timeline, ledger: Ledger, counter: Counter) -> None:
        """All three are shared and settled before a run is asked for."""
        self._timeline = timeline
        self._ledger = ledger
        self.counter = counter
        self._runs: dict[int, RunGates] = {}
        self._read: dict[tuple[int, type[Event]], int] = {}
        self._loose: dict[int, list[Told]] = {}
        self._told: set[str] = set()

    def forget(self) -> None:
        """Read the ledger again from its beginning."""
        self._runs, self._read, self._loose = {}, {}, {}

    def heed(self, recorded: Recorded) -> bool:
        """Whether this fact is the first (the counter apart) to tell of a gate.

        A value of the counter that fits no slot is then nothing of its own.
        """
        if isinstance(recorded.event, GatePassed):
            return False
        told = witness(recorded)
        if told is None or not told.failed or told.gate in self._told:
            return False
        self._told.add(told.gate)
        return True

    def of(self, run: Run) -> RunGates:
        """What is known of a run's gates since it was settled."""
        return self._runs.setdefault(run.index, RunGates())

    def settle(self, run: Run, since: int) -> set[Cell]:
        """Read what is new of a run, and place again what may float since then.

        Gives the cells that changed.
        """
        gates = self.of(run)
        touched = gates.lift(since) | self._known(run, gates)
        found = [
            *self._by_window(run, since),
            *self._by_time(run, since),
            *self._by_counter(run, since),
        ]
        for told in sorted(
            found, key=lambda one: (one.rank, one.moment, one.recorded.id)
        ):
            cell = _cell(told, run, gates)
            gates.float(told, cell)
            if told.failed:
                touched.add(cell)
        return touched

    def _known(self, run: Run, gates: RunGates) -> set[Cell]:
        """Facts filed under the run that name their iteration, read once each."""
        touched = set()
        for kind in _KINDS:
            filed, done = self._ledger.filed(run, kind), (run.index, kind)
            for recorded in filed[self._read.get(done, 0) :]:
                told = witness(recorded)
                if told is None:
                    continue
                if told.iteration is None:
                    self._loose.setdefault(run.index, []).append(told)
                    continue
                cell = Cell(told.iteration, told.gate)
                gates.add(told, cell)
                if told.failed:
                    touched.add(cell)
            self._read[done] = len(filed)
        return touched

    def _by_window(self, run: Run, since: int) -> Iterator[Told]:
        """Facts filed under the run that name no iteration."""
        for told in self._loose.get(run.index, ()):
            if told.moment >= since:
                slot = self._timeline.around(told.moment, completed=True)
                inside = slot is not None and slot.run is run
                yield _of_slot(told, slot if inside else None)

    def _by_time(self, run: Run, since: int) -> Iterator[Told]:
        """Facts filed by time, those of this run."""
        for kind in _KINDS:
            for recorded in self._ledger.about(run, kind, since):
                told = witness(recorded)
                if told is None:
                    continue
                if told.iteration is None:
                    slot = self._timeline.around(told.moment, completed=True)
                else:
                    slot = self._timeline.numbered(told.iteration, told.moment)
                owner = slot.run if slot else self._timeline.run_at(told.moment)
                if owner is run:
                    yield _of_slot(told, slot)

    def _by_counter(self, run: Run, since: int) -> Iterator[Told]:
        for claim in self.counter.of_run(run.index, since):
            if claim.slot is None and claim.gate in self._told:
                continue
            yield _of_slot(_from_claim(claim), claim.slot)


def _of_slot(told: Told, slot: Slot | None) -> Told:
    return told._replace(iteration=slot.iteration, slot=slot) if slot else told


def _from_claim(claim: Claim) -> Told:
    rank = RANKS["counter"]
    return Told(claim.gate, None, claim.failed, rank, claim.moment, claim.recorded)


def _cell(told: Told, run: Run, gates: RunGates) -> Cell:
    """Where a witness belongs.

    Without a slot its run is told by its run id at best; one that has none
    joins a better witness of the same gate, by iteration or within a second.
    """
    if told.slot is not None or (run.index and told.iteration is not None):
        return Cell(told.iteration, told.gate)
    event = told.recorded.event
    part = (event.run_id or "") if isinstance(event, GateFailed) else ""
    if told.iteration is not None and part:
        return Cell(told.iteration, told.gate, part)
    near = [
        (abs(other.moment - told.moment), cell.part, cell)
        for cell, others in gates.fails.items()
        for other in others
        if cell.gate == told.gate and _same(told, cell, other)
    ]
    if near:
        return min(near, key=lambda one: one[:2])[2]
    return Cell(told.iteration, told.gate, told.recorded.id)


def _same(told: Told, cell: Cell, other: Told) -> bool:
    if told.iteration is not None:
        return cell.iteration == told.iteration
    return other.rank < told.rank and abs(other.moment - told.moment) <= SECOND
