"""The block's lines on lessons of other runs: the few that are worth one.

A lesson has to earn its line.  It must speak (``lessons.py``), name a cause and
not only a constant, and have come back: in two runs at least, or in one with a
fix that was confirmed, or it fits what is being done (a file, a command).
What the recent lines tell, or what reads the same as another line, is left out.
While there are more lessons than lines, one family has one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
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
_LOOKED_AT = 100  # lessons, by rank; one further down is worth no line
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
        choice = _Choice(most, set(told.reads))
        asked = 0
        for one in islice(ranked, _LOOKED_AT):
            lesson = one.lesson
            if choice.full:
                break
            if not choice.wants(lesson) or lesson.id in told.lessons:
                continue
            if not _tells(one, place):
                continue
            if one.runs < _RUNS and not one.strong:
                asked += 1
                if asked > _ASKED or not self._ending(lesson).worked:
                    continue
            if self._lessons.speaks(lesson, now):
                choice.take(lesson)
        return self.pinned(choice.best())

    def pinned(self, lessons: Iterable[Lesson]) -> list[Prior]:
        """The lines of these lessons, whether they have earned one or not."""
        return [self._line(one) for one in lessons]

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


class _Choice:
    """The lessons that get a line: as many families as can be, then the best."""

    def __init__(self, most: int, reads: set[tuple[str, str]]) -> None:
        self._most = most
        self._reads = reads
        self._first: dict[str, int] = {}  # the first of each family, by its place
        self._more: list[int] = []
        self._taken: list[Lesson] = []

    @property
    def full(self) -> bool:
        """Whether no other lesson can get a line."""
        return len(self._first) >= self._most

    def wants(self, lesson: Lesson) -> bool:
        """Whether this lesson would get a line, were there no more of them."""
        if lesson.family in self._first and len(self._more) >= self._most:
            return False
        return _reads(lesson) not in self._reads

    def take(self, lesson: Lesson) -> None:
        """Give a lesson its place."""
        self._reads.add(_reads(lesson))
        place = len(self._taken)
        self._taken.append(lesson)
        if self._first.setdefault(lesson.family, place) != place:
            self._more.append(place)

    def best(self) -> list[Lesson]:
        """The lessons with a line, by rank."""
        places = [*self._first.values(), *self._more][: self._most]
        return [self._taken[place] for place in sorted(places)]


def _tells(one: Ranked, place: int) -> bool:
    """Whether it names a cause, and was met in another run than this."""
    newest = one.lesson.newest
    if newest.key.weak or newest.kind not in _TELLING:
        return False
    return newest.place != place or one.runs >= _RUNS


def _reads(lesson: Lesson) -> tuple[str, str]:
    return (lesson.family, essence(lesson.newest))


def _often(lesson: Lesson) -> str:
    """How often, in how many runs; never cut."""
    if lesson.count < _RUNS:
        return ""
    runs = f" in {lesson.runs} runs" if lesson.runs > 1 else ""
    return f" (x{lesson.count}{runs})"
