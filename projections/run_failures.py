"""The failures of one run: its slots, its frictions, its gates, and strays.

Joining a run again is cheap: a failure is only made again when what was joined
to it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lokid.events import (
    CrashObserved,
    EpisodeRecorded,
    FrictionObserved,
    IterationInterrupted,
    ProviderFailed,
    Recorded,
    StageCompleted,
)
from projections import crashes, frictions
from projections.counter import Counter
from projections.failure import Failure
from projections.gate_failures import friction_failure, gate_failure
from projections.gate_witness import Cell, RunGates, Told
from projections.ledger import Ledger
from projections.moment import SECOND, at
from projections.sessions import Sessions
from projections.slot_failures import Evidence, failure_of
from projections.slots import Run, Slot
from projections.strays import strays_of
from projections.timeline import Timeline

_PASSED = "pass"
_NUMBERED = (EpisodeRecorded, ProviderFailed)


class RunFailures:
    """One run's failures; `settle` joins them anew."""

    def __init__(
        self,
        run: Run,
        timeline: Timeline,
        ledger: Ledger,
        sessions: Sessions,
        counter: Counter,
    ) -> None:
        """All are shared and settled before `settle` is called."""
        self.run = run
        self.failures: tuple[Failure, ...] = ()
        self.newest = ""
        self.by_iteration: dict[int, list[Failure]] = {}
        self.gates = RunGates()
        self._timeline = timeline
        self._ledger = ledger
        self._sessions = sessions
        self._counter = counter
        self._made: dict[object, tuple[object, Failure]] = {}

    def settle(self, gates: RunGates) -> None:
        """Join the run's facts again."""
        self.gates = gates
        evidence, alone = self._gather()
        found = [
            self._slot_failure(slot, evidence.get(slot.number))
            for slot in self.run.slots
            if slot.failing
        ]
        found += strays_of(self.run, alone, self._timeline, self._ledger)
        found += self._frictions()
        found += [self._gate_failure(*cell) for cell in gates.fails.items()]
        self.failures = tuple(found)
        self.newest = max((one.time for one in found), default="")
        self.by_iteration = {}
        for one in found:
            if one.iteration is not None:
                self.by_iteration.setdefault(one.iteration, []).append(one)

    # -- iterations --------------------------------------------------------

    def _gather(self) -> tuple[dict[int, Evidence], list[Recorded]]:
        """Everything joined to the run's slots, and the crashes without one."""
        run, timeline = self.run, self._timeline
        found: dict[int, Evidence] = {}
        sessions = self._sessions.of_run(run.start, timeline.until(run), run.index)
        for number, session in sessions.items():
            found.setdefault(number, Evidence()).session = session
        joined, strays = crashes.join(self._ledger.about(run, CrashObserved), timeline)
        for number, crash in joined.items():
            if timeline.slots[number].run is run:
                found.setdefault(number, Evidence()).crash = crash
        alone = [recorded for recorded, owner in strays if owner is run]
        for slot, recorded in self._numbered():
            evidence = found.setdefault(slot.number, Evidence())
            if isinstance(recorded.event, EpisodeRecorded):
                evidence.episodes.append(recorded)
            else:
                evidence.provider.append(recorded)
        self._gather_signals(found)
        self._gather_agents(found)
        return found, alone

    def _numbered(self) -> Iterator[tuple[Slot, Recorded]]:
        """Episodes and provider errors with the slot they name."""
        for kind in _NUMBERED:
            for recorded in self._ledger.about(self.run, kind):
                event, moment = recorded.event, at(recorded)
                if not isinstance(event, _NUMBERED) or event.iteration is None:
                    continue
                slot = self._timeline.numbered(event.iteration, moment)
                if slot is None or slot.run is not self.run:
                    continue
                if isinstance(event, ProviderFailed) or slot.holds(moment):
                    yield slot, recorded

    def _gather_signals(self, found: dict[int, Evidence]) -> None:
        for recorded in self._ledger.about(self.run, IterationInterrupted):
            event, moment = recorded.event, at(recorded)
            if not isinstance(event, IterationInterrupted):
                continue
            fitting = [
                slot
                for slot in self._timeline.near(moment)
                if slot.interrupted
                and event.exit_code in (None, slot.exit_code or event.exit_code)
                and slot.start - SECOND <= moment <= _last(slot) + SECOND
            ]
            slot = max(fitting, key=lambda one: one.number, default=None)
            if slot is not None and slot.run is self.run:
                found.setdefault(slot.number, Evidence()).signals.append(recorded)

    def _gather_agents(self, found: dict[int, Evidence]) -> None:
        """The agent's stage, where it passed although the iteration failed."""
        newest: dict[int, Recorded] = {}
        filed = self._ledger.filed(self.run, StageCompleted)
        for recorded in (*filed, *self._ledger.about(self.run, StageCompleted)):
            event = recorded.event
            if not isinstance(event, StageCompleted) or event.iteration is None:
                continue
            slot = self._timeline.numbered(event.iteration, at(recorded))
            if slot is None or slot.run is not self.run or not slot.failing:
                continue
            known = newest.get(slot.number, recorded)
            newest[slot.number] = max(
                known, recorded, key=lambda one: (one.time, one.id)
            )
        for number, recorded in newest.items():
            event = recorded.event
            if isinstance(event, StageCompleted) and event.status == _PASSED:
                found.setdefault(number, Evidence()).agent = recorded

    def _slot_failure(self, slot: Slot, evidence: Evidence | None) -> Failure:
        evidence = evidence or Evidence()
        ids = [one.id for one in evidence.facts()]
        state = (slot.completed, slot.cut_by, tuple(ids))
        return self._remember(slot.number, state, lambda: failure_of(slot, evidence))

    def _frictions(self) -> Iterator[Failure]:
        mine = []
        for recorded in self._ledger.about(self.run, FrictionObserved):
            slot = frictions.slot_of(recorded, self._timeline)
            if (slot.run if slot else self._timeline.run_at(at(recorded))) is self.run:
                mine.append((recorded, slot))
        named = frictions.name_gates(mine, self.run, self.gates, self._counter)
        for recorded, slot in mine:
            yield friction_failure(recorded, slot, named.get(recorded.id), self.run)

    def _gate_failure(self, cell: Cell, witnesses: list[Told]) -> Failure:
        """The one failure of a gate in an iteration; the best witness dates it."""
        state = tuple(sorted((one.recorded.id, one.slot is None) for one in witnesses))
        return self._remember(
            cell, state, lambda: gate_failure(cell, witnesses, self.run)
        )

    def _remember(
        self, name: object, state: object, make: Callable[[], Failure]
    ) -> Failure:
        """The failure made before from the same facts, else a new one."""
        known = self._made.get(name)
        if known is None or known[0] != state:
            known = self._made[name] = (state, make())
        return known[1]


def _last(slot: Slot) -> int:
    return slot.end if slot.complete is None else slot.complete
