"""What worked: the fix of each lesson, and what was tried in vain.

The path: the attempts of a run are a trail (`fix_trails`); each place where the
lesson was met begins a stretch of it; four rules say what may have ended that
stretch (`fix_endings`, `fix_iterations`); all stretches are judged together
(`fix_judge`).  Only what is confirmed is said.

A lesson of which only a constant is known has no fix: what ended one of its
causes says nothing of the others.  All of it is a function of the set of facts,
and after a new event only the runs that it changed are read again.
"""

from __future__ import annotations

from typing import NamedTuple

from lokid.prompt import CUT, one_line
from projections.fix_endings import ended_by, tried_in
from projections.fix_history import Trails
from projections.fix_iterations import ended_by_iteration
from projections.fix_judge import Fix, Outcome, judge
from projections.fix_records import EDIT, Ending, Try
from projections.fix_summed import summed_fix
from projections.fix_trails import Trail, stretches
from projections.join import Join
from projections.lesson import COMPACTED, Lesson, Sighting
from projections.lessons import Lessons

__all__ = ["NOTHING", "Fix", "Fixes", "Outcome", "fixes_of", "said"]

NOTHING = Outcome()
_THEN = "then worked: "
_LEAST = 8  # characters of a command that say which it is
_SILENT = frozenset({"interrupted", "empty_output", "provider", "gate", "friction"})
"""Kinds that no command of the agent caused, so that none ended them."""


def said(outcome: Outcome, limit: int) -> str:
    """The outcome in at most ``limit`` characters of harmless text.

    ``then worked: ...``, ``no known fix (3 tries)``, or nothing: where nothing
    is known, and where the room is too little to say which command it was.
    """
    fix = outcome.fix
    if fix is not None:
        text = _THEN + one_line(fix.text)
        if len(text) > limit and fix.kind == EDIT:
            text = _THEN + one_line(f"edit {fix.files[0]}")
        return _cut(text, limit)
    if not outcome.tries:
        return ""
    tries = "1 try" if outcome.tries == 1 else f"{outcome.tries} tries"
    text = f"no known fix ({tries})"
    return text if len(text) <= limit else ""


def _cut(text: str, limit: int) -> str:
    """Whole words only, and enough of them to say which command it was."""
    if len(text) <= limit:
        return text
    words = text[: max(0, limit - len(CUT) + 1)].split(" ")[:-1]
    shown = " ".join(words)
    return shown + CUT if len(shown) >= len(_THEN) + _LEAST else ""


class _Met(NamedTuple):
    """Where one run met a lesson: numbers of attempts, and what those ran."""

    trail: Trail
    sightings: list[Sighting]
    keys: tuple[str, ...]
    numbers: list[int]
    heads: frozenset[str]
    bases: frozenset[str]


class _Piece(NamedTuple):
    """What one run tells of a lesson, and what that was made of."""

    met: _Met
    failing: frozenset[str]
    endings: list[list[Ending]]
    tries: list[Try]


class Fixes:
    """The outcome of any lesson; see the module."""

    def __init__(self, join: Join) -> None:
        """``join`` is shared; ask `fixes_of` for the one that all share."""
        self._trails = Trails(join)
        self._judged: dict[str, tuple[Lesson, int, Outcome]] = {}
        self._mets: dict[tuple[str, int], _Met] = {}
        self._pieces: dict[tuple[str, int], _Piece] = {}

    def of(self, lesson: Lesson, until: str = "") -> Outcome:
        """What is known of a lesson's end.

        ``until``: a time; as it was known then (slow: nothing is remembered).
        """
        if lesson.weak or lesson.newest.kind in _SILENT:
            return NOTHING
        self._trails.settle()
        if until:
            return self._judge(lesson, self._trails.until(until))
        known = self._judged.get(lesson.id)
        edition = self._trails.edition
        if known and known[0] is lesson and known[1] == edition:
            return known[2]
        outcome = self._judge(lesson, self._trails)
        self._judged[lesson.id] = (lesson, edition, outcome)
        return outcome

    def _judge(self, lesson: Lesson, trails: Trails) -> Outcome:
        by_run: dict[int, list[Sighting]] = {}
        for one in lesson.sightings:
            if one.place != COMPACTED:
                by_run.setdefault(one.place, []).append(one)
        mets = [self._met(lesson, seen, trails) for seen in by_run.values()]
        failing = frozenset[str]().union(*(met.heads for met in mets))
        pieces = [self._piece(lesson, met, failing, trails) for met in mets]
        outcome = judge(
            [ending for piece in pieces for ending in piece.endings],
            [one for piece in pieces for one in piece.tries],
            trails.usage,
            tuple(sorted(frozenset[str]().union(*(met.bases for met in mets)))),
        )
        return summed_fix(lesson, outcome)

    def _met(self, lesson: Lesson, seen: list[Sighting], trails: Trails) -> _Met:
        """Where one run met a lesson, remembered until one of them changes."""
        place = seen[0].place
        trail = trails.of(place)
        known = self._mets.get((lesson.id, place))
        if known and known.trail is trail and known[1:3] == (seen, lesson.keys):
            return known
        numbers = trail.met(seen, lesson.keys)
        failed = [trail.attempts[number] for number in numbers]
        made = _Met(
            trail,
            seen,
            lesson.keys,
            numbers,
            frozenset(one.head for one in failed),
            frozenset(one.base for one in failed),
        )
        self._mets[lesson.id, place] = made
        return made

    def _piece(
        self, lesson: Lesson, met: _Met, failing: frozenset[str], trails: Trails
    ) -> _Piece:
        """What one run tells, remembered until the run or the lesson changes."""
        place = met.sightings[0].place
        known = self._pieces.get((lesson.id, place))
        if known and known.met is met and known.failing == failing:
            return known
        edits = trails.edits(place)
        if met.numbers:
            endings: list[list[Ending]] = []
            tries: list[Try] = []
            for stretch in stretches(met.trail, met.numbers):
                endings.append(ended_by(stretch, failing, edits))
                tries += tried_in(stretch, failing, edits)
        else:
            then = [one for one in met.sightings if trails.knows(one.time)]
            endings, tries = ended_by_iteration(trails.run(place), then, edits)
        made = _Piece(met, failing, endings, tries)
        self._pieces[lesson.id, place] = made
        return made


def fixes_of(join: Join, lessons: Lessons | None = None) -> Fixes:  # noqa: ARG001  asked like the other read models
    """The fixes over a join: all read models share one, as they share the join."""
    known = join.shared.get(Fixes)
    if not isinstance(known, Fixes):
        known = join.shared[Fixes] = Fixes(join)
    return known
