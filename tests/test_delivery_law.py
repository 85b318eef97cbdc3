"""Laws of what is told: a function of the set of facts, however they came."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from facts import NOW, shuffled, views
from lokid.events import (
    CommandFailed,
    CommandWorked,
    ContextServed,
    Recorded,
    Served,
)
from lokid.projection import Projection
from story_strategy import stories

PATIENT = settings(max_examples=60, deadline=None)
BLOCK = {"goal": "load the user_id with jq", "phase": "ACT", "iteration": "3"}


def questions(facts: Iterable[Recorded]) -> list[tuple[str, dict[str, str]]]:
    """A block, and a check and a fix for each command that was run."""
    commands = {
        one.event.head
        for one in facts
        if isinstance(one.event, CommandFailed | CommandWorked)
    }
    asked: list[tuple[str, dict[str, str]]] = [("context", BLOCK)]
    for command in sorted(commands):
        for iteration in ("2", "99"):
            params = {"command": command, "iteration": iteration}
            asked += [("check", params), ("fix", params)]
            asked.append(("fix", {**params, "error": "KeyError: 'user_id'"}))
    return asked


def answers(
    known: dict[str, Projection], asked: list[tuple[str, dict[str, str]]]
) -> list[dict[str, Any]]:
    """What is told of each."""
    return [known[name].query(params, NOW) for name, params in asked]


@PATIENT
@given(stories, st.integers(0, 1000))
def test_the_order_of_the_facts_does_not_matter(
    facts: list[Recorded], seed: int
) -> None:
    """Effects before causes, a log after months: the same is told."""
    asked = questions(facts)
    expected = answers(views(facts), asked)
    assert expected == answers(views(shuffled(facts, seed)), asked)


@PATIENT
@given(stories, st.integers(0, 1000))
def test_asking_in_between_changes_nothing(facts: list[Recorded], seed: int) -> None:
    """What is kept between two questions is what would be made anew."""
    asked = questions(facts)
    rng = random.Random(seed)  # noqa: S311  when somebody asks, no secret
    known = views([])
    for recorded in facts:
        for view in known.values():
            view.apply(recorded)
        if rng.random() < 0.2:
            answers(known, rng.sample(asked, 1))
    assert answers(views(facts), asked) == answers(known, asked)


@PATIENT
@given(stories)
def test_what_was_served_is_what_is_told(facts: list[Recorded]) -> None:
    """The event names the lessons of the lines, in their order, and their bytes."""
    asked = questions(facts)
    for answer in answers(views(facts), asked):
        event = answer.get("_served")
        assert bool(answer["text"]) == (event is not None)
        if event is None:
            continue
        assert isinstance(event, Served)
        assert answer["bytes"] == event.size == len(answer["text"].encode())
        if isinstance(event, ContextServed):
            told = [line["lesson"] for line in answer["lines"] if line["lesson"]]
            kinds = [line["kind"] for line in answer["lines"]]
            assert (tuple(told), tuple(kinds)) == (event.lessons, event.kinds)
            assert len(set(told)) == len(told)
        else:
            assert tuple(answer["lessons"]) == event.lessons
            assert len(answer["text"]) <= 240
