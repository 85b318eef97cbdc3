"""What stands for facts that are compacted, so that each lesson keeps its record.

Two books are made: of all facts, and of those that will be left.  Whatever the
second cannot tell as the first did is summarised: its causes with their counts,
runs, first and last time, and what was known of the lesson's end.  What is left of
such a failure (its late crash file, a gate's counter) is named, so that it counts
once.  So the lessons before and after are the same, wherever the log is cut.

Sightings are summed only where nothing can part them later: with the same cause,
command, exit code and phase, and with no statement said between them.  One that a
statement names stands alone.  Summaries of earlier compactions are summed alike.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from lokid.events import (
    Event,
    Fact,
    LessonMerged,
    LessonSaid,
    LessonSummarised,
    Met,
    Recorded,
    SightingsCounted,
)
from lokid.rules import Rule
from projections.fixes import fixes_of
from projections.join import Join
from projections.lesson import COMMAND, COMPACTED, Lesson, Sighting
from projections.lessons import Lessons
from projections.sightings import member_of
from projections.states import known_until
from projections.summed import kept_of

MOST_RUNS = 1000
"""Runs that a summary names; of what is older only the number is kept."""
MOST_MEMBERS = 1500
"""Names in one ``sightings.counted``: they fit a line."""


class _Unit(NamedTuple):
    """Sightings that are summed: one, or what an earlier summary told."""

    first: Sighting
    last: Sighting
    times: int
    runs: frozenset[str]
    older: int = 0


def summaries(
    events: Iterable[Recorded], left: Iterable[Recorded], rules: Sequence[Rule] = ()
) -> list[Fact]:
    """The facts that stand for those of ``events`` that are not in ``left``.

    A pure function of both, in any order; ``left`` holds no summary.
    """
    was, will = _book(events, rules), _book(left, rules)
    told = {member_of(one): one for one in _real(was)}
    still = {member_of(one): one for one in _real(will)}
    same = {
        name
        for name, one in told.items()
        if name in still and _face(one) == _face(still[name])
    }
    gone = [one for name, one in told.items() if name not in same]
    units = [_Unit(one, one, 1, frozenset({one.setting})) for one in gone]
    units += _units(was)
    counted = sorted(still.keys() - same)
    return [*_summed(was, units), *_counted(counted)]


def _book(events: Iterable[Recorded], rules: Sequence[Rule]) -> Lessons:
    join = Join()
    lessons = Lessons(join, rules)
    for recorded in events:
        join.apply(recorded)
        lessons.apply(recorded)
    lessons.settle()
    return lessons


def _real(of: Lessons) -> Iterator[Sighting]:
    """Every sighting whose facts are there."""
    return (one for one in of.sightings.all() if one.place != COMPACTED)


def _face(one: Sighting) -> tuple[object, ...]:
    """All that a lesson tells of a sighting; what is left must tell it alike."""
    exit_code, line = one.exit_code, _line_of(one)
    return (one.key, one.time, one.setting, one.phase, exit_code, one.head, line)


def _units(was: Lessons) -> Iterator[_Unit]:
    for event, seen in was.sightings.summed.all():
        yield _Unit(
            seen[0], seen[-1], event.count, frozenset(event.runs), event.older_runs
        )


def _summed(was: Lessons, units: Iterable[_Unit]) -> Iterator[Fact]:
    names, bounds = _named(was), _Bounds(was)
    groups: dict[tuple[object, ...], list[_Unit]] = {}
    for unit in units:
        group = (*_kind_of(unit.last), bounds.before(unit.last))
        own = [one.id for one in (unit.first, unit.last) if member_of(one) in names]
        groups.setdefault((*group, *own), []).append(unit)
    ends = _Ends(was, {one.last.id for of in groups.values() for one in of})
    made = []
    for of in groups.values():
        first = min((one.first for one in of), key=lambda one: one.order)
        last = max((one.last for one in of), key=lambda one: one.order)
        made.append(_fact(first, last, of, ends.of(last)))
    yield from sorted(made, key=lambda one: (one.time or "", one.identity))


def _kind_of(one: Sighting) -> tuple[object, ...]:
    """What must be the same in all sightings of a summary."""
    line = _line_of(one)
    return (one.kind, one.key.cause, one.phase, one.exit_code, one.head, line)


def _line_of(one: Sighting) -> str | None:
    told = one.failure or one.attempt
    return told.error_line if told else None


def _named(was: Lessons) -> set[str]:
    """The members that statements name."""
    found: set[str] = set()
    for recorded in was.statements:
        event = recorded.event
        if isinstance(event, LessonSaid):
            found.update(event.members)
        if isinstance(event, LessonMerged):
            found.update(event.into_members)
    return found


class _Bounds:
    """Between which statements on its lesson a sighting was."""

    def __init__(self, was: Lessons) -> None:
        self._was = was
        self._known: dict[str, list[str]] = {}

    def before(self, one: Sighting) -> int:
        """How many of the moments that part its lesson were before it."""
        lesson = self._was.of_sighting(one.id)
        if lesson is None:
            return 0
        if lesson.id not in self._known:
            said = self._was.said(lesson)
            moments = {one.time for one in said}
            moments |= {known_until(lesson, one) for one in said}
            self._known[lesson.id] = sorted(moments)
        return bisect_left(self._known[lesson.id], one.time)


class _Ends:
    """What is known of the end of each lesson's newest sighting that is summed."""

    def __init__(self, was: Lessons, summed: set[str]) -> None:
        self._was = was
        self._fixes = fixes_of(was.join)
        self._of: dict[str, tuple[Lesson, int]] = {}
        for lesson in was.all():
            places = [n for n, one in enumerate(lesson.sightings) if one.id in summed]
            if places:
                newest = lesson.sightings[places[-1]]
                self._of[newest.id] = (lesson, places[-1])

    def of(self, last: Sighting) -> dict[str, Any]:
        """The fields of a summary that end with this sighting."""
        known = self._of.get(last.id)
        if known is None:
            return {}
        lesson, place = known
        past = self._was.judge.past(lesson, self._was.said(lesson), place)
        found: dict[str, Any] = {
            "ended": past.ended and past.ended.since,
            "ended_by": past.ended and past.ended.by,
            "retired": past.retired and past.retired.since,
            "regressed": past.regressed and past.regressed.since,
        }
        fix = self._fixes.of(lesson).fix
        if fix is not None:
            found |= {
                "fix": fix.text,
                "fix_rule": fix.rule,
                "fix_head": fix.head,
                "fix_files": fix.files,
                "fix_count": fix.count,
                "fix_runs": fix.runs,
            }
        return found


def _fact(
    first: Sighting, last: Sighting, of: Sequence[_Unit], ends: dict[str, Any]
) -> Fact:
    runs = sorted(frozenset[str]().union(*(one.runs for one in of)))
    failure, line = last.failure, _line_of(last)
    event = LessonSummarised(
        kind=last.kind,
        cause=kept_of(last.key.cause),
        count=sum(one.times for one in of),
        first=_met(first),
        last=_met(last),
        phase=last.phase,
        exit_code=last.exit_code,
        head=last.head,
        error_line=None if line == last.key.cause.line else line,
        signature=failure.signature if failure else (),
        fingerprint=failure.fingerprint if failure else None,
        reported=failure.reported_type if failure else None,
        crash_file=failure.crash_file if failure else False,
        runs=tuple(runs[-MOST_RUNS:]),
        older_runs=sum(one.older for one in of) + len(runs[:-MOST_RUNS]),
        **ends,
    )
    return _named_fact(event, event.last.time)


def _met(one: Sighting) -> Met:
    attempt = one.attempt if one.kind == COMMAND else None
    return Met(
        member=member_of(one),
        time=one.time,
        run=one.run,
        iteration=one.iteration,
        session=attempt.session if attempt else None,
        nth=attempt.nth if attempt else 0,
    )


def _counted(members: Sequence[str]) -> Iterator[Fact]:
    for at in range(0, len(members), MOST_MEMBERS):
        some = tuple(members[at : at + MOST_MEMBERS])
        yield _named_fact(SightingsCounted(members=some), None)


def _named_fact(event: Event, time: str | None) -> Fact:
    """A fact whose identity is all that it says."""
    said = hashlib.blake2b(msgspec.json.encode(event), digest_size=16).hexdigest()
    return Fact(event=event, identity=(event.TYPE, said), time=time)
