"""The failures of one run: its slots, its frictions, its gates, and strays.

Joining a run again is cheap: a failure is only made again when what was joined
to it changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

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
from projections.failure import Failure
from projections.gate_cells import Cell
from projections.gate_failures import friction_failure, gate_failure
from projections.gate_witness import GateBook
from projections.ledger import Ledger
from projections.moment import SECOND, at, millis
from projections.sessions import Sessions
from projections.slot_failures import Evidence, failure_of
from projections.slots import Run, Slot
from projections.strays import strays_of
from projections.timeline import Timeline

_PASSED = "pass"
_NUMBERED = (EpisodeRecorded, ProviderFailed)

K = TypeVar("K")


class RunFailures:
    """One run's failures; `settle` joins anew what may have changed."""

    def __init__(
        self,
        run: Run,
        timeline: Timeline,
        ledger: Ledger,
        sessions: Sessions,
        book: GateBook,
    ) -> None:
        """All are shared and settled before `settle` is called."""
        self.run = run
        self.of_slots: dict[int, Failure] = {}
        self.strays: dict[str, Failure] = {}
        self.frictions: dict[str, Failure] = {}
        self.gates: dict[str, dict[Cell, Failure]] = {}
        self._timeline = timeline
        self._ledger = ledger
        self._sessions = sessions
        self._book = book
        self._states: dict[str, object] = {}

    def all(self) -> Iterator[Failure]:
        """Every failure of the run."""
        yield from self.of_slots.values()
        yield from self.strays.values()
        yield from self.frictions.values()
        for cells in self.gates.values():
            yield from cells.values()

    def settle(self, since: int) -> tuple[list[Failure], list[Failure]]:
        """Join again what may have changed since a moment.

        Gives the failures that are gone and those that came.  A fact belongs to
        a slot whose window holds it, so older slots keep what they have.
        """
        slots = [slot for slot in self.run.slots if slot.until >= since]
        since = min([since, *(slot.start - SECOND for slot in slots)])
        evidence, crashed = self._gather(slots, since)
        change = Change()
        for slot in slots:
            made = self._slot_failure(slot, evidence.get(slot.number))
            change.put(self.of_slots, slot.number, made)
        strays = {
            one.id: one
            for one in strays_of(self.run, crashed.alone, self._timeline, self._ledger)
        }
        for name, known in list(self.strays.items()):
            asked = millis(known.time) >= since and name not in crashed.elsewhere
            if asked and name not in strays:
                change.put(self.strays, name, None)
        for name, stray in strays.items():
            change.put(self.strays, name, stray)
        for cell in self._book.settle(self.run, since):
            witnesses = self._book.of(self.run).fails.get(cell)
            made = gate_failure(cell, witnesses, self.run) if witnesses else None
            change.put(self.gates.setdefault(cell.gate, {}), cell, made)
        frictions = {one.id: one for one in self._frictions()}
        for name in self.frictions.keys() | frictions.keys():
            change.put(self.frictions, name, frictions.get(name))
        return change.gone, change.come

    def _gather(
        self, slots: list[Slot], since: int
    ) -> tuple[dict[int, Evidence], crashes.Joined]:
        """All that is joined to these slots, and how the crashes were joined."""
        run = self.run
        found = {slot.number: Evidence() for slot in slots}
        for number, session in self._sessions.of_run(run, since).items():
            if number in found:
                found[number].session = session
        crashed = crashes.join(
            self._ledger.about(run, CrashObserved, since), run, found, self._timeline
        )
        for number, crash in crashed.by_slot.items():
            found[number].crash = crash
        for slot, recorded in self._numbered(since):
            if slot.number not in found:
                continue
            if isinstance(recorded.event, EpisodeRecorded):
                found[slot.number].episodes.append(recorded)
            else:
                found[slot.number].provider.append(recorded)
        self._gather_signals(found, since)
        self._gather_agents(found, since)
        return found, crashed

    def _numbered(self, since: int) -> Iterator[tuple[Slot, Recorded]]:
        """Episodes and provider errors with the slot they name."""
        for kind in _NUMBERED:
            for recorded in self._ledger.about(self.run, kind, since):
                event, moment = recorded.event, at(recorded)
                if not isinstance(event, _NUMBERED) or event.iteration is None:
                    continue
                slot = self._timeline.numbered(event.iteration, moment)
                if slot is None or slot.run is not self.run:
                    continue
                if isinstance(event, ProviderFailed) or slot.holds(moment):
                    yield slot, recorded

    def _gather_signals(self, found: dict[int, Evidence], since: int) -> None:
        for recorded in self._ledger.about(self.run, IterationInterrupted, since):
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
            if slot is not None and slot.number in found:
                found[slot.number].signals.append(recorded)

    def _gather_agents(self, found: dict[int, Evidence], since: int) -> None:
        """The agent's stage, where it passed although the iteration failed."""
        newest: dict[int, Recorded] = {}
        filed = self._ledger.filed_since(self.run, StageCompleted, since)
        for recorded in (*filed, *self._ledger.about(self.run, StageCompleted, since)):
            event = recorded.event
            if not isinstance(event, StageCompleted) or event.iteration is None:
                continue
            slot = self._timeline.numbered(event.iteration, at(recorded))
            if slot is None or slot.number not in found or not slot.failing:
                continue
            known = newest.get(slot.number, recorded)
            newest[slot.number] = max(
                known, recorded, key=lambda one: (one.time, one.id)
            )
        for number, recorded in newest.items():
            event = recorded.event
            if isinstance(event, StageCompleted) and event.status == _PASSED:
                found[number].agent = recorded

    def _slot_failure(self, slot: Slot, evidence: Evidence | None) -> Failure | None:
        """The slot's failure; the one made before when nothing changed."""
        if not slot.failing:
            return None
        evidence = evidence or Evidence()
        known = self.of_slots.get(slot.number)
        state = (slot.completed, slot.cut_by, [one.id for one in evidence.facts()])
        if known is not None and self._states.get(known.id) == state:
            return known
        made = failure_of(slot, evidence)
        self._states[made.id] = state
        return made

    def _frictions(self) -> Iterator[Failure]:
        mine = []
        for recorded in self._ledger.about(self.run, FrictionObserved):
            slot = frictions.slot_of(recorded, self._timeline)
            if (slot.run if slot else self._timeline.run_at(at(recorded))) is self.run:
                mine.append((recorded, slot))
        gates = self._book.of(self.run)
        named = frictions.name_gates(mine, self.run, gates, self._book.counter)
        for recorded, slot in mine:
            yield friction_failure(recorded, slot, named.get(recorded.id), self.run)


class Change:
    """Failures that went and came."""

    def __init__(self) -> None:
        """Begin with none."""
        self.gone: list[Failure] = []
        self.come: list[Failure] = []

    def put(self, kept: dict[K, Failure], name: K, failure: Failure | None) -> None:
        """Let a failure stand under a name, or none; note what that changes."""
        known = kept.pop(name, None)
        if failure is not None:
            kept[name] = failure if known != failure else known or failure
        if known == failure:
            return
        if known is not None:
            self.gone.append(known)
        if failure is not None:
            self.come.append(failure)


def _last(slot: Slot) -> int:
    return slot.end if slot.complete is None else slot.complete
