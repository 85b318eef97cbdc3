"""Where a lesson stands, and the events that show it.

What a person said holds until later evidence, or until they take it back: a
``resolve`` until a sighting that happened after it, a ``mute`` until its time or
its number of sightings, both until ``reopen``.  A ``resolve`` ends a mute too.
The rest follows from what happened:

========= ===================================================================
new       seen once
ongoing   seen again, or reopened
resolved  a person said so; or three iterations went well after its last
          sighting, its gate passed, or its command worked
regressed seen again after it was resolved
retired   its command ran at least five times since, without it, and the chance
          that it fails is under 0.2
muted     a person wants to hear nothing of it
ignored   a rule says so
========= ===================================================================

With a hold-out on there is one more, ``ineffective``: it is met again and again,
and no less in the runs in which it was told (``exposure.py`` measures it).

Times of what happened are compared, never times of arrival: a sighting that
came late into the log but happened before a resolution does not reopen it; it is
counted (`late`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lokid.events import (
    LessonMuted,
    LessonReopened,
    LessonResolved,
    LessonSaid,
    Recorded,
)
from projections.history import History
from projections.lesson import COMPACTED, Lesson, Moment, Sighting, State, count_of
from projections.sightings import member_of

PERSON, RULE, SEEN, MEASURED = "person", "rule", "seen", "measured"
MET = frozenset({"new", "ongoing", "regressed"})
"""States of a lesson whose cause is there, as far as is known."""


class Past(NamedTuple):
    """What is known of one sighting's cause: that it ended, that it had before."""

    ended: State | None
    retired: State | None
    regressed: State | None


class Judge:
    """Tells states; asked with what was said of a lesson, in order."""

    def __init__(self, history: History) -> None:
        """``history`` is shared and settled."""
        self._history = history

    def state(self, lesson: Lesson, said: Sequence[Recorded], now: str) -> State:
        """The state of a lesson at a moment."""
        newest = lesson.newest
        if lesson.ignored:
            return State("ignored", newest.time, newest.seqs, RULE)
        mute = standing_mute(lesson, said, now)
        if mute is not None:
            return State("muted", mute.time, (mute.seq,), PERSON)
        resolution = standing_resolution(lesson, said)
        if resolution is not None:
            return State("resolved", resolution.time, (resolution.seq,), PERSON)
        reopened = _last(said, LessonReopened)
        after = _after(newest, reopened)
        ended = self._history.retired(lesson, after)
        ended = ended or self._history.ended(newest, after)
        if ended is not None:
            return ended
        if reopened is not None and reopened.time >= newest.time:
            because = (reopened.seq, *newest.seqs)
            return State("ongoing", reopened.time, because, PERSON)
        return self._regressed(lesson, said) or _seen(lesson)

    def retired(self, lesson: Lesson) -> bool:
        """Whether its commands speak against it; for one of which nobody spoke."""
        newest = lesson.newest.moment
        return self._history.retired(lesson, newest) is not None

    def past(self, lesson: Lesson, said: Sequence[Recorded], place: int) -> Past:
        """What became of a lesson by its sighting at ``place``, until the next."""
        seen = lesson.sightings[: place + 1]
        newest, later = seen[-1], lesson.sightings[place + 1 :]
        until = later[0].moment if later else None
        then = [one for one in said if not later or one.time < later[0].time]
        after = _after(newest, _last(then, LessonReopened))
        return Past(
            self._history.ended(newest, after, until),
            None if later else self._history.retired(lesson, after),
            self._last_regression(replace(lesson, sightings=seen), said),
        )

    def _regressed(self, lesson: Lesson, said: Sequence[Recorded]) -> State | None:
        """The last time it had been resolved, if there was one.

        Looked up once for what is known of the past of the lesson.
        """
        stamp = (self._history.stamp(lesson), *(one.id for one in said))
        if lesson.past is None or lesson.past[0] != stamp:
            lesson.past = (stamp, self._last_regression(lesson, said))
        return lesson.past[1]

    def _last_regression(
        self, lesson: Lesson, said: Sequence[Recorded]
    ) -> State | None:
        seen = lesson.sightings
        for one, again in zip(seen[-2::-1], seen[:0:-1], strict=True):
            ended = self._ended(one, again, said)
            since = again.summary.regressed if again.summary else None
            if ended is not None:
                because = (*ended.because, *again.seqs)
                return State("regressed", again.time, because, SEEN)
            if since is not None:
                return State("regressed", since, again.seqs, SEEN)
        return _regressed_alone(lesson.first)

    def _ended(
        self, one: Sighting, again: Sighting, said: Sequence[Recorded]
    ) -> State | None:
        """What resolved it between two sightings."""
        if one.time == again.time and one.moment >= again.moment:
            return None
        between = [told for told in said if one.time <= told.time < again.time]
        if not between:
            return self._history.ended(one, one.moment, again.moment)
        reopened = _last(between, LessonReopened)
        resolved = _last(between, LessonResolved)
        if resolved is not None and not _later(reopened, resolved):
            return State("resolved", resolved.time, (resolved.seq,), PERSON)
        return self._history.ended(one, _after(one, reopened), again.moment)


def _regressed_alone(first: Sighting) -> State | None:
    """What the summary of a single sighting says of those before it."""
    since = first.summary.regressed if first.summary else None
    return None if since is None else State("regressed", since, first.seqs, SEEN)


def standing_mute(
    lesson: Lesson, said: Sequence[Recorded], now: str
) -> Recorded | None:
    """The mute that holds now; one that ended by itself is none."""
    mute: Recorded | None = None
    for one in said:
        if isinstance(one.event, LessonMuted):
            mute = one
        elif isinstance(one.event, LessonReopened | LessonResolved):
            mute = None
    if mute is None or not isinstance(mute.event, LessonMuted):
        return None
    until, most = mute.event.until, mute.event.sightings
    if until is not None and now >= until:
        return None
    known = known_until(lesson, mute)
    since = count_of(one for one in lesson.sightings if one.time > known)
    return None if most is not None and since >= most else mute


def standing_resolution(lesson: Lesson, said: Sequence[Recorded]) -> Recorded | None:
    """What a person's resolution is, that nothing later took back."""
    resolved = _last(said, LessonResolved)
    if resolved is None or _later(_last(said, LessonReopened), resolved):
        return None
    return resolved if lesson.newest.time <= known_until(lesson, resolved) else None


def known_until(lesson: Lesson, said: Recorded) -> str:
    """Until when a statement knew the lesson: to its own time, or to its members'.

    A fast clock dates a failure after what was said of it.
    """
    members = said.event.members if isinstance(said.event, LessonSaid) else ()
    seen = (one.time for one in lesson.sightings if member_of(one) in members)
    return max((said.time, *seen))


def ineffective(served: Sequence[Recorded]) -> State:
    """The state of a lesson that was told in vain, by what was served of it."""
    newest = max(served, key=lambda one: (one.time, one.id))
    because = tuple(sorted(one.seq for one in served))
    return State("ineffective", newest.time, because, MEASURED)


def late_for(lesson: Lesson, said: Sequence[Recorded]) -> int:
    """How many sightings came after the standing resolution, but were before it."""
    resolved = standing_resolution(lesson, said)
    if resolved is None:
        return 0
    return sum(
        1
        for one in lesson.sightings
        if one.place != COMPACTED and min(one.seqs, default=0) > resolved.seq
    )


def _seen(lesson: Lesson) -> State:
    first, newest = lesson.first, lesson.newest
    if lesson.count == 1:
        return State("new", first.time, first.seqs, SEEN)
    because = tuple(sorted({*first.seqs, *newest.seqs}))
    since = lesson.sightings[min(1, len(lesson.sightings) - 1)].time
    return State("ongoing", since, because, SEEN)


def _after(seen: Sighting, reopened: Recorded | None) -> Moment:
    """From where on evidence counts: after a sighting, and after a reopening."""
    if reopened is None or reopened.time < seen.time:
        return seen.moment
    return (reopened.time, "\U0010ffff", 0)


def _last(said: Sequence[Recorded], kind: type[object]) -> Recorded | None:
    return next((one for one in reversed(said) if isinstance(one.event, kind)), None)


def _later(one: Recorded | None, other: Recorded) -> bool:
    return one is not None and (one.time, one.id) > (other.time, other.id)
