"""`effect`: what may be said of telling a lesson, and what may not."""

from __future__ import annotations

from typing import Any

import pytest

from facts import Story, shuffled, views
from lokid import events
from lokid.events import Recorded, Src
from lokid.projection import Answer
from projections.exposure import (
    HIGHEST,
    LEAST,
    Exposures,
    Side,
    verdict,
)
from projections.join import Join
from projections.lessons import Lessons

CAUSE = "KeyError: 'a'"
NOW = "2026-03-09T12:00:00.000Z"


def effect(facts: list[Recorded]) -> Answer:
    """The answer after these facts."""
    return views(facts)["effect"].query({}, NOW)


def lesson_of(story: Story) -> str:
    """The id of the story's one lesson."""
    [row] = views(story.told)["lessons"].query({}, NOW)["lessons"]
    return str(row["lesson"])


def run_of(story: Story) -> str:
    """The id of the run that goes on."""
    join = views(story.told)["join"]
    assert isinstance(join, Join)
    join.settle()
    return str(join.timeline.runs[-1].id)


def seen_once() -> tuple[Story, str]:
    """A story in whose first run the cause was met; and its lesson."""
    story = Story()
    story.run(1)
    story.wait(2)
    story.iteration(1, 1, line=CAUSE)
    return story, lesson_of(story)


def run_with(  # noqa: PLR0913  what a run is made of, by name
    story: Story, pid: int, lesson: str, *, told: bool, back: bool, at: int = 1
) -> None:
    """A run in which the lesson is told (or held out) and comes back, or not."""
    story.wait(3600)
    story.run(pid)
    story.wait(2)
    serve(story, events.ContextServed, lesson, at, told=told)
    story.iteration(1, 1 if back else 0, line=CAUSE if back else None)


def serve(
    story: Story,
    kind: type[events.Served],
    lesson: str,
    iteration: int | None,
    *,
    told: bool = True,
) -> None:
    """Record that something was said now."""
    names: dict[str, Any] = {"lessons" if told else "held": (lesson,)}
    served = kind(now=story.now(), run=run_of(story), iteration=iteration, **names)
    story.add(served, Src())


def test_nothing_served_is_nothing_said() -> None:
    """No lesson was told: no row, and too few overall."""
    story, _ = seen_once()
    answer = effect(story.told)
    assert [] == answer["lessons"]
    assert f"too few to say (0 of {LEAST})" == answer["overall"]["verdict"]


def test_runs_are_counted_and_what_came_back_in_them() -> None:
    """Two runs told, one of them in vain; one held out, in which it came back."""
    story, lesson = seen_once()
    run_with(story, 2, lesson, told=True, back=True)
    run_with(story, 3, lesson, told=True, back=False)
    run_with(story, 4, lesson, told=False, back=True)
    [row] = effect(story.told)["lessons"]
    exposed, held = row["exposed"], row["held_out"]
    assert (2, 1, 0.5) == (exposed["runs"], exposed["came_back"], exposed["share"])
    assert (1, 1, 1.0) == (held["runs"], held["came_back"], held["share"])
    assert f"too few to say (1 of {LEAST})" == row["verdict"]
    assert row["difference"] is None


def test_a_lesson_told_in_each_iteration_of_a_run_counts_once() -> None:
    """Iterations of a run are not independent: the run is the unit."""
    story, lesson = seen_once()
    run_with(story, 2, lesson, told=True, back=True)
    for iteration in (2, 3):
        serve(story, events.ContextServed, lesson, iteration)
        story.iteration(iteration, 1, line=CAUSE)
    [row] = effect(story.told)["lessons"]
    assert (3, 1, 1) == tuple(
        row["exposed"][name] for name in ("moments", "runs", "came_back")
    )


def test_what_was_met_before_it_was_told_is_no_repeat() -> None:
    """Told in iteration 2, met in iteration 1 of that run only."""
    story, lesson = seen_once()
    story.wait(3600)
    story.run(2)
    story.wait(2)
    story.iteration(1, 1, line=CAUSE)
    serve(story, events.CheckServed, lesson, 2)
    story.iteration(2)
    [row] = effect(story.told)["lessons"]
    assert 0 == row["exposed"]["came_back"]


def test_a_fix_is_judged_by_later_iterations() -> None:
    """It is told after the failure, in the same iteration."""
    story, lesson = seen_once()
    serve(story, events.FixServed, lesson, 1)
    [row] = effect(story.told)["lessons"]
    assert 0 == row["exposed"]["came_back"]
    story.wait(60)
    story.iteration(2, 1, line=CAUSE)
    [row] = effect(story.told)["lessons"]
    assert 1 == row["exposed"]["came_back"]


def test_without_an_iteration_time_decides() -> None:
    """A hook that knows no iteration: what came after its moment came back."""
    story, lesson = seen_once()
    story.wait(30)
    serve(story, events.CheckServed, lesson, None)
    [row] = effect(story.told)["lessons"]
    assert 0 == row["exposed"]["came_back"]
    story.wait(30)
    story.iteration(2, 1, line=CAUSE)
    [row] = effect(story.told)["lessons"]
    assert 1 == row["exposed"]["came_back"]


def test_a_run_with_both_is_no_evidence() -> None:
    """The setting was changed within the run: it is on neither side."""
    story, lesson = seen_once()
    run_with(story, 2, lesson, told=True, back=True)
    serve(story, events.ContextServed, lesson, 2, told=False)
    [row] = effect(story.told)["lessons"]
    assert (0, 0) == (row["exposed"]["runs"], row["held_out"]["runs"])


def test_the_order_of_arrival_does_not_matter() -> None:
    """The same facts in another order give the same answer."""
    story, lesson = seen_once()
    for pid in range(2, 8):
        run_with(story, pid, lesson, told=pid % 3 > 0, back=pid % 2 > 0)
    expected = effect(story.told)
    for seed in range(5):
        assert expected == effect(shuffled(story.told, seed))


@pytest.mark.parametrize(
    ("exposed", "held", "said"),
    [
        (Side(30, 7, 0), Side(), f"too few to say (7 of {LEAST})"),
        (Side(30, 20, 9), Side(), "no hold-out: nothing to compare with"),
        (Side(90, 60, 3), Side(9, 7, 7), f"too few to say (7 of {LEAST})"),
        (Side(90, 60, 6), Side(9, 10, 8), "comes back less"),
        (Side(90, 60, 20), Side(9, 10, 4), "no difference shown"),
        (Side(90, 60, 30), Side(9, 10, 4), "ineffective"),
        (Side(90, 60, 59), Side(9, 10, 1), "ineffective"),
    ],
)
def test_a_verdict_says_no_more_than_the_sides_show(
    exposed: Side, held: Side, said: str
) -> None:
    """Below the least number nothing; without hold-out no comparison."""
    assert said == verdict(exposed, held)


def lift_of(story: Story, lesson: str) -> float:
    """What ranking would weigh the lesson with."""
    known = views(story.told)
    join, book = known["join"], known["book"]
    assert isinstance(join, Join)
    assert isinstance(book, Lessons)
    exposures = Exposures(join, book)
    for fact in story.told:
        exposures.apply(fact)
    [found] = book.find(lesson)
    return exposures.lift(found)


def test_a_measured_effect_moves_the_rank_and_an_unmeasured_one_does_not() -> None:
    """Eight runs on each side, one of which is too few before."""
    story, lesson = seen_once()
    assert 1.0 == lift_of(story, lesson)
    for pid in range(2, 17):
        run_with(story, pid, lesson, told=pid % 2 > 0, back=pid % 2 == 0)
    assert 1.0 == lift_of(story, lesson)
    run_with(story, 17, lesson, told=True, back=False)
    assert HIGHEST == lift_of(story, lesson)
    for pid in range(18, 50):
        run_with(story, pid, lesson, told=True, back=True)
    assert pytest.approx(1 + 9 / 10 - 33 / 42) == lift_of(story, lesson)
