"""Runs and slots: which iterations there were, and which of them failed."""

from __future__ import annotations

from datetime import timedelta

from facts import START, Story, ask, failures, iteration_failures
from lokid import events


def test_an_open_iteration_is_no_failure_until_something_shows_it_was_cut() -> None:
    """An iteration that still runs fails nothing; the next start shows the cut."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(600)
    assert [] == failures(story.told)
    assert "running" == ask(story.told, "iterations")["iterations"][0]["status"]
    cut = story.begin(2)
    [row] = failures(story.told)
    assert ("interrupted", 1, None, cut.time) == (
        row["kind"],
        row["iteration"],
        row["exit_code"],
        row["time"],
    )


def test_a_new_run_shows_that_the_last_iteration_was_cut() -> None:
    """A killed harness leaves a start; the next session_start closes it."""
    story = Story()
    story.run(1)
    story.begin(4)
    story.wait(60)
    story.run(2)
    [row] = failures(story.told)
    assert ("20260302T090000Z-1", 4) == (row["run"], row["iteration"])
    assert "interrupted" == ask(story.told, "iterations")["iterations"][0]["status"]


def test_the_end_of_a_run_cuts_nothing() -> None:
    """session_end is no start: what it means for an open iteration is not known."""
    story = Story()
    story.run()
    story.begin(1)
    story.stream(events.RunEnded(result=1))
    assert [] == failures(story.told)


def test_runs_that_restart_at_one_keep_their_iterations_apart() -> None:
    """Iteration 2 of two runs is two failures, each of its run."""
    story = Story()
    for pid in (10, 11):
        story.run(pid)
        story.wait(2)
        story.iteration(1)
        story.iteration(2, 1)
        story.wait(100)
    rows = iteration_failures(story.told)
    assert [2, 2] == [row["iteration"] for row in rows]
    assert ["20260302T090000Z-10", "20260302T090252Z-11"] == [
        row["run"] for row in rows
    ]


def test_what_comes_before_any_run_has_no_run() -> None:
    """A stream without session_start gives iterations whose run is null."""
    story = Story()
    story.iteration(1, 1)
    [row] = failures(story.told)
    assert (None, 1) == (row["run"], row["iteration"])


def test_a_run_without_a_pid_is_named_with_zero() -> None:
    """The run id says 0 where no process was told."""
    story = Story()
    story.stream(events.RunStarted())
    story.iteration(1, 1)
    assert "20260302T090000Z-0" == failures(story.told)[0]["run"]


def test_a_completion_whose_start_was_lost_still_fails() -> None:
    """A split or invalid start line hides no failure."""
    story = Story()
    story.run()
    story.wait(2)
    story.iteration(1)
    story.wait(20)
    story.complete(2, 1)
    [row] = failures(story.told)
    assert (2, 1) == (row["iteration"], row["exit_code"])
    rows = ask(story.told, "iterations")["iterations"]
    assert [(2, None), (1, "2026-03-02T09:00:02.000Z")] == [
        (row["iteration"], row["started"]) for row in rows
    ]


def test_a_completion_told_twice_is_one_failure() -> None:
    """The same end of an iteration, written twice, counts once."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(5)
    story.complete(1, 1)
    story.complete(1, 1)
    assert 1 == len(failures(story.told))


def test_the_order_is_that_of_the_file_even_where_the_clock_went_back() -> None:
    """A clock set back between two lines changes no window's order."""
    story = Story()
    story.run()
    story.wait(100)
    story.begin(1)
    story.wait(10)
    story.complete(1, 1)
    story.wait(-50)
    story.begin(2)
    story.wait(10)
    story.complete(2, 0)
    rows = ask(story.told, "iterations")["iterations"]
    assert [(2, "completed"), (1, "failed")] == [
        (row["iteration"], row["status"]) for row in rows
    ]
    assert 1 == len(failures(story.told))


def test_a_rotated_stream_goes_on_in_its_next_generation() -> None:
    """Generations follow each other by their earliest time, offsets start anew."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(30)
    story.rotate()
    story.complete(1, 2)
    story.begin(2)
    rows = ask(story.told, "iterations")["iterations"]
    assert [(2, "running"), (1, "failed")] == [
        (row["iteration"], row["status"]) for row in rows
    ]
    backwards = ask(reversed(story.told), "iterations")["iterations"]
    assert rows == backwards


def test_phase_is_told_by_the_number() -> None:
    """REASON, ACT, REFLECT, VERIFY, by the iteration modulo four."""
    story = Story()
    story.run()
    for number in range(1, 6):
        story.iteration(number, 1)
    assert ["ACT", "REFLECT", "VERIFY", "REASON", "ACT"] == [
        row["phase"] for row in failures(story.told)
    ]


def test_seqs_and_sources_name_all_that_told() -> None:
    """Start, end, log, crash and episode stand behind the one failure."""
    story = Story()
    story.run()
    story.iteration(1, 1, line="KeyError: 'a'", symbols=("load",), crash=True)
    [row] = failures(story.told)
    assert [2, 3, 4, 5, 6] == row["seqs"]
    assert row["sources"] == sorted(row["sources"])
    assert {"events.jsonl", "logs/autonomy-20260302.log"} < set(row["sources"])


def test_a_story_elsewhere_in_time_is_the_same_story() -> None:
    """Nothing depends on the day but the names of runs and the times."""
    moved = Story(START + timedelta(days=400))
    plain = Story()
    for story in (plain, moved):
        story.run()
        story.iteration(1, 1, line="KeyError: 'a'", crash=True)
    [first], [second] = failures(plain.told), failures(moved.told)
    assert first["key"] == second["key"]
    assert first["message"] == second["message"]
