"""Which session of the log tells the cause of which iteration."""

from __future__ import annotations

from typing import Any

import pytest

from facts import Story, failures, iteration_failures
from lokid.events import Recorded

CAUSES = {n: f"KeyError: 'field_{chr(96 + n)}'" for n in range(1, 13)}


def causes(facts: list[Recorded]) -> dict[int, str | None]:
    """The error line by iteration."""
    return {row["iteration"]: row["error_line"] for row in iteration_failures(facts)}


def failing(story: Story, numbers: range, **more: Any) -> None:
    """Iterations that all fail, each with a cause of its own."""
    for n in numbers:
        story.iteration(n, 1, line=CAUSES[n], **more)


def sessions(facts: list[Recorded]) -> list[Recorded]:
    """The log's part of the facts."""
    return [one for one in facts if one.type == "output.failed"]


@pytest.mark.parametrize("zone", [None, 2, -8, 5.5, 14])
def test_each_session_finds_its_iteration_in_any_zone(zone: float | None) -> None:
    """The log's clock may be anywhere; phase, exit and distance tell."""
    story = Story()
    story.run()
    failing(story, range(1, 9), zone=zone)
    assert {n: CAUSES[n] for n in range(1, 9)} == causes(story.told)


@pytest.mark.parametrize("zone", [None, 2, -8])
@pytest.mark.parametrize("cut", [1, 4, 5, 7])
def test_a_log_without_its_head_never_lends_anothers_cause(
    zone: float | None, cut: int
) -> None:
    """What was cut away is unknown, and what is left stays with its own."""
    story = Story()
    story.run()
    failing(story, range(1, 9), zone=zone)
    gone = {one.id for one in sessions(story.told)[:cut]}
    left = [one for one in story.told if one.id not in gone]
    wanted = {n: None if n <= cut else CAUSES[n] for n in range(1, 9)}
    assert wanted == causes(left)


@pytest.mark.parametrize("zone", [None, 1])
def test_a_new_run_does_not_take_the_last_runs_cause(zone: float | None) -> None:
    """Iteration 1 of a new run has the phase of iteration 5 before it."""
    story = Story()
    story.run(1)
    failing(story, range(1, 6), zone=zone)
    story.wait(60)
    story.run(2)
    story.begin(1)
    story.wait(20)
    assert CAUSES == CAUSES | {k: v for k, v in causes(story.told).items() if v}
    story.session(1, 1, line="KeyError: 'fresh'", lasting=19, zone=zone)
    rows = iteration_failures(story.told)
    assert [CAUSES[n] for n in range(1, 6)] == [row["error_line"] for row in rows]
    story.complete(1, 1)
    assert "KeyError: 'fresh'" == iteration_failures(story.told)[-1]["error_line"]


def test_two_runs_in_another_zone_keep_their_sessions() -> None:
    """One log, two runs with the same numbers and exits."""
    story = Story()
    for pid in (1, 2):
        story.run(pid)
        story.wait(3)
        for n in range(1, 5):
            story.iteration(n, 1, line=f"KeyError: 'run_{'ab'[pid - 1]}'", zone=3)
        story.wait(30)
    rows = iteration_failures(story.told)
    assert ["KeyError: 'run_a'"] * 4 + ["KeyError: 'run_b'"] * 4 == [
        row["error_line"] for row in rows
    ]


def test_unreadable_clocks_are_matched_by_order() -> None:
    """Without a clock the sequence of phases and exits tells."""
    story = Story()
    story.run()
    for n in range(1, 9):
        story.begin(n)
        story.wait(10)
        story.session(n, 1, line=CAUSES[n], clocked=False)
        story.complete(n, 1)
        story.wait(5)
    assert {n: CAUSES[n] for n in range(1, 9)} == causes(story.told)


def test_by_order_the_later_slots_win_ties() -> None:
    """A log that begins late tells of the last iterations."""
    story = Story()
    story.run()
    for n in range(1, 9):
        story.begin(n)
        story.wait(10)
        story.session(n, 1, line=CAUSES[n], clocked=False)
        story.complete(n, 1)
        story.wait(5)
    gone = {one.id for one in sessions(story.told)[:3]}
    left = [one for one in story.told if one.id not in gone]
    wanted = {n: None if n <= 3 else CAUSES[n] for n in range(1, 9)}
    assert wanted == causes(left)


def test_by_order_an_open_iteration_keeps_its_session() -> None:
    """The session that just ended is no earlier iteration's of the same phase."""
    story = Story()
    story.run()
    for cause in ("KeyError: 'own'", "KeyError: 'next'"):
        story.run()
        story.begin(1)
        story.wait(10)
        before = causes(story.told)
        story.session(1, 1, line=cause, clocked=False)
        assert before == causes(story.told)
        story.complete(1, 1)
        story.wait(10)
    rows = iteration_failures(story.told)
    assert ["KeyError: 'own'", "KeyError: 'next'"] == [
        row["error_line"] for row in rows
    ]


def test_a_session_without_its_head_is_the_one_read_before() -> None:
    """The same end, read again after the head was cut, is no second session."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(10)
    story.session(1, 1, line=CAUSES[1], lasting=9)
    story.session(1, 1, line="KeyError: 'half'", head=False)
    story.complete(1, 1)
    assert {1: CAUSES[1]} == causes(story.told)


def test_an_end_without_a_start_is_joined_by_its_end() -> None:
    """Phase unknown, but time and exit fit one iteration only."""
    story = Story()
    story.run()
    failing(story, range(1, 3))
    story.begin(3)
    story.wait(10)
    story.session(3, 1, line=CAUSES[3], head=False)
    story.complete(3, 1)
    assert CAUSES[3] == causes(story.told)[3]


def test_of_several_sessions_in_a_slot_the_latest_counts() -> None:
    """A provider that was started again: its last words are the cause."""
    story = Story()
    story.run()
    story.begin(1)
    for cause in ("KeyError: 'first'", "KeyError: 'last'"):
        story.wait(10)
        story.session(1, 1, line=cause, lasting=9)
    story.complete(1, 1)
    assert {1: "KeyError: 'last'"} == causes(story.told)


def test_exit_zero_in_the_log_and_one_in_the_event_is_empty_output() -> None:
    """The harness turns silence into a failure; its crash file says nothing."""
    story = Story()
    story.run()
    story.begin(4)
    story.wait(10)
    story.session(4, 0, empty=True, lasting=9)
    story.complete(4, 1)
    story.wait(1)
    story.crash(4, 1)
    [row] = failures(story.told)
    assert ("empty_output", None, [], None, "phase=REASON; exit=1") == (
        row["kind"],
        row["error_line"],
        row["signature"],
        row["fingerprint"],
        row["message"],
    )
    assert 5 in row["seqs"]


def test_exit_125_with_an_empty_body_is_not_empty_output() -> None:
    """The provider was never called."""
    story = Story()
    story.run()
    for n in (5, 7):
        story.begin(n)
        story.wait(10)
        story.session(n, 125, empty=True, lasting=9)
        story.complete(n, 125)
        story.wait(5)
    rows = failures(story.told)
    assert [("exit", "exit 125", True)] * 2 == [
        (row["kind"], row["family"], row["weak"]) for row in rows
    ]
    assert rows[0]["key"] != rows[1]["key"]


def test_a_session_that_fits_no_slot_makes_no_failure() -> None:
    """Another exit code: no iteration ended like this."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(10)
    story.session(1, 2, line=CAUSES[1], lasting=9)
    story.complete(1, 0)
    assert [] == failures(story.told)
