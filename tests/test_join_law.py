"""The law of the join: a function of the set of facts, not of their order."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from facts import NOW, views
from lokid.errors import UsageError
from lokid.events import IterationCompleted, Recorded
from lokid.projection import Projection
from projections import build
from projections.join import Join
from story_strategy import in_one_file, stories

NAMES = ("failures", "lessons", "council", "iterations", "gates", "context", "join")
PARAMS = {"all": "1", "mark": "1", "goal": "parse the user"}

law = settings(max_examples=500, deadline=None)


def answers(facts: list[Recorded]) -> dict[str, Any]:
    """What all read models say after these facts."""
    return told(views(facts))


def told(known: Mapping[str, Projection]) -> dict[str, Any]:
    """What these read models say, and what the join says of the commands."""
    join = known["join"]
    assert isinstance(join, Join)
    return {
        **{name: known[name].query(PARAMS, NOW) for name in NAMES},
        "attempts": join.attempts(),
        "witnessed": join.witnessed(),
    }


@law
@given(stories, st.integers(0, 2**32))
def test_any_order_of_arrival_gives_the_same_answers(
    facts: list[Recorded], seed: int
) -> None:
    """Late, early, backwards: every answer is the same to the byte."""
    other = list(facts)
    random.Random(seed).shuffle(other)  # noqa: S311  a story to replay, not a secret
    assert answers(facts) == answers(other)


@law
@given(stories, st.integers(0, 2**32))
def test_asking_in_between_changes_nothing(facts: list[Recorded], seed: int) -> None:
    """What is joined bit by bit is what would be joined at once."""
    rng = random.Random(seed)  # noqa: S311  a story to replay, not a secret
    other = list(facts)
    if rng.random() < 0.7:
        rng.shuffle(other)
    known = build()
    for recorded in other:
        for view in known:
            view.apply(recorded)
        if rng.random() < 0.4:
            with suppress(UsageError):  # one that must be told what to explain
                known[rng.randrange(len(known))].query(PARAMS, NOW)
        if rng.random() < 0.05:
            told({view.name: view for view in known})
    assert answers(facts) == told({view.name: view for view in known})


@settings(max_examples=500, deadline=None)
@given(in_one_file)
def test_each_failing_iteration_is_told_once(facts: list[Recorded]) -> None:
    """As many failures as completions that failed, whatever else was told."""
    failed = [
        one.seq
        for one in facts
        if isinstance(one.event, IterationCompleted) and one.event.exit_code
    ]
    told = [
        seq
        for row in answers(facts)["failures"]["failures"]
        for seq in row["seqs"]
        if seq in failed
    ]
    assert failed == sorted(told)


@settings(max_examples=500, deadline=None)
@given(in_one_file)
def test_a_crash_file_is_told_of_exactly_once(facts: list[Recorded]) -> None:
    """It belongs to one iteration, or is a failure of its own; never lost."""
    crashes = [one.seq for one in facts if one.type == "crash.observed"]
    rows = answers(facts)["failures"]["failures"]
    assert crashes == sorted(
        seq for row in rows for seq in row["seqs"] if seq in crashes
    )
