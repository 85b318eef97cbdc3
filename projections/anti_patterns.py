"""``lessons``: what keeps going wrong, across runs; one record for each cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lokid.projection import Answer
from projections import keys
from projections.lesson import Lesson, State
from projections.lesson_words import message_of, type_of
from projections.sightings import members_of
from projections.view import View, number

CLOSED = ("resolved", "muted", "retired")
"""States of lessons that ``open`` leaves out; they are counted."""


class AntiPatterns(View):
    """Parameters: ``limit``; ``open`` ("1"), ``state`` and ``id`` choose.

    ``id`` is an id or the beginning of one, also one that a lesson had before.
    """

    name = "lessons"

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """The lessons, those seen last first, and how many are hidden, by state."""
        wanted, name = params.get("state"), params.get("id")
        if name is not None:
            known = self.lessons.find(name)
        elif wanted == "ignored":
            known = self.lessons.ignored()
        else:
            known = self.lessons.all()
        rows, hidden = [], Counter[str]()
        for lesson in known:
            state = self.lessons.state(lesson, now)
            if wanted and state.name != wanted:
                continue
            if params.get("open") == "1" and state.name in CLOSED:
                hidden[state.name] += 1
                continue
            rows.append((lesson, state))
        if name is None and wanted is None:
            hidden["ignored"] = len(self.lessons.ignored())
        shown = rows[: number(params, "limit", len(rows))]
        return {
            "lessons": [_row(*one) for one in shown],
            "total": len(rows),
            "hidden": {state: count for state, count in hidden.items() if count},
            "recipe": keys.RECIPE,
        }


def _row(lesson: Lesson, state: State) -> Answer:
    newest = lesson.newest
    return {
        "lesson": lesson.id,
        "key": newest.key.key,
        "family": lesson.family,
        "weak": lesson.weak,
        "error_type": type_of(lesson),
        "message": message_of(lesson),
        "count": lesson.count,
        "runs": lesson.runs,
        "first_seen": lesson.first.time,
        "last_seen": newest.time,
        "state": state.name,
        "state_since": state.since,
        "state_by": state.by,
        "because": list(state.because),
        "heads": list(lesson.heads),
        "keys": list(lesson.keys),
        "late": lesson.late,
        "members": members_of(lesson),
    }
