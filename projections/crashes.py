"""Which crash file belongs to which slot.

By time, exit code and phase; the nearest completion wins, the earlier slot on
ties, one to one.  A crash that finds no slot is a failure of its own and is
shown at once: its iteration may still be told.
"""

from __future__ import annotations

from collections.abc import Iterable

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


def join(
    crashes: Iterable[Recorded], timeline: Timeline
) -> tuple[dict[int, Recorded], list[tuple[Recorded, Run]]]:
    """The crash of each slot (by number), and the crashes without a slot.

    Of several crashes that mean one slot the nearest is joined.  A crash
    without a slot comes with the run that it is told of.
    """
    wanted: dict[int, list[tuple[int, str, Recorded]]] = {}
    alone: list[tuple[Recorded, Run]] = []
    for recorded in crashes:
        event, moment = recorded.event, at(recorded)
        if not isinstance(event, CrashObserved):
            continue
        slot = pick(event, moment, timeline)
        if slot is None:
            alone.append((recorded, timeline.run_at(moment)))
            continue
        distance = abs(moment - (slot.complete or 0))
        wanted.setdefault(slot.number, []).append((distance, recorded.id, recorded))
    joined: dict[int, Recorded] = {}
    for number, claims in wanted.items():
        claims.sort(key=lambda claim: claim[:2])
        joined[number] = claims[0][2]
        run = timeline.slots[number].run
        alone += [(claim[2], run) for claim in claims[1:]]
    return joined, alone
