"""Attempts: each command in its run and iteration, failed ones with their key."""

from __future__ import annotations

from collections.abc import Iterable

from facts import Story
from lokid.events import Recorded
from projections.attempts import Attempt
from projections.join import Join

LINE = "KeyError: 'user_id'"


def joined(facts: Iterable[Recorded]) -> Join:
    """The join after these facts."""
    join = Join()
    for recorded in facts:
        join.apply(recorded)
    return join


def told_iteration(
    story: Story, number: int, exit_code: int = 0, zone: float | None = None
) -> None:
    """An iteration with two commands, the second of which ends like it."""
    line = LINE if exit_code else None
    story.begin(number)
    story.wait(20)
    session = story.session(
        number, exit_code, line=line, places=["a.py:load"], lasting=19, zone=zone
    )
    story.command("ls src", session=session.id, nth=0)
    story.command(
        "pytest tests/a.py",
        exit_code,
        line=line,
        places=["a.py:load"],
        session=session.id,
        nth=1,
    )
    story.complete(number, exit_code)
    story.wait(10)


def seen(attempts: Iterable[Attempt]) -> list[tuple[str, bool, int, int | None]]:
    """Head, outcome, run and iteration of each."""
    return [(one.head, one.ok, one.place, one.iteration) for one in attempts]


def test_a_command_is_of_the_iteration_of_its_session() -> None:
    """Also where markers are in local time and say nothing by themselves."""
    for zone in (None, 2):
        story = Story()
        story.run()
        told_iteration(story, 1, zone=zone)
        told_iteration(story, 2, 1, zone=zone)
        assert [
            ("ls src", True, 1, 1),
            ("pytest tests/a.py", True, 1, 1),
            ("ls src", True, 1, 2),
            ("pytest tests/a.py", False, 1, 2),
        ] == seen(joined(story.told).attempts())


def test_a_failed_command_has_the_key_of_the_failure_it_made() -> None:
    """So it is a witness of that failure, and no failure of its own."""
    story = Story()
    story.run()
    told_iteration(story, 1, 1)
    join = joined(story.told)
    failure = join.failures()[0]
    attempt = join.attempts()[1]
    assert failure.key == attempt.key
    assert {attempt.id: failure.id} == join.witnessed()


def test_another_error_is_no_witness() -> None:
    """An iteration may fail of something else, or not at all."""
    story = Story()
    story.run()
    told_iteration(story, 1, 1)
    story.begin(2)
    story.wait(20)
    session = story.session(2, lasting=19)
    other = story.command("pytest", 1, line=LINE, session=session.id)
    story.complete(2)
    join = joined(story.told)
    assert other.id not in join.witnessed()
    assert 1 == len(join.witnessed())


def test_a_command_without_a_session_is_placed_by_its_time() -> None:
    """In the iteration whose window holds it, open ones too."""
    story = Story()
    story.run()
    told_iteration(story, 1)
    story.begin(2)
    story.wait(3)
    story.command("make all", 2)
    assert [("make all", False, 1, 2)] == seen(joined(story.told).attempts()[-1:])


def test_a_command_of_no_iteration_has_the_run_of_its_time() -> None:
    """Nothing is guessed."""
    story = Story()
    story.run()
    story.wait(5)
    story.command("make all")
    attempt = joined(story.told).attempts()[0]
    assert (1, None) == (attempt.place, attempt.iteration)
    assert "20260302T090000Z-4321" == attempt.run


def test_a_command_of_a_local_log_waits_for_its_iteration() -> None:
    """Its time is that of reading, so it must not be placed by it."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(20)
    session = story.session(1, 1, line=LINE, lasting=19, zone=2)
    story.command("pytest", 1, line=LINE, session=session.id)
    join = joined(story.told)
    assert [None] == [one.iteration for one in join.attempts()]
    join.apply(story.complete(1, 1))
    placed = join.attempts()[0]
    assert (1, story.now()) == (placed.iteration, placed.time)


def test_commands_of_every_session_of_an_iteration_are_its_own() -> None:
    """A session that was tried again in the same iteration counts, too."""
    story = Story()
    story.run()
    story.begin(1)
    for head in ("make a", "make b"):
        story.wait(10)
        session = story.session(1, 1, lasting=9)
        story.command(head, 1, session=session.id)
    story.complete(1, 1)
    assert [1, 1] == [one.iteration for one in joined(story.told).attempts()]


def test_a_session_read_again_without_its_head_is_the_same() -> None:
    """Commands that name the cut-off reading are of the whole one's iteration."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(20)
    story.session(1, 1, lasting=19, zone=2)
    cut = story.session(1, 1, head=False, zone=2)
    story.command("make a", 1, session=cut.id)
    story.complete(1, 1)
    assert [1] == [one.iteration for one in joined(story.told).attempts()]


def test_the_order_is_that_of_time_then_of_the_session() -> None:
    """Whatever came first."""
    story = Story()
    story.run()
    told_iteration(story, 1)
    told_iteration(story, 2, 1)
    expected = joined(story.told).attempts()
    assert expected == joined(reversed(story.told)).attempts()
    keys = [(one.time, one.session or "", one.nth) for one in expected]
    assert sorted(keys) == keys


def test_asking_again_makes_only_new_attempts() -> None:
    """What did not change is the very object it was."""
    story = Story()
    story.run()
    for number in range(1, 30):
        told_iteration(story, number, number % 2)
    join = joined(story.told)
    before = join.attempts()
    known = len(story.told)
    told_iteration(story, 30, 1)
    for recorded in story.told[known:]:
        join.apply(recorded)
    after = join.attempts()
    assert len(before) + 2 == len(after)
    assert all(one is other for one, other in zip(before, after, strict=False))


def test_the_listener_hears_of_keys_and_runs() -> None:
    """A new failed command tells which lesson it changes."""
    story = Story()
    story.run()
    told_iteration(story, 1)
    join = joined(story.told)
    join.settle()
    join.feed.take()
    join.apply(story.command("make", 2, line=LINE))
    key = join.attempts()[-1].key
    heard = join.feed.take()
    assert key is not None
    assert (False, {1}, {key.key}) == (heard.again, heard.runs, heard.keys)
