"""Commands of sessions that no harness ran: in no run, the session counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from facts import Story, ask, shuffled
from lokid.events import RunEnded
from projections.attempts import Attempt
from projections.join import Join

LINE = "ModuleNotFoundError: No module named 'yaml'"
HERS, HIS = "ab" * 16, "cd" * 16


def joined(story: Story) -> list[Attempt]:
    """The attempts after a story."""
    join = Join()
    for recorded in story.told:
        join.apply(recorded)
    return join.attempts()


def places(story: Story) -> list[tuple[int, int | None]]:
    """Run and iteration of each."""
    return [(one.place, one.iteration) for one in joined(story)]


def ended_run(story: Story) -> None:
    """A run of two iterations that ended by itself."""
    story.run()
    story.wait(2)
    story.iteration(1)
    story.iteration(2)
    story.stream(RunEnded(result=0))


def test_after_the_end_of_a_run_is_in_no_run() -> None:
    """Days later it is not the last iteration's, nor in between two runs."""
    story = Story()
    ended_run(story)
    story.wait(600)
    story.command("make", 2, line=LINE, session=HERS)
    story.wait(600)
    story.run(77)
    story.wait(2)
    story.iteration(1)
    assert [(0, None)] == places(story)


def test_a_run_that_was_killed_is_over_by_itself() -> None:
    """An hour after its last completion, half a day into its last iteration."""
    for completed, hours, expected in (
        (True, 0.5, (1, 1)),
        (True, 2, (0, None)),
        (False, 2, (1, 1)),
        (False, 13, (0, None)),
    ):
        story = Story()
        story.run()
        story.begin(1)
        story.wait(20)
        if completed:
            story.complete(1)
        story.wait(hours * 3600)
        story.command("make", session=HERS)
        assert [expected] == places(story)


def test_while_a_run_is_on_it_is_placed_by_its_time() -> None:
    """The provider's own transcript of an iteration says no more than its time."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(5)
    story.command("make", session=HERS)
    story.complete(1)
    story.wait(20)
    story.stream(RunEnded(result=0))
    assert [(1, 1)] == places(story)


def test_outside_of_runs_each_session_counts_as_one() -> None:
    """Three sightings in two sessions, then one in a run."""
    story = Story()
    for session in (HERS, HERS, HIS):
        story.command("python app.py", 1, line=LINE, session=session)
        story.wait(60)
    (row,) = ask(story.told, "lessons")["lessons"]
    assert (3, 2) == (row["count"], row["runs"])
    story.run()
    story.wait(2)
    story.iteration(1, 1, line=LINE)
    (row,) = ask(story.told, "lessons")["lessons"]
    assert (4, 3) == (row["count"], row["runs"])


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_neither_order_nor_asking_in_between_matters(seed: int, every: int) -> None:
    """A run's end may be told long after what came after it."""
    story = Story()
    story.command("make", 2, line=LINE, session=HIS)
    story.wait(60)
    ended_run(story)
    for pause in (3, 900, 90_000):
        story.wait(pause)
        story.command("make", 2, line=LINE, session=HERS)
    story.run(77)
    story.wait(2)
    story.iteration(1, 1, line=LINE)
    expected = [(one.id, one.place, one.iteration) for one in joined(story)]
    join = Join()
    for number, recorded in enumerate(shuffled(story.told, seed)):
        join.apply(recorded)
        if number % every == 0:
            join.attempts()
    assert expected == [(one.id, one.place, one.iteration) for one in join.attempts()]
