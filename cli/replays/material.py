"""What happened: the facts in order of time, the turns, and how causes are told.

Of a log, the turns are what the join makes of it, and a failure's cause is the
lesson that its key leads to.  Of a history, it is the history's own truth
(``staged.py`` plays it).

The facts are told in order of time, as the join's law allows, and numbered anew;
what was served back then is left out, since the policies serve by themselves.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from lokid.events import Recorded, Served
from lokid.rules import Rule
from projections.attempts import Attempt
from projections.failure import Failure
from projections.join import Join
from projections.lesson import Sighting
from projections.lessons import Lessons
from projections.moment import stamp
from projections.replay import Turn, Use
from projections.slots import Slot
from projections.stream import STREAM_EVENTS

Order = tuple[str, bool, int]


class Material(NamedTuple):
    """A story to replay.

    ``turns`` stand beside ``known``: how many of ``facts`` are known when each
    begins.  ``failures`` are those of iterations, for the harness's own policy.
    ``missed`` counts failed commands that the log knows nothing of.
    """

    facts: Sequence[Recorded]
    turns: Sequence[Turn]
    known: Sequence[int]
    failures: Sequence[Failure]
    cause_of: Callable[[Sighting], str]
    missed: int = 0


def in_order(facts: Iterable[Recorded]) -> list[Recorded]:
    """Facts by time (at the same moment the harness's own stream first)."""
    told = [one for one in facts if not isinstance(one.event, Served)]
    told.sort(key=order)
    replace = msgspec.structs.replace
    return [replace(one, seq=seq) for seq, one in enumerate(told, 1)]


def order(fact: Recorded) -> Order:
    """Where a fact stands in the telling."""
    return (fact.time, not isinstance(fact.event, STREAM_EVENTS), fact.seq)


class Past:
    """Facts folded to their end: what is known of each iteration afterwards."""

    def __init__(self, facts: Iterable[Recorded], rules: Sequence[Rule]) -> None:
        self.facts = in_order(facts)
        self.join = Join()
        self.lessons = Lessons(self.join, rules)
        for fact in self.facts:
            self.join.apply(fact)
            self.lessons.apply(fact)
        self.join.settle()
        self._orders = [order(fact) for fact in self.facts]
        self.attempts: dict[tuple[int, int | None], list[Attempt]] = {}
        for attempt in self.join.attempts():
            place = (attempt.place, attempt.iteration)
            self.attempts.setdefault(place, []).append(attempt)

    def known_at(self, slot: Slot | None, time: str) -> int:
        """How many facts are known when a slot starts, or at a time without one."""
        begun = slot.started if slot else None
        wanted: Order = (time, False, 0) if begun is None else order(begun)
        return bisect_left(self._orders, wanted)

    def slots(self) -> list[Slot]:
        """All iterations, in the order in which they started."""
        return sorted(self.join.timeline.slots, key=lambda slot: slot.start)

    def cause(self, key: str) -> str:
        """The lesson that a key leads to; the key itself where a rule ignores it."""
        lesson = self.lessons.of_key(key)
        return lesson.id if lesson else key


def of_log(facts: Iterable[Recorded], rules: Sequence[Rule]) -> Material:
    """A log's own story, judged by keys."""
    past = Past(facts, rules)
    told = [*_in_slots(past), *_outside(past)]
    told.sort(key=lambda one: (one[0].time, one[0].run, one[0].iteration))
    return Material(
        facts=past.facts,
        turns=[turn for turn, _ in told],
        known=[known for _, known in told],
        failures=of_iterations(past.join),
        cause_of=lambda seen: past.cause(seen.key.key),
    )


def of_iterations(join: Join) -> list[Failure]:
    """The failures that are a failed iteration, oldest first."""
    found = [one for one in join.failures() if one.kind not in ("gate", "friction")]
    return sorted(found, key=lambda one: (one.time, one.id))


def _in_slots(past: Past) -> Iterator[tuple[Turn, int]]:
    """A turn for each iteration of the harness."""
    failed = {(one.place, one.iteration): one for one in of_iterations(past.join)}
    for slot in past.slots():
        place = (slot.run.index, slot.iteration)
        time = stamp(slot.start)
        uses = [_use(past, one) for one in past.attempts.get(place, ())]
        failure = failed.get(place)
        if failure and past.cause(failure.key.key) not in {one.cause for one in uses}:
            key = failure.key
            uses.append(Use("", past.cause(key.key), key.family))
        yield Turn(*place, time, tuple(uses)), past.known_at(slot, time)


def _outside(past: Past) -> Iterator[tuple[Turn, int]]:
    """A turn for each agent session that belongs to no iteration."""
    for (run, iteration), attempts in past.attempts.items():
        if iteration is not None:
            continue
        for _, group in groupby(attempts, key=lambda one: one.session):
            session = list(group)
            uses = tuple(_use(past, one) for one in session)
            time = session[0].time
            yield Turn(run, 0, time, uses), past.known_at(None, time)


def _use(past: Past, attempt: Attempt) -> Use:
    if attempt.ok or attempt.key is None:
        return Use(attempt.head)
    return Use(attempt.head, past.cause(attempt.key.key), attempt.key.family)
