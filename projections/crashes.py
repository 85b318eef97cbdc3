"""Which crash file belongs to which slot.

By time, exit code and phase; the nearest completion wins, the earlier slot on
ties, one to one.  A crash that finds no slot is a failure of its own and is
shown at once: its iteration may still be told.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import NamedTuple

from lokid.events import CrashObserved, Recorded
from projections.moment import SIGNALS, at
from projections.slots import Run, Slot
from projections.timeline import Timeline

_ANY_PHASE = frozenset({None, "iteration", "ITERATION", "UNKNOWN"})


def pick(crash: CrashObserved, moment: int, timeline: Timeline) -> Slot | None:
    """The slot whose completion is nearest, among those that allow the crash."""
    fitting = [
        (abs(moment - (slot.complete or 0)), slot.number, slot)
        for slot in timeline.near(moment)
        if slot.holds(moment) and _allows(slot, crash)
    ]
    return min(fitting, key=lambda fit: fit[:2])[2] if fitting else None


def _allows(slot: Slot, crash: CrashObserved) -> bool:
    if not slot.failing or slot.exit_code in SIGNALS:
        return False
    known = None not in (crash.exit_code, slot.exit_code)
    if known and crash.exit_code != slot.exit_code:
        return False
    return crash.phase in _ANY_PHASE or crash.phase == slot.phase


class Joined(NamedTuple):
    """Which crash each slot has (by number), and the others.

    ``alone`` are those without a slot, ``elsewhere`` the ids of those that
    belong to slots of the run that nobody asked about.
    """

    by_slot: dict[int, Recorded]
    alone: list[Recorded]
    elsewhere: set[str]


def join(
    crashes: Iterable[Recorded], run: Run, slots: Container[int], timeline: Timeline
) -> Joined:
    """Join crashes to some slots (by number) of a run.

    Of several crashes that mean one slot the nearest is joined; the others are
    alone, in the run of that slot.
    """
    wanted: dict[int, list[tuple[int, str, Recorded]]] = {}
    joined = Joined({}, [], set())
    for recorded in crashes:
        event, moment = recorded.event, at(recorded)
        if not isinstance(event, CrashObserved):
            continue
        slot = pick(event, moment, timeline)
        if slot is None:
            if timeline.run_at(moment) is run:
                joined.alone.append(recorded)
        elif slot.number in slots:
            distance = abs(moment - (slot.complete or 0))
            claim = (distance, recorded.id, recorded)
            wanted.setdefault(slot.number, []).append(claim)
        elif slot.run is run:
            joined.elsewhere.add(recorded.id)
    for number, claims in wanted.items():
        claims.sort(key=lambda claim: claim[:2])
        joined.by_slot[number] = claims[0][2]
        joined.alone.extend(claim[2] for claim in claims[1:])
    return joined
