"""The dossier of a lesson: everything that is known of it, put together.

Shared by whoever explains.  It remembers where each event stands, what was said
to agents and what people said; the rest it asks of the other read models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lokid.events import ContextServed, LessonSaid, LogCompacted, Recorded, Served
from lokid.projection import Answer
from lokid.prompt import CUT
from projections.context import Context
from projections.council_lines import reason_lines
from projections.delivery import Delivery
from projections.explain_lesson import (
    about,
    deliveries_row,
    event_row,
    fix_row,
    keys_row,
    sightings_rows,
    statements_rows,
)
from projections.explain_line import bare
from projections.explain_said import CHECK, Spoken, bases_of, needs
from projections.explain_state import (
    merged_into,
    muted,
    outcome_rows,
    parts_row,
    score_row,
    state_row,
)
from projections.findings import FindingBook
from projections.fixes import said
from projections.here import here
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.outcomes import order
from projections.rounds import Round
from projections.situation import situation
from projections.states import standing_mute

__all__ = ["Dossier", "event_row"]

_FINGERPRINT = 12
_TOLD = (*FindingBook.HEARS, Served, LessonSaid)
_ANY = 1000  # characters: an ending that is not cut
_EVERYTHING = {"recent_lines": "1000", "prior_lines": "1000", "max_bytes": "1000000"}


class Dossier:
    """See the module."""

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        self.join = join
        self.lessons = lessons
        self.events: dict[int, Recorded] = {}
        self.compacted = 0
        """Up to which seq events may be gone: summaries stand for them."""
        self.blocks: dict[str, Recorded] = {}
        self._delivery = Delivery(join, lessons)
        self._context = Context(join, lessons)
        self._found = FindingBook(join)
        self._served: dict[str, list[Recorded]] = {}
        self._statements: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Remember an event."""
        self.events[recorded.seq] = recorded
        if isinstance(recorded.event, _TOLD):
            self._file(recorded)
        elif isinstance(recorded.event, LogCompacted):
            self.compacted = max(self.compacted, recorded.event.until_seq)

    def _file(self, recorded: Recorded) -> None:
        self._found.apply(recorded)
        self._delivery.apply(recorded)
        self._context.apply(recorded)
        event = recorded.event
        if isinstance(event, Served):
            for name in (*event.lessons, *event.held):
                self._served.setdefault(name, []).append(recorded)
            if isinstance(event, ContextServed):
                self.blocks[recorded.id] = recorded
        elif isinstance(event, LessonSaid):
            self._statements.append(recorded)

    def said_now(self, text: str, params: Mapping[str, str], now: str) -> str | None:
        """The lesson of which the block would say just this, if it would.

        Two lessons may read the same in a line; then the block itself knows.
        """
        plain = {name: given for name, given in params.items() if name != "mark"}
        for asked in (plain, plain | _EVERYTHING):
            for line in self._context.query(asked, now)["lines"]:
                if bare(line["text"]) == text:
                    return str(line["lesson"])
        return None

    def told(
        self,
        kind: str,
        text: str,
        lessons: Iterable[Lesson],
        params: Mapping[str, str],
        now: str,
    ) -> Answer:
        """An answer of this kind on these lessons."""
        places = self._places(params, now)
        rows = [self._lesson(one, params, now, places) for one in lessons]
        return {"kind": kind, "asked": text, "lessons": rows}

    def _places(self, params: Mapping[str, str], now: str) -> dict[str, int]:
        """The rank of each lesson that is told to agents, 1 for the first."""
        about = situation(self.join, here(self.join, params), params)
        ordered = (one.lesson for one in self._delivery.rank.ordered(about, now))
        told = (one.id for one in ordered if self.lessons.speaks(one, now))
        return {name: place for place, name in enumerate(told, start=1)}

    def ends(self, lesson: Lesson, ending: str) -> bool:
        """Whether a lesson is known to end as a line says, perhaps cut."""
        shown = ending.removesuffix(CUT)
        outcome = self._delivery.fixes.of(lesson)
        return bool(shown) and said(outcome, _ANY).startswith(shown)

    def fired(self, line: Spoken, lesson: Lesson) -> Answer:
        """Why check or fix said a line: what its command did, each time."""
        outcomes = self._delivery.outcomes
        known = self.lessons.all()
        bases = bases_of(line, known) if line.kind == CHECK else {*lesson.heads}
        found = {one.id: one for base in bases for one in outcomes.of(base)}
        if line.kind == CHECK and any(needs(line, one) for one in known):
            found |= {one.id: one for one in outcomes.of_program(line.command)}
        rows = outcome_rows(sorted(found.values(), key=order), known, self.look)
        worked = sum(row["ok"] for row in rows)
        return {
            "command": line.command or ", ".join(lesson.heads) or None,
            "failed": len(rows) - worked,
            "worked": worked,
            "outcomes": rows,
        }

    def _lesson(
        self,
        lesson: Lesson,
        params: Mapping[str, str],
        now: str,
        places: Mapping[str, int],
    ) -> Answer:
        where = here(self.join, params)
        ranked = self._delivery.rank.of(
            lesson, situation(self.join, where, params), now
        )
        mute = standing_mute(lesson, self.lessons.said(lesson), now)
        state = self.lessons.state(lesson, now)
        statements = self._said_of(lesson)
        return {
            **about(lesson),
            "state": state_row(state, muted(lesson, mute), self.look),
            "speaks": self.lessons.speaks(lesson, now),
            "keys": keys_row(lesson, self.lessons.rules(lesson)),
            "fix": fix_row(self._delivery.fixes.of(lesson), self.look),
            "fingerprints": self._fingerprints(lesson),
            "statements": statements_rows(statements),
            "merged": merged_into(lesson, self.lessons, statements),
            "split_from": self.lessons.wholes(lesson),
            "parts": parts_row(lesson),
            "deliveries": deliveries_row(lesson, self._served_of(lesson)),
            "score": score_row(ranked, places.get(lesson.id), len(places)),
            "sightings": sightings_rows(lesson, self.look, self._found.of_failure),
        }

    def look(self, seqs: Iterable[int]) -> list[Answer]:
        """The rows of the events with these seqs."""
        known = (self.events.get(seq) for seq in seqs)
        return [event_row(one) for one in known if one is not None]

    def _said_of(self, lesson: Lesson) -> list[Recorded]:
        return [
            one
            for one in self._statements
            if isinstance(one.event, LessonSaid) and self._is(lesson, one.event.lesson)
        ]

    def _served_of(self, lesson: Lesson) -> list[Recorded]:
        names = [name for name in self._served if self._is(lesson, name)]
        found = {one.id: one for name in names for one in self._served[name]}
        return list(found.values())

    def _is(self, lesson: Lesson, name: str) -> bool:
        """Whether a lesson was called so, perhaps before a merge."""
        return name == lesson.id or lesson in self.lessons.find(name)

    def _fingerprints(self, lesson: Lesson) -> list[Answer]:
        """The harness's own names for it, and what else it calls so."""
        mine = {one.failure.fingerprint for one in lesson.sightings if one.failure}
        rows = []
        for name in sorted(filter(None, mine)):
            others = [
                one
                for one in self.lessons.all()
                if any(
                    seen.failure and seen.failure.fingerprint == name
                    for seen in one.sightings
                )
            ]
            rows.append(
                {
                    "fingerprint": name[:_FINGERPRINT],
                    "lessons": [one.id for one in others],
                    "failures": sum(
                        bool(seen.failure and seen.failure.fingerprint == name)
                        for one in others
                        for seen in one.sightings
                    ),
                }
            )
        return rows

    def council(self, rounds: Iterable[Round]) -> Answer:
        """Council rounds, each with its events."""
        rows = [
            {
                "run": one.run,
                "iteration": one.iteration,
                "time": one.time,
                "outcome": one.outcome,
                "approve": one.approve,
                "reject": one.reject,
                "threshold": one.threshold,
                "reasons": reason_lines(one),
                "events": self.look(one.seqs),
            }
            for one in rounds
        ]
        return {"rounds": rows}
