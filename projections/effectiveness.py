"""``effect``: whether being told a lesson changes how often it comes back.

By lesson, those said most often first, and over all of them: how many runs it
was told in and held out in, in how many of these it came back, and what may be
said of that (``exposure.py`` has the rules).
"""

from __future__ import annotations

from collections.abc import Mapping

from lokid.events import Recorded, Served
from lokid.projection import Answer
from projections.exposure import LEAST, Exposures, Side, verdict
from projections.interval import difference
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.view import View, number


class Effect(View):
    """Parameters: ``limit``."""

    name = "effect"
    hears = (Served,)

    def __init__(self, join: Join, lessons: Lessons) -> None:
        super().__init__(join, lessons)
        self._exposures = Exposures(join, lessons)
        lessons.measure(self._exposures.against)

    def apply(self, recorded: Recorded) -> None:
        """Remember what was served."""
        self._exposures.apply(recorded)

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """The rows, and all of them together."""
        found = self._exposures.all()
        rows = [_row(lesson, exposed, held) for lesson, exposed, held in found]
        rows.sort(key=lambda row: (-row["exposed"]["moments"], row["lesson"]))
        exposed = Side.sum(exposed for _, exposed, _ in found)
        held = Side.sum(held for _, _, held in found)
        return {
            "least": LEAST,
            "overall": _compared(exposed, held),
            "lessons": rows[: number(params, "limit", len(rows))],
        }


def _row(lesson: Lesson, exposed: Side, held: Side) -> Answer:
    return {
        "lesson": lesson.id,
        "family": lesson.family,
        "error_type": lesson.error_type,
        **_compared(exposed, held),
    }


def _compared(exposed: Side, held: Side) -> Answer:
    low, high = difference(exposed.back, exposed.runs, held.back, held.runs)
    enough = min(exposed.runs, held.runs) >= LEAST
    return {
        "exposed": exposed.told(),
        "held_out": held.told(),
        "difference": [round(low, 4), round(high, 4)] if enough else None,
        "verdict": verdict(exposed, held),
    }
