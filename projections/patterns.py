"""``patterns``: what the harness's own memory holds, beside what we know.

The harness groups by error type alone, so that most of its anti-patterns say
``Avoid: IterationError``; how many of our lessons each of them covers shows how
much is told apart here.  Kept for people who wonder what the harness believes;
no line of a prompt is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from lokid.events import PatternRecorded, Recorded
from lokid.projection import Answer
from projections.join import Join
from projections.lessons import Lessons
from projections.view import View


class Patterns(View):
    """Parameters: ``all`` ("1": also those that are gone)."""

    name = "patterns"
    hears = (PatternRecorded,)

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        super().__init__(join, lessons)
        self._last: dict[str, Recorded] = {}
        self._first: dict[str, str] = {}

    def apply(self, recorded: Recorded) -> None:
        """Keep the newest value of each pattern, and since when it is known."""
        event = recorded.event
        if not isinstance(event, PatternRecorded):
            return
        last = self._last.get(event.pattern)
        if last is None or _order(last) <= _order(recorded):
            self._last[event.pattern] = recorded
        first = self._first.get(event.pattern, recorded.time)
        self._first[event.pattern] = min(first, recorded.time)

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """The patterns: anti-patterns first, the surest first."""
        covered = self._covered()
        known = [
            row
            for recorded in self._last.values()
            if isinstance(event := recorded.event, PatternRecorded)
            and (params.get("all") == "1" or not event.gone)
            for row in [self._row(event, recorded, covered)]
        ]
        known.sort(key=_shown_first)
        return {"patterns": known, "lessons": len(self.lessons.all())}

    def _covered(self) -> dict[str, list[str]]:
        """The lessons that the harness would call by one error type."""
        found: dict[str, list[str]] = {}
        for lesson in self.lessons.all():
            told = (one.failure for one in lesson.sightings)
            for name in {one.reported_type for one in told if one}:
                found.setdefault(name, []).append(lesson.id)
        return found

    def _row(
        self, event: PatternRecorded, recorded: Recorded, covered: dict[str, list[str]]
    ) -> Answer:
        return {
            "pattern": event.pattern,
            "category": event.category,
            "avoids": event.avoids,
            "confidence": event.confidence,
            "episodes": event.episodes,
            "since": self._first[event.pattern],
            "changed": recorded.time,
            "gone": event.gone,
            "lessons": sorted(covered.get(event.avoids or "", [])),
            "seq": recorded.seq,
        }


def _order(recorded: Recorded) -> tuple[int, str]:
    """Which value of a row came later; its events are numbered."""
    return (recorded.src.nth or 0, recorded.id)


def _shown_first(row: Answer) -> tuple[bool, bool, float, str]:
    return (row["gone"], not row["avoids"], -(row["confidence"] or 0), row["pattern"])
