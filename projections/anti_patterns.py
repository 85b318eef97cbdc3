"""``lessons``: what keeps going wrong, across runs; one record for each key.

States are computed, with later evidence only: ``new`` (seen once), ``ongoing``,
``resolved`` (3 iterations completed well after the last sighting, or its gate
passed) and ``regressed`` (seen again after it had been resolved).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from lokid.projection import Answer
from projections.failure import Failure
from projections.join import Join
from projections.message import error_type, message
from projections.moment import millis
from projections.view import View, number

_QUIET = 3
"""Good iterations after which a failure that did not return is resolved."""


class AntiPatterns(View):
    """Parameters: ``limit``."""

    name = "lessons"

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002
        """The lessons, those seen last first."""
        keys = list(self.join.causes())
        quiet = quiet_moments(self.join)
        rows = [self._row(self.join.sightings(key), quiet) for key in keys]
        rows.sort(key=lambda row: (row["last_seen"], row["key"]), reverse=True)
        return {"lessons": rows[: number(params, "limit", len(rows))]}

    def _row(self, seen: list[Failure], quiet: list[int]) -> Answer:
        newest = seen[-1]
        return {
            "lesson": newest.lesson,
            "key": newest.key.key,
            "family": newest.key.family,
            "weak": newest.key.weak,
            "error_type": error_type(newest),
            "message": message(newest, len(seen)),
            "count": len(seen),
            "runs": len({one.place for one in seen}),
            "first_seen": seen[0].time,
            "last_seen": newest.time,
            "state": state_of(self.join, seen, quiet),
        }


def quiet_moments(join: Join) -> list[int]:
    """When iterations completed well, in order."""
    join.settle()
    return sorted(
        slot.complete
        for slot in join.timeline.slots
        if slot.complete is not None and not slot.failing
    )


def state_of(join: Join, seen: Sequence[Failure], quiet: list[int]) -> str:
    """The state of a lesson, from all its sightings (oldest first)."""
    moments = [millis(one.time) for one in seen]
    gates = [_passes(join, one) for one in seen]
    last = len(seen) - 1
    resolved = [
        _resolved(moments[n], moments[n + 1] if n < last else None, quiet, gates[n])
        for n in range(len(seen))
    ]
    if resolved[-1]:
        return "resolved"
    if any(resolved):
        return "regressed"
    return "ongoing" if last else "new"


def _resolved(
    seen: int, again: int | None, quiet: list[int], passes: list[int]
) -> bool:
    """Whether enough happened after a sighting and before the next."""
    for moments, enough in ((quiet, _QUIET), (passes, 1)):
        first = bisect_right(moments, seen)
        end = len(moments) if again is None else bisect_left(moments, again)
        if end - first >= enough:
            return True
    return False


def _passes(join: Join, failure: Failure) -> list[int]:
    """When the failure's gate passed, its own iteration apart."""
    if failure.gate is None:
        return []
    own = (failure.place, failure.iteration)
    return sorted(
        told.moment
        for run in join.timeline.runs
        for told in join.gates(run).passes.get(failure.gate, ())
        if (run.index, told.iteration) != own
    )
