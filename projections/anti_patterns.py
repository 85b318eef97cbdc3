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
from projections.moment import FOREVER, millis
from projections.view import View, number

_QUIET = 3
"""Good iterations after which a failure that did not return is resolved."""


class AntiPatterns(View):
    """Parameters: ``limit``."""

    name = "lessons"

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """The lessons, those seen last first."""
        keys = list(self.join.causes())
        history = History(self.join)
        rows = [_row(self.join.sightings(key), history) for key in keys]
        rows.sort(key=lambda row: (row["last_seen"], row["key"]), reverse=True)
        return {"lessons": rows[: number(params, "limit", len(rows))]}


def _row(seen: list[Failure], history: History) -> Answer:
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
        "state": history.state(seen),
    }


class History:
    """When iterations completed well, and when each gate passed."""

    def __init__(self, join: Join) -> None:
        """Read it off the join, once for all lessons."""
        join.settle()
        self._quiet = sorted(
            slot.complete
            for slot in join.timeline.slots
            if slot.complete is not None and not slot.failing
        )
        self._passes: dict[str, list[tuple[int, int, int | None]]] = {}
        for run in join.timeline.runs:
            for gate, passes in join.gates(run).passes.items():
                known = self._passes.setdefault(gate, [])
                known += [(one.moment, run.index, one.iteration) for one in passes]
        for known in self._passes.values():
            known.sort(key=lambda one: one[:2])

    def state(self, seen: Sequence[Failure]) -> str:
        """The state of a lesson, from all its sightings (oldest first)."""
        moments = [millis(one.time) for one in seen]
        ends = [*moments[1:], FOREVER]
        resolved = [
            self._resolved(one, moment, again)
            for one, moment, again in zip(seen, moments, ends, strict=True)
        ]
        if resolved[-1]:
            return "resolved"
        if any(resolved):
            return "regressed"
        return "ongoing" if len(seen) > 1 else "new"

    def _resolved(self, seen: Failure, moment: int, again: int) -> bool:
        """Whether enough happened between a sighting and the next."""
        first = bisect_right(self._quiet, moment)
        if bisect_left(self._quiet, again) - first >= _QUIET:
            return True
        passes = self._passes.get(seen.gate or "", [])
        place = bisect_right(passes, moment, key=lambda one: one[0])
        own = (seen.place, seen.iteration)
        for when, run, iteration in passes[place:]:
            if when >= again:
                return False
            if (run, iteration) != own:
                return True
        return False
