"""The order of lessons: what counts, and that the short way gives the same."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from facts import START, Story, views
from lokid import clock
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.moment import HOUR
from projections.rank import LONG, SHORT, Rank, Ranked, recency
from projections.situation import Situation, files_of, words_of

DAY = 24 * HOUR
LINES = (
    "KeyError: 'invoice'",
    "KeyError: 'parcel'",
    "OSError: disk full in store.py",
    "TypeError: not a number",
    "ValueError: invoice has no parcel",
    "ERESOLVE: could not resolve cards",
)
HEADS = ("pytest tests/test_a.py", "npm ci", "make all", "node src/store.py")
MET = st.lists(
    st.tuples(
        st.integers(1, 5),  # runs
        st.sampled_from(LINES),
        st.sampled_from(HEADS),
        st.sampled_from([1, 60, 7200, 86_400, 5 * 86_400]),  # seconds after it
    ),
    min_size=1,
    max_size=12,
)
SITUATIONS = st.builds(
    Situation,
    phase=st.sampled_from([None, "ACT", "REASON"]),
    words=st.frozensets(
        st.sampled_from(["invoice", "parcel", "disk", "x"]), max_size=3
    ),
    files=st.frozensets(st.sampled_from(["store.py", "test_a.py", "b.py"]), max_size=2),
    bases=st.frozensets(st.sampled_from(HEADS), max_size=2),
)


def known(
    met: list[tuple[int, str, str, float]],
) -> tuple[Lessons, str]:
    """The lessons of a history in which these failures were met, and its end."""
    story = Story()
    for number, (runs, line, head, wait) in enumerate(met):
        for pid in range(runs):
            story.run(100 * number + pid)
            story.wait(2)
            story.iteration(1 + number % 4, 1, line=line)
            story.command(head, 1, line=line)
            story.wait(60)
        story.wait(wait)
    lessons = views(story.told)["book"]
    assert isinstance(lessons, Lessons)
    return lessons, story.now()


def brute(rank: Rank, lessons: Lessons, about: Situation, now: str) -> list[Ranked]:
    """All lessons, each scored, then sorted."""
    scored = [rank.of(one, about, now) for one in lessons.all()]
    return sorted(scored, key=lambda one: (-one.score, one.lesson.id))


@settings(max_examples=60, deadline=None)
@given(MET, SITUATIONS, st.integers(-3, 40))
def test_the_short_way_gives_the_same_order(
    met: list[tuple[int, str, str, float]], about: Situation, days: int
) -> None:
    """What is scored late could not have come earlier."""
    lessons, end = known(met)
    now = clock.stamp(
        START + timedelta(seconds=clock.to_seconds(end) - START.timestamp(), days=days)
    )
    doubted = {one.id for one in lessons.all()[::2]}

    def confidence(lesson: Lesson) -> float:
        return 0.7 if lesson.id in doubted else 1.0

    def effect(lesson: Lesson) -> float:
        return 1.25 if lesson.count > 2 else 0.5

    rank = Rank(lessons, effect, confidence)
    rank.most_effect = 1.25
    expected = brute(rank, lessons, about, now)
    told = list(rank.ordered(about, now))
    assert [one.lesson.id for one in expected] == [one.lesson.id for one in told]
    assert expected == told


def test_a_lesson_that_changed_is_ranked_anew() -> None:
    """After a new event, as a fresh rank would."""
    story = Story()
    for pid, line in enumerate(LINES[:4]):
        story.run(pid + 1)
        story.wait(2)
        story.iteration(1, 1, line=line)
        story.wait(7200)
    found = views(story.told)
    lessons = found["book"]
    assert isinstance(lessons, Lessons)
    rank = Rank(lessons, effect=lambda _: 1.0, confidence=lambda _: 1.0)
    about = Situation(words=frozenset({"invoice"}))
    assert 4 == len(list(rank.ordered(about, story.now())))
    before = len(story.told)
    for line in (LINES[0], LINES[5]):
        story.run(50)
        story.wait(2)
        story.iteration(1, 1, line=line)
    for recorded in story.told[before:]:
        for view in found.values():
            view.apply(recorded)
    fresh = Rank(lessons, effect=lambda _: 1.0, confidence=lambda _: 1.0)
    now = story.now()
    assert list(fresh.ordered(about, now)) == list(rank.ordered(about, now))
    assert 5 == len(list(rank.ordered(about, now)))


def test_recency_mixes_hours_and_weeks() -> None:
    """A burst counts double for a moment, an old cause half for weeks."""
    assert 1.0 == recency(0) == recency(-DAY)
    assert 0.49 < recency(SHORT) - 0.25 < 0.5
    assert 0.24 < recency(LONG) < 0.26
    ages = [recency(age) for age in range(0, 60 * DAY, HOUR)]
    assert ages == sorted(ages, reverse=True)


def test_what_fits_weighs_half_as_much_again_at_most() -> None:
    """It ranks; it is no filter."""
    lessons, now = known([(2, LINES[2], HEADS[3], 60)])
    rank = Rank(lessons, effect=lambda _: 1.0, confidence=lambda _: 1.0)
    [lesson] = lessons.all()
    nothing = rank.of(lesson, Situation(), now)
    everything = Situation(
        phase="ACT",
        words=words_of("the disk of the store is full, OSError"),
        files=files_of(["src/store.py"]),
        bases=frozenset(HEADS),
    )
    best = rank.of(lesson, everything, now)
    assert (1.0, False) == (nothing.match, nothing.strong)
    assert (1.5, True) == (round(best.match, 6), best.strong)
    assert best.score == nothing.score * best.match
