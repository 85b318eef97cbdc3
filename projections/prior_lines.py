"""The block's lines on lessons of other runs: the few that are worth one.

A lesson has to earn its line.  It must speak (``lessons.py``), name a cause and
not only a constant, and have come back: in two runs at least, or in one with a
fix that was confirmed, or it fits what is being done (a file, a command).
What the recent lines tell, or what reads the same as another line, is left out.
While there are more lessons than lines, one family has one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lokid.prompt import cut, one_line
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.message import TYPE_LIMIT, Ending, EndingOf, essence, titled
from projections.rank import Ranked

LIMIT = 120
_TELLING = frozenset({"crash", "exit", "provider", "command"})
_RUNS = 2
_LEAST = 40  # characters of an error that a fix leaves of it
_MOST_ENDING = 60
_LOOKED_AT = 40  # lessons, by rank; one further down is worth no line
_ASKED = 20  # lessons of one run: whether their fix was confirmed


class Told(NamedTuple):
    """What stands in the block already: lessons, and how they read."""

    lessons: frozenset[str]
    reads: frozenset[tuple[str, str]]


class Prior(NamedTuple):
    """One line: its lesson and its text."""

    lesson: str
    text: str


class PriorLines:
    """Chooses among the lessons of other runs."""

    def __init__(self, lessons: Lessons, ending: EndingOf) -> None:
        """``ending`` says what is known to end a lesson."""
        self._lessons = lessons
        self._ending = ending

    def lines(
        self, ranked: Iterable[Ranked], told: Told, place: int, now: str, most: int
    ) -> list[Prior]:
        """The best lines by rank, at most ``most``; ``place`` is the current run's."""
        reads = set(told.reads)
        families: set[str] = set()
        found: list[tuple[bool, int, Lesson]] = []
        fresh = 0
        for number, one in enumerate(self._worthy(ranked, told, place, now)):
            if fresh >= most or number >= _LOOKED_AT:
                break
            read = (one.family, essence(one.newest))
            if read in reads:
                continue
            reads.add(read)
            again = one.family in families
            families.add(one.family)
            fresh += not again
            found.append((again, number, one))
        kept = sorted(found, key=lambda one: one[:2])[:most]
        return self.pinned(one for _, _, one in sorted(kept, key=lambda one: one[1]))

    def pinned(self, lessons: Iterable[Lesson]) -> list[Prior]:
        """The lines of these lessons, whether they have earned one or not."""
        return [self._line(one) for one in lessons]

    def _worthy(
        self, ranked: Iterable[Ranked], told: Told, place: int, now: str
    ) -> Iterator[Lesson]:
        """The lessons that have earned a line."""
        asked = 0
        for one in ranked:
            lesson, runs = one.lesson, one.lesson.runs
            if lesson.weak or lesson.newest.kind not in _TELLING:
                continue
            if lesson.id in told.lessons:
                continue
            if runs < _RUNS and lesson.newest.place == place:
                continue
            if runs < _RUNS and not one.strong:
                asked += 1
                if asked > _ASKED or not self._ending(lesson).worked:
                    continue
            if self._lessons.speaks(lesson, now):
                yield lesson

    def _line(self, lesson: Lesson) -> Prior:
        newest = lesson.newest
        name = one_line(newest.key.error_type, TYPE_LIMIT)
        text = titled(name, essence(newest))
        tail = _often(lesson) + self._then(lesson, len(text))
        return Prior(
            lesson.id,
            f"- (prior) {cut(text, LIMIT - len(tail))}{tail}",
        )

    def _then(self, lesson: Lesson, length: int) -> str:
        """What ended it: a confirmed fix displaces the error's end."""
        ending: Ending = self._ending(lesson)
        room = LIMIT - len(_often(lesson)) - 2
        room -= min(length, _LEAST) if ending.worked else length
        then = one_line(ending.said(min(room, _MOST_ENDING))) if room > 0 else ""
        return f"; {then}" if then else ""


def _often(lesson: Lesson) -> str:
    """How often, in how many runs; never cut."""
    if lesson.count < _RUNS:
        return ""
    runs = f" in {lesson.runs} runs" if lesson.runs > 1 else ""
    return f" (x{lesson.count}{runs})"
