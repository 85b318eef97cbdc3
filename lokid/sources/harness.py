"""``events.jsonl``: the harness's main stream, one line an event.

Told: runs, iterations, code reviews, council votes, stages, phase changes.
Types not listed here are no facts of ours and pass in silence; a known type
whose data cannot be used is malformed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lokid import clock
from lokid.events import (
    CouncilVoted,
    Event,
    Fact,
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
from lokid.source import Mode, Source, SourceError, TailLine
from lokid.sources.facts import of_tail
from lokid.sources.values import MALFORMED, integer, required, table, text, truth

GATES = frozenset(
    {
        "static_analysis", "test_coverage", "code_review", "doc_coverage",
        "magic_debate", "production_build", "security_scan", "mock_integrity",
        "mutation_integrity", "lsp_diagnostics", "semantic_tests", "invariants",
    }
)  # fmt: skip
OUTCOMES = {
    "APPROVED": "approved",
    "REJECTED": "rejected",
    "BLOCKED_BY_GATE": "blocked",
}

_NOT_RUN = "not_run"
_Data = dict[str, Any]


def _run_started(data: _Data) -> Event:
    return RunStarted(pid=integer(data.get("pid")), provider=text(data.get("provider")))


def _run_ended(data: _Data) -> Event:
    return RunEnded(result=integer(data.get("result")), reason=text(data.get("reason")))


def _iteration_started(data: _Data) -> Event:
    return IterationStarted(iteration=required(integer(data.get("iteration"))))


def _iteration_completed(data: _Data) -> Event:
    return IterationCompleted(
        iteration=required(integer(data.get("iteration"))),
        status=text(data.get("status")),
        exit_code=integer(data.get("exitCode")),
    )


def _review(data: _Data) -> Event:
    return ReviewCompleted(
        review=text(data.get("review_id")),
        witness="event",
        iteration=integer(data.get("iteration")),
        passed=integer(data.get("pass_count")),
        failed=integer(data.get("fail_count")),
        blocking=truth(data.get("has_blocking")),
        inconclusive=truth(data.get("inconclusive")),
    )


def _council_vote(data: _Data) -> Event:
    return CouncilVoted(
        iteration=required(integer(data.get("iteration"))),
        witness="event",
        approve=integer(data.get("approve")),
        reject=integer(data.get("reject")),
        threshold=integer(data.get("threshold")),
        outcome=OUTCOMES.get(str(data.get("result")).upper()),
    )


def _stage(data: _Data) -> Event | None:
    stage = required(text(data.get("stage")))
    status = required(text(data.get("status")))
    iteration = integer(data.get("iteration"))
    if status == _NOT_RUN:
        return None
    if stage in GATES and status == "pass":
        return GatePassed(gate=stage, witness="stage", iteration=iteration)
    if stage in GATES and status == "fail":
        return GateFailed(gate=stage, witness="stage", iteration=iteration)
    return StageCompleted(stage=stage, status=status, iteration=iteration)


def _phase(data: _Data) -> Event:
    return PhaseChanged(
        previous=text(data.get("from")),
        phase=text(data.get("to")),
        iteration=integer(data.get("iteration")),
    )


_READERS: dict[str, Callable[[_Data], Event | None]] = {
    "session_start": _run_started,
    "session_end": _run_ended,
    "iteration_start": _iteration_started,
    "iteration_complete": _iteration_completed,
    "code_review_complete": _review,
    "code_review_council_complete": _review,
    "council_vote": _council_vote,
    "stage_complete": _stage,
    "phase_change": _phase,
}


def _read(line: TailLine) -> Iterable[Fact]:
    kind = line.body.get("type")
    if not isinstance(kind, str):
        raise SourceError(MALFORMED)
    reader = _READERS.get(kind)
    if reader is None:
        return
    # Hooks write their data as `payload`; the older shell call as plain text.
    event = reader(table(line.body.get("data", line.body.get("payload"))))
    if event is not None:
        yield of_tail(line, event, clock.parse(line.body.get("timestamp")))


EVENTS = Source(name="events", globs=("events.jsonl",), mode=Mode.TAIL, read_line=_read)
