"""Where a lesson stands, for an explanation: state, mute, rank, what may be undone.

Also what its commands did, which is why a check said something.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lokid.events import LessonMerged, LessonMuted, Recorded
from lokid.projection import Answer
from projections.attempts import Attempt
from projections.explain_lesson import Look
from projections.lesson import Lesson, State, count_of
from projections.lessons import Lessons
from projections.rank import Ranked
from projections.statements import SPLITS, UNMERGE, Move


class Muted(NamedTuple):
    """Until when a mute holds, or for how many sightings and how many are left.

    None of them: for good.
    """

    until: str | None = None
    sightings: int | None = None
    left: int | None = None


def muted(lesson: Lesson, mute: Recorded | None) -> Muted | None:
    """How long a standing mute holds yet; None where there is none."""
    if mute is None or not isinstance(mute.event, LessonMuted):
        return None
    most = mute.event.sightings
    since = count_of(one for one in lesson.sightings if one.time > mute.time)
    return Muted(mute.event.until, most, None if most is None else most - since)


def state_row(state: State, mute: Muted | None, look: Look) -> Answer:
    """Where it stands, what shows it, and how long a mute holds yet."""
    return {
        "name": state.name,
        "since": state.since,
        "by": state.by,
        "because": look(state.because),
        "mute": None if mute is None else mute._asdict(),
    }


def score_row(ranked: Ranked, place: int | None, of: int) -> Answer:
    """Its score and the terms of it, and its place among ``of`` that are told."""
    return {
        "rank": place,
        "of": of,
        "score": ranked.score,
        "recency": ranked.recency,
        "weight": ranked.weight,
        "match": ranked.match,
        "effect": ranked.effect,
        "confidence": ranked.confidence,
    }


def parts_row(lesson: Lesson) -> Answer:
    """How many lessons a split by each thing would make of it."""
    return {
        by: len({Move(lesson.id, by=by).of(one) for one in lesson.sightings})
        for by in SPLITS
        if by != UNMERGE
    }


def merged_into(
    lesson: Lesson, lessons: Lessons, said: Iterable[Recorded]
) -> list[str]:
    """The ids of what people merged into it, as far as nobody took that back."""
    names = [one.event.lesson for one in said if isinstance(one.event, LessonMerged)]
    return [
        name
        for name in dict.fromkeys(names)
        if name != lesson.id and lessons.find(name) == [lesson]
    ]


def outcome_rows(
    attempts: Sequence[Attempt], lessons: Iterable[Lesson], look: Look
) -> list[Answer]:
    """What commands did, the last first, and which of these lessons a failure is."""
    known = {
        seq: lesson.id
        for lesson in lessons
        for one in lesson.sightings
        for seq in one.seqs
    }
    return [
        {
            "time": one.time,
            "run": one.run,
            "iteration": one.iteration,
            "command": one.head,
            "ok": one.ok,
            "exit_code": one.exit_code,
            "lesson": None if one.ok else known.get(one.seq),
            "events": look([one.seq]),
        }
        for one in reversed(attempts)
    ]
