"""`council`: rounds by their best record, and where the council stands."""

from __future__ import annotations

from typing import Any

from facts import Story, ask
from lokid import events
from lokid.events import Src, Vote

NO = Vote(role="test_auditor", verdict="reject", reason="no test results")
YES = Vote(role="test_auditor", verdict="approve")


def rounds(story: Story) -> list[tuple[Any, ...]]:
    """(run, iteration, outcome) of the rounds, oldest first."""
    return [
        (row["run"], row["iteration"], row["outcome"])
        for row in ask(story.told, "council")["rounds"]
    ]


def ended(story: Story, number: int) -> None:
    """A good iteration."""
    story.begin(number)
    story.wait(10)
    story.complete(number)
    story.wait(3)


def test_transcript_and_round_file_are_one_round() -> None:
    """They differ by a second, and the transcript is believed."""
    story = Story()
    story.run(1)
    ended(story, 4)
    story.vote_file(4, "approved", approve=3, reject=0, threshold=2)
    story.wait(1)
    story.transcript(4, "rejected", approve=0, reject=3, voters=(NO,))
    [row] = ask(story.told, "council")["rounds"]
    assert ("rejected", 0, 3, 2) == (
        row["outcome"],
        row["approve"],
        row["reject"],
        row["threshold"],
    )
    assert [
        {"role": "test_auditor", "verdict": "reject", "reason": "no test results"}
    ] == row["voters"]


def test_rounds_of_two_runs_stay_apart() -> None:
    """Iteration 4 of each run has its own round."""
    story = Story()
    for pid in (1, 2):
        story.run(pid)
        ended(story, 4)
        story.transcript(4, "rejected")
        story.wait(60)
    assert [
        ("20260302T090000Z-1", 4, "rejected"),
        ("20260302T090113Z-2", 4, "rejected"),
    ] == rounds(story)


def test_a_vote_of_the_stream_is_a_round_where_nothing_better_is() -> None:
    """council_vote in events.jsonl; members add their voices."""
    story = Story()
    event = events.CouncilVoted(
        iteration=6, witness="event", outcome="approved", approve=2, reject=1
    )
    story.stream(event)
    member = events.CouncilVoted(iteration=6, witness="member", voters=(YES,))
    story.add(member, Src(path="council/votes/iteration-6/member-1.txt"))
    [row] = ask(story.told, "council")["rounds"]
    assert (None, 6, "approved", 2) == (
        row["run"],
        row["iteration"],
        row["outcome"],
        row["approve"],
    )
    assert ["approve"] == [voter["verdict"] for voter in row["voters"]]


def test_members_alone_make_no_round() -> None:
    """They do not tell how it ended."""
    story = Story()
    member = events.CouncilVoted(iteration=6, witness="member", voters=(YES,))
    story.add(member, Src(path="council/votes/iteration-6/member-1.txt"))
    assert [] == rounds(story)


def test_the_state_is_that_of_the_last_round_and_the_newest_counters() -> None:
    """Counters by their count of events, blocks until released."""
    story = Story()
    story.run()
    ended(story, 4)
    story.transcript(4, "rejected", approve=1, reject=2, threshold=2)
    for nth, streak in ((2, 5), (1, 1)):
        tracked = events.CouncilTracked(no_change_streak=streak, done_signals=8)
        story.add(tracked, Src(path="council/state.json", nth=nth))
    blocked = events.CouncilBlocked(block="evidence", reason="empty_diff")
    story.add(blocked, Src(path="council/evidence-block.json", nth=1))
    assert {
        "last_outcome": "rejected",
        "iteration": 4,
        "approve": 1,
        "reject": 2,
        "threshold": 2,
        "blocked_by": ["evidence"],
        "no_change_streak": 5,
        "done_signals": 8,
    } == ask(story.told, "council")["state"]
    released = events.CouncilReleased(block="evidence")
    story.add(released, Src(path="council/evidence-block.json", nth=2))
    assert [] == ask(story.told, "council")["state"]["blocked_by"]


def test_an_approval_ends_a_block_that_was_left_behind() -> None:
    """The harness forgets to remove a block file whose cause is gone."""
    story = Story()
    story.run()
    for number, reason in ((3, "critical_checklist_failures"), (None, "unknown")):
        blocked = events.CouncilBlocked(block="gate", reason=reason, iteration=number)
        story.add(blocked, Src(path="council/gate-block.json", nth=story.nth()))
        ended(story, 4)
        story.transcript(4, "approved")
        assert [] == ask(story.told, "council")["state"]["blocked_by"]


def test_a_block_read_late_is_still_the_earlier_one() -> None:
    """Its iteration says when it was made, its time when it was read."""
    story = Story()
    story.run()
    ended(story, 4)
    story.transcript(4, "approved")
    for number, wanted in ((3, []), (5, ["gate"])):
        blocked = events.CouncilBlocked(block="gate", iteration=number)
        story.wait(60)
        story.add(blocked, Src(path="council/gate-block.json", nth=story.nth()))
        assert wanted == ask(story.told, "council")["state"]["blocked_by"]


def test_without_the_councils_own_state_convergence_tells_the_counters() -> None:
    """Its log has the newest line."""
    story = Story()
    for streak in (0, 1):
        story.wait(10)
        event = events.ConvergenceMeasured(
            iteration=streak, files_changed=0, no_change_streak=streak, done_signals=2
        )
        story.add(event, Src(path="council/convergence.log"))
    state = ask(story.told, "council")["state"]
    assert (1, 2) == (state["no_change_streak"], state["done_signals"])


def test_a_vote_told_in_a_run_is_of_that_run() -> None:
    """The main stream's own place says which run, and the file adds to it."""
    story = Story()
    story.run(7)
    ended(story, 6)
    event = events.CouncilVoted(
        iteration=6, witness="event", outcome="approved", approve=2, threshold=2
    )
    story.stream(event)
    story.vote_file(6, "rejected", approve=1, voters=(NO,))
    [row] = ask(story.told, "council")["rounds"]
    assert ("20260302T090000Z-7", "rejected", 1, 2) == (
        row["run"],
        row["outcome"],
        row["approve"],
        row["threshold"],
    )


def test_a_record_without_an_outcome_is_no_round() -> None:
    """Nobody knows how it ended."""
    story = Story()
    event = events.CouncilVoted(iteration=6, witness="round")
    story.add(event, Src(path="council/votes/round-6.json"))
    assert [] == rounds(story)
