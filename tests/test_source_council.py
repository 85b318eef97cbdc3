"""The council's files: transcripts, rounds, members, blocks, counters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import CORPUS
from lokid.events import (
    ConvergenceMeasured,
    CouncilBlocked,
    CouncilDecided,
    CouncilReleased,
    CouncilTracked,
    CouncilVoted,
    Event,
    Vote,
)
from lokid.redact import guard
from lokid.source import SourceError
from lokid.sources.council import (
    BLOCKS,
    CONVERGENCE,
    DEVILS_ADVOCATES,
    MEMBERS,
    ROUNDS,
    STATE,
    TRANSCRIPTS,
)
from reading import read_document, read_state, read_text

TRANSCRIPT = "council/transcripts/iter-9-20260301T100000Z.json"
VOTER = {
    "name": "requirements_verifier",
    "role_index": 1,
    "verdict": "REJECT",
    "reasoning": "3 tasks open in src/app",
    "issues": [{"severity": "HIGH", "description": "no tests"}],
    "is_contrarian": False,
}
BODY: dict[str, Any] = {
    "iteration": 9,
    "timestamp": "2026-03-01T10:00:03Z",
    "task_or_prd": "# a shop",
    "voters": [VOTER],
    "outcome": "REJECTED",
    "approve_count": 0,
    "reject_count": 3,
    "threshold": 2,
}


def decided(**changes: Any) -> CouncilDecided:
    """The event of a transcript with other fields."""
    event = read_document(TRANSCRIPTS, TRANSCRIPT, {**BODY, **changes})[0].event
    assert isinstance(event, CouncilDecided)
    return event


def test_a_transcript_is_a_decision() -> None:
    """Outcome, counts and voters; never the task's own text."""
    fact = read_document(TRANSCRIPTS, TRANSCRIPT, BODY)[0]
    assert "2026-03-01T10:00:03.000Z" == fact.time
    assert CouncilDecided(
        iteration=9,
        outcome="rejected",
        approve=0,
        reject=3,
        threshold=2,
        voters=(
            Vote(
                role="requirements_verifier",
                verdict="reject",
                reason="{n} tasks open in {path}",
            ),
        ),
    ) == guard(fact.event)


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        ("APPROVED", "approved"),
        ("REJECTED", "rejected"),
        ("BLOCKED_BY_GATE", "blocked"),
    ],
)
def test_the_three_outcomes(written: str, outcome: str) -> None:
    """As the harness spells them."""
    assert outcome == decided(outcome=written).outcome


@pytest.mark.parametrize("changes", [{"outcome": "MAYBE"}, {"iteration": None}])
def test_a_transcript_without_outcome_or_iteration_is_malformed(
    changes: dict[str, Any],
) -> None:
    """A round that cannot be told is none."""
    with pytest.raises(SourceError, match="malformed"):
        decided(**changes)


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ("APPROVE", "approve"),
        ("REJECT", "reject"),
        ("CANNOT_VALIDATE", "cannot_validate"),
        ("", "abstain"),
        (None, "abstain"),
    ],
)
def test_verdicts_of_voters(written: object, verdict: str) -> None:
    """What is no verdict is an abstention."""
    assert verdict == decided(voters=[{**VOTER, "verdict": written}]).voters[0].verdict


def test_the_contrarian_votes_without_being_counted() -> None:
    """The counts are the harness's own, which leave the contrarian out."""
    contrarian = {**VOTER, "name": "contrarian", "is_contrarian": True}
    event = decided(voters=[VOTER, contrarian])
    assert 2 == len(event.voters)
    assert (0, 3) == (event.approve, event.reject)


def test_a_round_file_is_a_vote() -> None:
    """COMPLETE approves, CONTINUE rejects."""
    body = {
        "round": 9,
        "timestamp": "2026-03-01T10:00:02Z",
        "complete_votes": 1,
        "continue_votes": 2,
        "threshold": 2,
        "verdict": "CONTINUE",
        "votes": [
            {"member": 1, "role": "test_auditor", "vote": "COMPLETE", "reason": "fine"},
            {"member": 2, "role": "devils_advocate", "vote": "CONTINUE", "reason": ""},
        ],
    }
    fact = read_document(ROUNDS, "council/votes/round-9.json", body)[0]
    assert CouncilVoted(
        iteration=9,
        witness="round",
        approve=1,
        reject=2,
        threshold=2,
        outcome="rejected",
        voters=(
            Vote(role="test_auditor", verdict="approve", reason="fine"),
            Vote(role="devils_advocate", verdict="reject"),
        ),
    ) == guard(fact.event)


@pytest.mark.parametrize(
    ("override", "verdict"), [(False, "approve"), (True, "reject")]
)
def test_the_devils_advocate_turns_a_round_around(override: bool, verdict: str) -> None:  # noqa: FBT001  a parameter of the test
    """An override is a rejection."""
    body = {"round": 8, "issues_found": 1, "details": "no tests", "override": override}
    path = "council/votes/devils-advocate-round-8.json"
    event = read_document(DEVILS_ADVOCATES, path, body)[0].event
    vote = Vote(role="devils_advocate", verdict=verdict, reason="no tests")
    assert CouncilVoted(iteration=8, witness="devils_advocate", voters=(vote,)) == event


@pytest.mark.parametrize(
    ("name", "witness"), [("member-2", "member"), ("contrarian", "contrarian")]
)
def test_a_members_text_is_a_vote(name: str, witness: str) -> None:
    """The iteration comes from the folder, the role from the file."""
    text = "VOTE:CANNOT_VALIDATE\nREASON: no run of parse()\nISSUES: HIGH:x\n"
    fact = read_document(MEMBERS, f"council/votes/iteration-6/{name}.txt", text)[0]
    vote = Vote(role=name, verdict="cannot_validate", reason="no run of parse()")
    assert CouncilVoted(iteration=6, witness=witness, voters=(vote,)) == fact.event
    assert fact.time is None


@pytest.mark.parametrize("text", ["", "REASON: x", "VO", "thinking\n"])
def test_a_members_text_without_its_vote_is_not_complete(text: str) -> None:
    """It is being written; it is read again."""
    with pytest.raises(SourceError, match="torn"):
        read_document(MEMBERS, "council/votes/iteration-6/member-1.txt", text)


def test_the_state_is_its_counters() -> None:
    """What the voting path never fills is not read."""
    body = {
        "total_votes": 0,
        "approve_votes": 1,
        "reject_votes": 2,
        "consecutive_no_change": 3,
        "done_signals": 4,
        "last_track_iteration": 11,
        "verdicts": [],
    }
    assert CouncilTracked(
        iteration=11,
        no_change_streak=3,
        done_signals=4,
        approve_votes=1,
        reject_votes=2,
    ) == read_state(STATE, "council/state.json", body)
    assert read_state(STATE, "council/state.json", None) is None


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (
            "council/gate-block.json",
            {"blocked": True, "iteration": 3, "reason": "critical_checklist_failures"},
            CouncilBlocked(
                block="gate", iteration=3, reason="critical_checklist_failures"
            ),
        ),
        (
            "council/evidence-block.json",
            {"status": "blocked", "iteration": 1, "reason": "empty_diff"},
            CouncilBlocked(block="evidence", iteration=1, reason="empty_diff"),
        ),
        (
            "council/gate-block.json",
            {"blocked": False},
            CouncilReleased(block="gate"),
        ),
        ("council/evidence-block.json", None, CouncilReleased(block="evidence")),
    ],
)
def test_a_block_stands_until_it_is_gone(
    path: str, body: dict[str, Any] | None, expected: Event
) -> None:
    """The file's absence is the release."""
    assert expected == read_state(BLOCKS, path, body)


def test_convergence_is_measured_line_by_line() -> None:
    """Its time is the line's own."""
    fact = read_text(CONVERGENCE, "1772359205|4|2|0|7")[0]
    assert "2026-03-01T10:00:05.000Z" == fact.time
    assert (
        ConvergenceMeasured(
            iteration=4, files_changed=2, no_change_streak=0, done_signals=7
        )
        == fact.event
    )


@pytest.mark.parametrize("text", ["", "1772359205|4", "a|b|c|d|e", "1|2|3|4|5|6"])
def test_another_shape_of_line_is_malformed(text: str) -> None:
    """Nothing is guessed out of half a line."""
    with pytest.raises(SourceError, match="malformed"):
        read_text(CONVERGENCE, text)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
@pytest.mark.parametrize(
    ("tree", "rounds"),
    [
        ("v7.19.1-run", {4: "rejected", 9: "rejected", 10: "rejected", 11: "rejected"}),
        ("v9.22.12-run-default", {4: "rejected"}),
        ("v9.22.12-run-telemetry-bun", {4: "rejected", 11: "rejected"}),
        ("v7.19.1-council", dict.fromkeys((4, 5, 6, 7, 8, 10), "approved")),
    ],
)
def test_the_rounds_of_the_corpus(tree: str, rounds: dict[int, str]) -> None:
    """Each transcript gives its round, with roles that survive the guard."""
    found = {}
    for file in (CORPUS / tree).glob(".loki/council/transcripts/*.json"):
        body = json.loads(file.read_text())
        event = guard(read_document(TRANSCRIPTS, TRANSCRIPT, body)[0].event)
        assert isinstance(event, CouncilDecided)
        assert all(voter.role != "redacted" for voter in event.voters)
        found[event.iteration] = event.outcome
    assert rounds == found
