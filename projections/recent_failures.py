"""``failures``: what went wrong, newest first.

One failing iteration is one failure, however many files tell of it; friction
and red gates are rows of their own.  A failed command that no failure tells of is
shown only to who asks for that kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from lokid.events import Recorded
from lokid.projection import Answer
from projections.failure import Failure
from projections.findings import FindingBook
from projections.join import Join
from projections.lesson import COMMAND, Sighting
from projections.lesson_words import words_of
from projections.lessons import Lessons
from projections.message import error_type, message
from projections.view import View, number

_SHOWN = 20


class RecentFailures(View):
    """Parameters: ``all`` ("1"), ``limit``, ``kind``, ``run``."""

    name = "failures"
    hears = FindingBook.HEARS

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        super().__init__(join, lessons)
        self._found = FindingBook(join)

    def apply(self, recorded: Recorded) -> None:
        """File what explains a red code review."""
        self._found.apply(recorded)

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """The failures, newest first by (time, id), and how many there are.

        ``compacted``: how many older ones are in their lessons alone; None where
        a run is asked for.
        """
        kind, run = params.get("kind"), params.get("run")
        told: list[Failure] | list[Sighting] = self.join.failures()
        if kind == COMMAND:
            told = self.lessons.commands()
        found = [
            one
            for one in told
            if (not kind or one.kind == kind) and (not run or one.run == run)
        ]
        unbounded = params.get("all") == "1" and "limit" not in params
        limit = len(found) if unbounded else number(params, "limit", _SHOWN)
        shown = [
            self._row(one) if isinstance(one, Failure) else self._command(one)
            for one in found[:limit]
        ]
        older = None if run else self.lessons.sightings.summed.count(kind)
        return {"failures": shown, "total": len(found), "compacted": older}

    def _row(self, one: Failure) -> Answer:
        lesson = self.lessons.of_failure(one)
        return {
            "lesson": lesson.id if lesson else None,
            "key": one.key.key,
            "family": one.key.family,
            "weak": one.key.weak,
            "kind": one.kind,
            "error_type": error_type(one),
            "error_line": one.error_line,
            "message": message(one, lesson.count if lesson else 1),
            "reported_type": one.reported_type,
            "signature": list(one.signature),
            "fingerprint": one.fingerprint,
            "phase": one.phase,
            "iteration": one.iteration,
            "run": one.run,
            "exit_code": one.exit_code,
            "gate": one.gate,
            "time": one.time,
            "sources": list(one.sources),
            "seqs": list(one.seqs),
            "findings": [
                {"severity": said.severity, "text": said.text, "file": said.file}
                for said in self._found.of_failure(one)
            ],
        }

    def _command(self, one: Sighting) -> Answer:
        """A failed command, with the keys of a failure."""
        lesson = self.lessons.of_sighting(one.id)
        return {
            "lesson": lesson.id if lesson else None,
            "key": one.key.key,
            "family": one.key.family,
            "weak": one.key.weak,
            "kind": one.kind,
            "error_type": one.key.error_type,
            "error_line": one.attempt.error_line if one.attempt else None,
            "message": words_of(one, lesson.count if lesson else 1),
            "reported_type": None,
            "signature": [],
            "fingerprint": None,
            "phase": one.phase,
            "iteration": one.iteration,
            "run": one.run,
            "exit_code": one.exit_code,
            "gate": None,
            "time": one.time,
            "sources": list(one.sources),
            "seqs": list(one.seqs),
            "findings": [],
            "head": one.head,
        }
