"""Which lesson is worth a line now.

The score of a lesson is P(met next | now) x effect x confidence:

* P: recency, a mix of two half-lives, one of hours for what is being worked on
  and one of weeks for what comes back; times the logarithm of 1 + distinct runs;
  times how well it matches the situation (phase, files, commands, the goal's
  words), which is at most 1.5: more would be a filter in disguise (measured: a
  threefold weight of commands costs 2.5 points of reach);
* effect: what was measured of showing it, 1 where nothing is known;
* confidence: less where its command worked the last time it was run.

One half-life alone loses either the bursts or the memory.  Ties go by id, so
that the same facts give the same lines.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.moment import HOUR, millis
from projections.situation import Situation, files_of, words_of

SHORT, LONG = 2 * HOUR, 14 * 24 * HOUR
"""The two half-lives of recency, in milliseconds."""
_PHASE, _FILES, _BASES, _WORD, _WORDS = 0.05, 0.15, 0.15, 0.05, 0.15
_MOST_MATCH = 1 + _PHASE + _FILES + _BASES + _WORDS
_MOST_EFFECT = 1.25
_HIGHEST = 1000.0  # of an exponent: a clock far ahead must not overflow

Weigh = Callable[[Lesson], float]
"""A factor of a lesson's score."""


class Traits(NamedTuple):
    """What of a lesson is compared with a situation; made once for each record.

    ``height`` orders lessons by all of their score but the situation's part.
    """

    lesson: Lesson
    height: float
    moment: int
    weight: float
    phases: frozenset[str]
    words: frozenset[str]
    files: frozenset[str]
    bases: frozenset[str]


class Ranked(NamedTuple):
    """A lesson with its score and what made it."""

    lesson: Lesson
    score: float
    recency: float
    weight: float
    match: float
    effect: float
    confidence: float
    strong: bool


class Rank:
    """The order of lessons; shared by whoever has lines to give away."""

    def __init__(self, lessons: Lessons, effect: Weigh, confidence: Weigh) -> None:
        """``effect`` and ``confidence`` are factors; the latter is at most 1."""
        self._lessons = lessons
        self._effect = effect
        self._confidence = confidence
        self._traits: dict[str, Traits] = {}

    def ordered(self, about: Situation, now: str) -> Iterator[Ranked]:
        """All lessons, the highest score first; as few are scored as are taken."""
        moment = millis(now)
        waiting = [
            (-one.height, one.lesson.id, one)
            for one in map(self._known, self._lessons.all())
        ]
        heapq.heapify(waiting)
        best: list[tuple[float, str, Ranked]] = []
        while waiting or best:
            while waiting and (
                not best or -best[0][0] <= _bound(waiting[0][2], moment)
            ):
                one = heapq.heappop(waiting)[2]
                ranked = self._ranked(one, about, moment)
                heapq.heappush(best, (-ranked.score, ranked.lesson.id, ranked))
            yield heapq.heappop(best)[2]

    def of(self, lesson: Lesson, about: Situation, now: str) -> Ranked:
        """One lesson's score and its terms."""
        return self._ranked(self._known(lesson), about, millis(now))

    def _known(self, lesson: Lesson) -> Traits:
        known = self._traits.get(lesson.id)
        if known is None or known.lesson is not lesson:
            known = self._traits[lesson.id] = traits_of(lesson)
        return known

    def _ranked(self, one: Traits, about: Situation, moment: int) -> Ranked:
        recent = recency(moment - one.moment)
        match = match_of(one, about)
        effect = min(self._effect(one.lesson), _MOST_EFFECT)
        confidence = self._confidence(one.lesson)
        return Ranked(
            lesson=one.lesson,
            score=recent * one.weight * match * effect * confidence,
            recency=recent,
            weight=one.weight,
            match=match,
            effect=effect,
            confidence=confidence,
            strong=bool(one.bases & about.bases or one.files & about.files),
        )


def recency(age: int) -> float:
    """How likely something of this age (milliseconds) comes back, 1 at most."""
    age = max(0, age)
    return 0.5 * math.exp2(-age / SHORT) + 0.5 * math.exp2(-age / LONG)


def match_of(one: Traits, about: Situation) -> float:
    """How well a lesson fits a situation; 1 where nothing of it does."""
    fits = 1.0
    if about.phase in one.phases:
        fits += _PHASE
    if one.files & about.files:
        fits += _FILES
    if one.bases & about.bases:
        fits += _BASES
    return fits + min(_WORDS, _WORD * len(one.words & about.words))


def traits_of(lesson: Lesson) -> Traits:
    """What is compared; the newest sighting speaks for its words."""
    newest = lesson.newest
    told = newest.failure or newest.attempt
    line = (told.error_line if told else None) or ""
    moment, weight = millis(newest.time), math.log1p(lesson.runs)
    return Traits(
        lesson=lesson,
        height=math.log2(weight) + moment / LONG,
        moment=moment,
        weight=weight,
        phases=lesson.phases,
        words=words_of(line, lesson.family),
        files=files_of([line, *(told.places if told else ()), *lesson.heads]),
        bases=frozenset(lesson.heads),
    )


def _bound(one: Traits, moment: int) -> float:
    """No lesson of at most this height has a higher score."""
    rise = min(one.height - moment / LONG, _HIGHEST)
    return math.exp2(rise) * _MOST_MATCH * _MOST_EFFECT
