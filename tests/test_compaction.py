"""The law of compaction: lessons keep their record, wherever the log is cut."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from facts import NOW, name_of, views
from lokid.events import (
    Event,
    Fact,
    LessonMuted,
    LessonReopened,
    LessonResolved,
    LessonSaid,
    LessonSplit,
    Recorded,
    Src,
)
from lokid.log import event_id
from projections.summaries import summaries
from story_strategy import stories

SAID = st.lists(
    st.tuples(
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.sampled_from(
            [LessonResolved, LessonReopened, LessonMuted, LessonSplit, LessonSplit]
        ),
    ),
    max_size=4,
)
law = settings(max_examples=100, deadline=None)


def lessons(facts: Sequence[Recorded]) -> list[dict[str, Any]]:
    """What is told of each lesson that compaction must keep."""
    rows = views(facts)["lessons"].query({}, NOW)["lessons"]
    kept = ("lesson", "key", "count", "runs", "first_seen", "last_seen", "heads")
    told = [{name: row[name] for name in kept} for row in rows]
    return sorted(told, key=lambda row: str(row["lesson"]))


def said(facts: list[Recorded], told: list[tuple[int, int, Any]]) -> list[Recorded]:
    """The facts, with statements in the midst of them on lessons known by then."""
    found = list(facts)
    for at, which, kind in told:
        place = at % (len(found) + 1)
        known = found[:place]
        rows = views(known)["lessons"].query({}, NOW)["lessons"]
        if not rows:
            continue
        row = rows[which % len(rows)]
        named: dict[str, Any] = {
            "lesson": row["lesson"],
            "recipe": 2,
            "members": tuple(row["members"]),
        }
        if kind is LessonSplit:
            named["by"] = ("phase", "exit_code", "command", "place")[which % 4]
        if kind is LessonMuted:
            named["sightings"] = 1 + which % 3
        event: LessonSaid = kind(**named)
        time = known[-1].time
        one = Recorded(
            seq=0,
            id=name_of(event, time, len(found)),
            time=time,
            at=time,
            type=event.TYPE,
            event=event,
            src=Src(),
        )
        found.insert(place, one)
    return numbered(found)


def numbered(facts: Sequence[Recorded]) -> list[Recorded]:
    """The same facts, with the seqs of their places."""
    return [
        msgspec.structs.replace(one, seq=seq) for seq, one in enumerate(facts, start=1)
    ]


def recorded(facts: Sequence[Fact]) -> list[Recorded]:
    """Facts as the log would give them."""
    made = []
    for fact in facts:
        event: Event = fact.event
        made.append(
            Recorded(
                seq=0,
                id=event_id(fact.identity),
                time=fact.time or NOW,
                at=NOW,
                type=event.TYPE,
                event=msgspec.json.decode(msgspec.json.encode(event), type=type(event)),
                src=fact.src,
            )
        )
    return made


SUMMARY = ("lesson.summarised", "sightings.counted")


def compacted(facts: Sequence[Recorded], rng: random.Random) -> list[Recorded]:
    """The log after compaction: carried, summaries, and what came after a cut.

    Where it is cut is left to chance, but never within summaries, and so is what
    is carried beside statements: the law holds for any.
    """
    least = max((one.seq for one in facts if one.type in SUMMARY), default=0)
    cut = rng.randint(least, len(facts))
    share = rng.choice([0.0, 0.1, 0.6])
    carried = [
        one
        for one in facts[:cut]
        if isinstance(one.event, LessonSaid)
        or (one.type not in SUMMARY and rng.random() < share)
    ]
    left = [*carried, *facts[cut:]]
    return numbered([*carried, *recorded(summaries(facts, left)), *facts[cut:]])


@law
@given(stories, SAID, st.integers(0, 2**32))
def test_lessons_keep_their_record(
    facts: list[Recorded], told: list[tuple[int, int, Any]], seed: int
) -> None:
    """Id, key, count, runs, first and last time are what they were."""
    rng = random.Random(seed)  # noqa: S311  a story to replay, not a secret
    before = said(facts, told)
    after = compacted(before, rng)
    assert lessons(before) == lessons(after)
    again = compacted(after, rng)
    assert lessons(before) == lessons(again)


@law
@given(stories, SAID, st.integers(0, 2**32))
def test_any_order_of_summaries_gives_the_same_lessons(
    facts: list[Recorded], told: list[tuple[int, int, Any]], seed: int
) -> None:
    """With summaries too, lessons are a function of the set of events."""
    rng = random.Random(seed)  # noqa: S311  a story to replay, not a secret
    after = compacted(said(facts, told), rng)
    other = list(after)
    rng.shuffle(other)
    assert views(after)["lessons"].query({}, NOW) == views(other)["lessons"].query(
        {}, NOW
    )
