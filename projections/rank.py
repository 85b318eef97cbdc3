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
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import NamedTuple

from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.moment import HOUR, millis
from projections.situation import Situation, files_of, words_of

SHORT, LONG = 2 * HOUR, 14 * 24 * HOUR
"""The two half-lives of recency, in milliseconds."""
_PHASE, _FILES, _BASES, _WORD, _WORDS = 0.05, 0.15, 0.15, 0.05, 0.15
_FRESH = 10 * SHORT
"""What is older has lost its short half-life: half of its recency is left."""
_FADED = 0.5 + 0.5 * math.exp2(_FRESH / LONG - _FRESH / SHORT)
_HIGHEST = 1000.0  # of an exponent: a clock far ahead must not overflow

Weigh = Callable[[Lesson], float]
"""A factor of a lesson's score."""


class Traits(NamedTuple):
    """What of a lesson is compared with a situation; made once for each record.

    ``height`` orders lessons that are not fresh by all of their score but the
    situation's part; ``terms`` are its words, files and bases.
    """

    lesson: Lesson
    height: float
    moment: int
    runs: int
    weight: float
    phases: frozenset[str]
    words: frozenset[str]
    files: frozenset[str]
    bases: frozenset[str]

    @property
    def terms(self) -> frozenset[str]:
        """All that a situation may share with it, but the phase."""
        return self.words | self.files | self.bases


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
    runs: int


class Rank:
    """The order of lessons; shared by whoever has lines to give away."""

    def __init__(self, lessons: Lessons, effect: Weigh, confidence: Weigh) -> None:
        """``confidence`` is at most 1, ``effect`` at most ``most_effect``."""
        self.most_effect = 1.0
        self._lessons = lessons
        self._effect = effect
        self._confidence = confidence
        self._traits: dict[str, Traits] = {}
        self._by_height: list[tuple[float, str]] = []
        self._by_term: dict[str, set[str]] = {}

    def ordered(self, about: Situation, now: str) -> Iterator[Ranked]:
        """All lessons, the highest score first; few more are scored than are taken.

        What is fresh or shares a term with the situation is scored at once.  All
        others come by height, as long as one of them may still be the best.
        """
        moment = millis(now)
        known = self._settle()
        early = {one.id for one in _fresh(known, self._traits, moment)}
        for term in about.words | about.files | about.bases:
            early |= self._by_term.get(term, set())
        ranked = (self._ranked(self._traits[one], about, moment) for one in early)
        best = [(-one.score, one.lesson.id, one) for one in ranked]
        heapq.heapify(best)
        for height, name in self._by_height:
            bound = _bound(-height, moment) * self.most_effect
            while best and -best[0][0] > bound:
                yield heapq.heappop(best)[2]
            if name not in early:
                one = self._ranked(self._traits[name], about, moment)
                heapq.heappush(best, (-one.score, name, one))
        while best:
            yield heapq.heappop(best)[2]

    def of(self, lesson: Lesson, about: Situation, now: str) -> Ranked:
        """One lesson's score and its terms."""
        self._settle()
        known = self._traits.get(lesson.id) or traits_of(lesson)
        return self._ranked(known, about, millis(now))

    def _settle(self) -> list[Lesson]:
        """All lessons, the last seen first; what changed is compared anew."""
        lessons, traits = self._lessons.all(), self._traits
        for lesson in lessons:
            known = traits.get(lesson.id)
            if known is None or known.lesson is not lesson:
                self._drop(lesson.id)
                self._take(traits_of(lesson))
        if len(traits) > len(lessons):
            for name in traits.keys() - {one.id for one in lessons}:
                self._drop(name)
        return lessons

    def _take(self, one: Traits) -> None:
        name = one.lesson.id
        self._traits[name] = one
        insort(self._by_height, (-one.height, name))
        for term in one.terms:
            self._by_term.setdefault(term, set()).add(name)

    def _drop(self, name: str) -> None:
        known = self._traits.pop(name, None)
        if known is None:
            return
        self._by_height.pop(bisect_left(self._by_height, (-known.height, name)))
        for term in known.terms:
            self._by_term[term].discard(name)

    def _ranked(self, one: Traits, about: Situation, moment: int) -> Ranked:
        recent = recency(moment - one.moment)
        match = match_of(one, about)
        effect = self._effect(one.lesson)
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
            runs=one.runs,
        )


def _fresh(
    known: list[Lesson], traits: dict[str, Traits], moment: int
) -> Iterator[Lesson]:
    """The lessons seen so lately that the short half-life counts."""
    for lesson in known:
        if moment - traits[lesson.id].moment > _FRESH:
            return
        yield lesson


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
    moment, runs = millis(newest.time), lesson.runs
    weight = math.log1p(runs)
    return Traits(
        lesson=lesson,
        height=math.log2(weight) + moment / LONG,
        moment=moment,
        runs=runs,
        weight=weight,
        phases=lesson.phases,
        words=words_of(line, lesson.family),
        files=files_of([line, *(told.places if told else ()), *lesson.heads]),
        bases=frozenset(lesson.heads),
    )


def _bound(height: float, moment: int) -> float:
    """No lesson of at most this height, that is not fresh, scores higher."""
    rise = min(height - moment / LONG, _HIGHEST)
    return math.exp2(rise) * _FADED * (1 + _PHASE)
