"""``events.jsonl``: which lines are facts, and how odd values are read."""

from __future__ import annotations

from typing import Any

import pytest

from lokid.events import (
    CouncilVoted,
    Event,
    GateFailed,
    GatePassed,
    IterationCompleted,
    IterationStarted,
    PhaseChanged,
    ReviewCompleted,
    RunEnded,
    RunStarted,
    StageCompleted,
)
from lokid.source import SourceError
from lokid.sources.harness import EVENTS
from reading import read_line

TIME = "2026-03-01T10:00:00Z"
REVIEW = {
    "review_id": "review-20260301T100000Z-2",
    "pass_count": 2,
    "fail_count": 1,
    "has_blocking": True,
    "iteration": 2,
}


def told(kind: str, data: object, key: str = "data") -> list[Event]:
    """The events of one line."""
    body: dict[str, Any] = {"timestamp": TIME, "type": kind, key: data}
    return [fact.event for fact in read_line(EVENTS, body)]


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (
            "session_start",
            {"provider": "claude", "prd": "prd.md", "parallel": False, "pid": 77},
            RunStarted(pid=77, provider="claude"),
        ),
        ("session_end", {"result": 0, "iterations": 9}, RunEnded(result=0)),
        (
            "session_end",
            {"result": 1, "reason": "interrupted"},
            RunEnded(result=1, reason="interrupted"),
        ),
        ("iteration_start", {"iteration": 3}, IterationStarted(iteration=3)),
        (
            "iteration_complete",
            {"iteration": 3, "status": "failed", "exitCode": 143},
            IterationCompleted(iteration=3, status="failed", exit_code=143),
        ),
        (
            "code_review_complete",
            REVIEW,
            ReviewCompleted(
                review="review-20260301T100000Z-2",
                iteration=2,
                passed=2,
                failed=1,
                blocking=True,
            ),
        ),
        (
            "code_review_council_complete",
            {**REVIEW, "has_blocking": "false", "inconclusive": True},
            ReviewCompleted(
                review="review-20260301T100000Z-2",
                iteration=2,
                passed=2,
                failed=1,
                inconclusive=True,
            ),
        ),
        (
            "council_vote",
            {
                "iteration": 4,
                "approve": 1,
                "reject": 2,
                "threshold": 2,
                "result": "REJECTED",
            },
            CouncilVoted(
                iteration=4,
                witness="event",
                approve=1,
                reject=2,
                threshold=2,
                outcome="rejected",
            ),
        ),
        (
            "stage_complete",
            {"stage": "static_analysis", "status": "fail", "iteration": 4},
            GateFailed(gate="static_analysis", witness="stage", iteration=4),
        ),
        (
            "stage_complete",
            {"stage": "invariants", "status": "pass", "iteration": 4},
            GatePassed(gate="invariants", witness="stage", iteration=4),
        ),
        (
            "stage_complete",
            {"stage": "agent", "status": "fail", "duration_s": 2, "iteration": 4},
            StageCompleted(stage="agent", status="fail", iteration=4),
        ),
        (
            "phase_change",
            {"from": "BOOTSTRAP", "to": "BUILDING", "iteration": 0},
            PhaseChanged(previous="BOOTSTRAP", phase="BUILDING", iteration=0),
        ),
    ],
)
def test_a_known_line_is_one_fact(
    kind: str, data: dict[str, Any], expected: Event
) -> None:
    """Both versions' lines, with the keys that real runs wrote."""
    assert [expected] == told(kind, data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("stage_complete", {"stage": "mock_integrity", "status": "not_run"}),
        ("agent_prompt", {"bytes": 9, "iteration": 1}),
        ("code_review_start", REVIEW),
        ("claude_hook_stop", {}),
    ],
)
def test_other_lines_pass_in_silence(kind: str, data: dict[str, Any]) -> None:
    """A stage that did not run, and types that tell nothing of ours."""
    assert [] == told(kind, data)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (7, 7),
        ("7", 7),
        ("007", 7),
        ("-1", -1),
        (5.0, 5),
        ("5.", 5),
        (True, None),
        ("many", None),
        (10**40, None),
        ([], None),
    ],
)
def test_numbers_come_quoted_or_bare(written: object, expected: int | None) -> None:
    """The shell quotes what its rule does not take for a number."""
    data = {"iteration": "1", "exitCode": written}
    assert [IterationCompleted(iteration=1, exit_code=expected)] == told(
        "iteration_complete", data
    )


def test_hooks_write_their_data_as_payload() -> None:
    """The 9.x hook appender uses another key."""
    assert [IterationStarted(iteration=2)] == told(
        "iteration_start", {"iteration": 2}, key="payload"
    )


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("iteration_start", {}),
        ("iteration_complete", "iteration=3"),
        ("council_vote", {"iteration": None}),
        ("stage_complete", {"stage": "agent"}),
    ],
)
def test_a_known_line_without_its_meaning_is_malformed(kind: str, data: object) -> None:
    """An iteration without its number would say nothing."""
    with pytest.raises(SourceError, match="malformed"):
        told(kind, data)


def test_a_line_without_a_type_is_malformed() -> None:
    """The second half of a split line may still parse as an object."""
    with pytest.raises(SourceError, match="malformed"):
        read_line(EVENTS, {"timestamp": TIME})


def test_a_line_is_known_by_its_place_and_told_at_its_time() -> None:
    """The same text elsewhere in the file is another fact."""
    body = {"timestamp": TIME, "type": "session_start", "data": {"pid": 1}}
    first, second = read_line(EVENTS, body)[0], read_line(EVENTS, body, offset=90)[0]
    assert "2026-03-01T10:00:00.000Z" == first.time
    assert first.identity != second.identity
    assert ("events.jsonl", "0a", 90) == (
        second.src.path,
        second.src.generation,
        second.src.offset,
    )


def test_a_line_without_a_readable_time_has_none() -> None:
    """Then the time of reading stands; nothing is guessed."""
    fact = read_line(EVENTS, {"type": "session_end", "data": {}})[0]
    assert fact.time is None
