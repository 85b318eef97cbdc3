"""Which slot and which gate a friction belongs to.

A friction file says that some gate failed for the third time in a row, but not
which.  The gate is told by, in this order: a trust-event that counts 3 in the
same slot; a change from 2 to 3 seen in the counter; the arithmetic of the
counter's last value, and the third blocking review in a row.  Exactly one
candidate, else nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable

from lokid.events import FrictionObserved, GateFailed, Recorded
from projections.counter import Counter
from projections.gate_cells import REVIEW_GATE, RunGates, Told
from projections.moment import SECOND, at
from projections.slots import Run, Slot
from projections.timeline import Timeline

_THIRD = 3
_BY_GATE = "gate_failure"


def slot_of(recorded: Recorded, timeline: Timeline) -> Slot | None:
    """The slot in whose window a friction was written."""
    event = recorded.event
    gate = isinstance(event, FrictionObserved) and event.kind == _BY_GATE
    return timeline.around(at(recorded), completed=gate)


def name_gates(
    frictions: Iterable[tuple[Recorded, Slot | None]],
    run: Run,
    gates: RunGates,
    counter: Counter,
) -> dict[str, str]:
    """The gate of each friction of a run, by the fact's id; unknown ones left out."""
    by_slot: dict[int, list[Recorded]] = {}
    for recorded, slot in frictions:
        event = recorded.event
        if slot is None or not isinstance(event, FrictionObserved):
            continue
        if event.kind == _BY_GATE:
            by_slot.setdefault(slot.number, []).append(recorded)
    if not by_slot:
        return {}
    slots = {slot.number: slot for slot in run.slots}
    thirds = _thirds(gates)
    named: dict[str, str] = {}
    for number, found in by_slot.items():
        slot = slots[number]
        found.sort(key=lambda one: (one.time, one.id))
        trusted = thirds.get(slot.iteration, [])
        if trusted:
            named |= _by_trust(found, trusted)
            continue
        candidates = _seen_to_rise(run, slot, counter) or _counted(
            run, slot, gates, counter
        )
        if len(candidates) == 1 and len(found) == 1:
            named[found[0].id] = candidates.pop()
    return named


def _thirds(gates: RunGates) -> dict[int, list[Told]]:
    """By iteration, the trust-events that count three, in order of time."""
    found: dict[int, dict[str, Told]] = {}
    for cell, witnesses in gates.fails.items():
        for told in witnesses:
            event = told.recorded.event
            third = isinstance(event, GateFailed) and event.consecutive == _THIRD
            if third and cell.iteration is not None:
                by_gate = found.setdefault(cell.iteration, {})
                by_gate[cell.gate] = min(
                    by_gate.get(cell.gate, told),
                    told,
                    key=lambda one: (one.moment, one.recorded.id),
                )
    return {
        iteration: sorted(
            by_gate.values(), key=lambda told: (told.moment, told.recorded.id)
        )
        for iteration, by_gate in found.items()
    }


def _by_trust(found: list[Recorded], trusted: list[Told]) -> dict[str, str]:
    if len(found) == len(trusted):
        return {one.id: told.gate for one, told in zip(found, trusted, strict=True)}
    # One file overwrote another: only a witness that stands alone is believed.
    named = {}
    for one in found:
        near = {told.gate for told in trusted if abs(told.moment - at(one)) <= SECOND}
        if len(near) == 1:
            named[one.id] = near.pop()
    return named if len(set(named.values())) == len(named) else {}


def _seen_to_rise(run: Run, slot: Slot, counter: Counter) -> set[str]:
    return {
        claim.gate
        for claim in counter.of_run(run.index)
        if claim.third and claim.slot is slot
    }


def _counted(run: Run, slot: Slot, gates: RunGates, counter: Counter) -> set[str]:
    candidates = {
        claim.gate
        for claim in counter.final(run.index).values()
        if claim.slot is not None
        and claim.count >= _THIRD
        and claim.slot.iteration - claim.count + _THIRD == slot.iteration
    }
    if _third_review(slot.iteration, gates.reviews()):
        candidates.add(REVIEW_GATE)
    return candidates


def _third_review(iteration: int, reviews: dict[int, bool]) -> bool:
    """Whether the review of this iteration was the third in a row to block."""
    row = 0
    for number in sorted(reviews):
        row = row + 1 if reviews[number] else 0
        if number == iteration:
            return row == _THIRD
    return False
