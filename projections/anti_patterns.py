"""``lessons``: what keeps going wrong, across runs; one record for each cause."""

from __future__ import annotations

from collections.abc import Mapping

from lokid.projection import Answer
from projections.lesson import Lesson, State
from projections.message import error_type, message
from projections.view import View, number


class AntiPatterns(View):
    """Parameters: ``limit``."""

    name = "lessons"

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """The lessons, those seen last first."""
        known = self.lessons.all()
        shown = known[: number(params, "limit", len(known))]
        rows = [_row(one, self.lessons.state(one, now)) for one in shown]
        return {"lessons": rows}


def _row(lesson: Lesson, state: State) -> Answer:
    newest, told = lesson.newest, lesson.newest.failure
    return {
        "lesson": lesson.id,
        "key": newest.key.key,
        "family": lesson.family,
        "weak": lesson.weak,
        "error_type": error_type(told) if told else lesson.error_type,
        "message": message(told, lesson.count) if told else "",
        "count": lesson.count,
        "runs": lesson.runs,
        "first_seen": lesson.first.time,
        "last_seen": newest.time,
        "state": state.name,
    }
