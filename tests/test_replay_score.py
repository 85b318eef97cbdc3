"""Counting a replay: what a repeat is, when it is reached, what a fire is worth."""

from __future__ import annotations

from projections.replay import AHEAD, Score, Shown, Story, Turn, Use
from projections.replay_bars import BARS, all_met, bars, of_score, of_story

FAILED, OTHER = Use("make a", "A", "E1"), Use("make b", "B", "E1")
WORKED = Use("make a")
ABOUT_A = Shown("La", "E1", {"A": 2, "B": 2})
ABOUT_B = Shown("Lb", "E1", {"A": 1, "B": 2})


def turn(run: int, iteration: int, *uses: Use) -> Turn:
    """An iteration; its time is of no interest here."""
    return Turn(run, iteration, f"{run:02d}.{iteration:02d}", uses)


def used(score: Score, use: Use, *shown: Shown, fired: tuple[Shown, ...] = ()) -> None:
    """Count a cross-run repeat that was not yet met in its run."""
    story = Story([turn(1, 1, use), turn(2, 1, use)])
    score.use(use, story.repeats.get((1, 0)), (*shown, *fired), fired, 7)


def test_a_repeat_is_cross_run_when_it_was_first_seen_in_another_run() -> None:
    """Also its second time in the later run, which then is not cold any more."""
    story = Story(
        [turn(1, 1, FAILED), turn(1, 2, FAILED, OTHER), turn(2, 1, FAILED, FAILED)]
    )
    found = {place: (one.cross, one.cold) for place, one in story.repeats.items()}
    assert {
        (1, 0): (False, False),
        (2, 0): (True, True),
        (2, 1): (True, False),
    } == found


def test_a_story_tells_its_shares() -> None:
    """Two of three failures are repeats, one of these from another run."""
    story = Story([turn(1, 1, FAILED), turn(1, 2, FAILED, WORKED), turn(2, 1, FAILED)])
    told = of_story(story)
    assert (2, 3, 4, 3, 2) == tuple(
        told[name] for name in ("runs", "iterations", "commands", "failures", "repeats")
    )
    assert (0.6667, 0.5) == (told["repeat_share"], told["cross_run_share"])


def test_a_lesson_tells_a_cause_when_half_of_its_members_are_of_it() -> None:
    """A lesson that swallows everything tells nothing."""
    assert ABOUT_A.tells("A")
    assert ABOUT_A.tells("B")
    assert not ABOUT_B.tells("A")
    assert not Shown("L", "E1", {}).tells("A")


def test_a_repeat_is_reached_by_what_was_shown_before_it() -> None:
    """By any line that tells its cause, by none other."""
    score = Score()
    used(score, FAILED, ABOUT_B)
    used(score, FAILED, ABOUT_B, ABOUT_A)
    used(score, OTHER, ABOUT_B)
    assert (3, 2) == (score.repeats["cross_run"], score.reached["cross_run"])
    assert (3, 2) == (score.repeats["cold"], score.reached["cold"])
    assert 0 == score.repeats["in_run"]


def test_a_fire_is_right_by_family_and_false_where_the_command_works() -> None:
    """Wrong family is neither; the cause is counted beside."""
    score = Score()
    used(score, FAILED, fired=(ABOUT_B,))
    used(score, FAILED, fired=(ABOUT_A,))
    used(score, WORKED, fired=(ABOUT_A,))
    used(score, FAILED._replace(family="E2"), fired=(ABOUT_A,))
    assert (4, 2, 1) == (score.fires, score.right, score.false)
    assert {"fires": 4, "right": 2, "cause": 2} == score.families["E1"]


def test_lines_are_counted_with_duplicates_and_those_of_no_use() -> None:
    """The same lesson, or the same single cause under two names."""
    score = Score()
    one, two = Shown("L1", "E", {"A": 3}), Shown("L2", "E", {"A": 1})
    score.block([one, two, one, Shown("L3", "E", {"C": 1})], 400, {"A"})
    assert (4, 2, 1) == (score.lines, score.duplicates, score.unused)


def test_what_lies_ahead_begins_with_the_turn_itself() -> None:
    """A line is of use when its cause is among the next failures."""
    turns = [turn(1, n, Use("x", f"C{n}", "E")) for n in range(AHEAD + 3)]
    story = Story(turns)
    assert {f"C{n}" for n in range(2, AHEAD + 2)} == story.ahead(2)


def test_bars_are_met_or_missed_or_have_nothing_to_judge_by() -> None:
    """A policy that never fired is not praised for it."""
    score = Score()
    used(score, FAILED, ABOUT_A)
    held = {one["bar"]: one["met"] for one in bars(of_score("both", score, 2))}
    assert {bar.name for bar in BARS} == set(held)
    assert held["cross_run_reach"] is True
    assert held["right_fires"] is None
    used(score, FAILED)
    used(score, FAILED)
    missed = bars(of_score("both", score, 2))
    assert {"cross_run_reach"} == {one["bar"] for one in missed if one["met"] is False}
    assert not all_met(missed)
