"""How far a log's local clock readings are from UTC.

The log prints its markers in the machine's zone.  Zones lie at quarters of an
hour; the one meant is that under which most sessions fall into a slot of their
phase and exit code, and of several the one with the smallest distances.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from projections.moment import HOUR, PHASES, SECOND, ZONES
from projections.session_logs import EXIT_EMPTY, EXIT_TURNED, Session
from projections.slots import Slot

_STEP = HOUR // 4
_SAMPLE = 16  # sessions asked; a log has one zone, summer time apart


def distance_from_utc(local: Iterable[Session], slots: Iterable[Slot]) -> int | None:
    """Milliseconds to add to the readings of these sessions; None: not known."""
    alike: dict[tuple[str, int | None], list[Slot]] = {}
    for slot in slots:
        alike.setdefault((slot.phase, slot.exit_code), []).append(slot)
    timed = sorted(
        (one for one in local if one.clock is not None),
        key=lambda one: (one.clock or 0, one.recorded.id),
    )
    votes: dict[int, list[int]] = {}
    for session in timed[-_SAMPLE:]:
        for shift, distance in _shifts(session, alike).items():
            votes.setdefault(shift, []).append(distance)
    return min(
        votes,
        key=lambda shift: (-len(votes[shift]), sum(votes[shift]), abs(shift), shift),
        default=None,
    )


def _shifts(
    session: Session, alike: dict[tuple[str, int | None], list[Slot]]
) -> dict[int, int]:
    """The zones in which a session can belong to a slot, with its distance."""
    found: dict[int, int] = {}
    clock = session.clock
    if clock is None:
        return found
    told = session.event.exit_code
    exits = {told, None} | ({EXIT_TURNED} if told == EXIT_EMPTY else set())
    for key in itertools.product(_phases(session), exits):
        for slot in alike.get(key, ()):
            done = slot.complete
            mark = done if session.started is None and done is not None else slot.start
            shift = round((mark - clock) / _STEP) * _STEP
            moment = clock + shift
            last = (slot.end if done is None else done) + SECOND
            if abs(shift) > ZONES or not slot.start - SECOND <= moment <= last:
                continue
            if session.ended is not None and session.ended + shift > last:
                continue
            distance = abs(moment - mark)
            found[shift] = min(distance, found.get(shift, distance))
    return found


def _phases(session: Session) -> tuple[str, ...]:
    return PHASES if session.event.phase is None else (session.event.phase,)
