"""What was said to which agent: kept by session, in any order, within bounds."""

from __future__ import annotations

import random
from datetime import timedelta

from facts import START
from lokid import clock
from lokid.events import CheckServed, ContextServed, FixServed, Recorded, Served, Src
from projections.here import Here
from projections.said import SESSIONS, Said

NOW = clock.stamp(START + timedelta(minutes=30))


def served(number: int, event: Served) -> Recorded:
    """An event of this minute."""
    at = clock.stamp(START + timedelta(minutes=number))
    return Recorded(
        seq=number,
        id=f"{number:032x}",
        time=at,
        at=at,
        type=event.TYPE,
        event=event,
        src=Src(),
    )


def agent(iteration: int | None = 1, session: str | None = None) -> Here:
    """An agent in run R."""
    return Here("R" if iteration else None, 1, iteration, None, session)


def check(*lessons: str, iteration: int = 1, session: str | None = None) -> CheckServed:
    """A warning that told these lessons."""
    return CheckServed(lessons=lessons, run="R", iteration=iteration, session=session)


def test_sessions_are_kept_apart_and_an_iteration_stands_in_for_one() -> None:
    """Two ids are two agents; where one has none, run and iteration decide."""
    said = Said()
    said.apply(served(1, check("La", session="one")))
    said.apply(served(2, check("Lb")))
    said.apply(served(3, ContextServed(lessons=("Lc",), run="R", iteration=1)))
    said.apply(served(4, check("Ld", iteration=2, session="one")))
    assert {"La", "Lb", "Lc", "Ld"} == said.lessons(agent(1, "one"), NOW)
    assert {"Lb", "Lc"} == said.lessons(agent(1, "two"), NOW)
    assert {"La", "Lb", "Lc"} == said.lessons(agent(1), NOW)
    assert {"Ld"} == said.lessons(agent(2), NOW)
    assert set() == said.lessons(agent(3), NOW)


def test_a_fix_was_said_by_the_first_of_a_check_or_by_fix() -> None:
    """The others are only named by a check; a block says no fix in this sense."""
    said = Said()
    said.apply(served(1, check("La", "Lb")))
    said.apply(served(2, FixServed(lessons=("Lc",), run="R", iteration=1)))
    said.apply(served(3, ContextServed(lessons=("Ld",), run="R", iteration=1)))
    fixed = said.fixed(agent(), NOW)
    assert {"La": 1, "Lc": 2} == {
        name: round((clock.to_seconds(at) - START.timestamp()) / 60)
        for name, at in fixed.items()
    }


def test_where_no_iteration_is_known_an_hour_counts() -> None:
    """An agent with an id is still known by it; nobody else is, after an hour."""
    said = Said()
    said.apply(served(1, CheckServed(lessons=("La",), session="one")))
    later = clock.stamp(START + timedelta(minutes=90))
    assert {"La"} == said.lessons(agent(None), NOW)
    assert set() == said.lessons(agent(None), later)
    assert {"La"} == said.lessons(agent(None, "one"), later)
    assert set() == said.lessons(agent(None, "two"), NOW)


def test_the_order_of_arrival_does_not_matter() -> None:
    """The same set of events says the same."""
    events = [
        served(n, check(f"L{n % 7}", iteration=n % 5, session=(None, "a", "b")[n % 3]))
        for n in range(1, 40)
    ]
    agents = [agent(n % 5 or 1, name) for n in range(5) for name in (None, "a", "b")]
    answers = []
    for seed in range(5):
        random.Random(seed).shuffle(events)  # noqa: S311  another order of arrival
        said = Said()
        for one in events:
            said.apply(one)
        answers.append([(said.lessons(a, NOW), said.fixed(a, NOW)) for a in agents])
    assert [answers[0]] * 5 == answers


def test_only_the_newest_sessions_are_kept() -> None:
    """A memory that only grows would be asked about less and less."""
    said = Said()
    for number in range(1, SESSIONS + 11):
        said.apply(served(number, check("La", session=f"s{number}")))
    assert set() == said.lessons(agent(9, "s1"), NOW)
    assert set() == said.lessons(agent(9, "s10"), NOW)
    assert {"La"} == said.lessons(agent(9, "s11"), NOW)
    assert {"La"} == said.lessons(agent(9, f"s{SESSIONS + 10}"), NOW)
