"""The witnesses of a gate's failure, each with what it alone knows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import CORPUS
from lokid.events import Event, GateFailed, GatesCounted, GatesListed, ReviewCompleted
from lokid.redact import guard
from lokid.source import SourceError
from lokid.sources.gates import COUNTERS, EVIDENCE, LISTS, REVIEWS, TRUST
from reading import read_document, read_line, read_state

RUN = "run-20260301100000-77-4242"
FAILURE = {
    "ts": "2026-03-01T10:00:05Z",
    "type": "gate_failure",
    "gate": "doc_coverage",
    "iteration": 3,
    "run_id": RUN,
    "consecutive": "3",
}
RECORD = {
    "evidence": "lint failed: src/app.py",
    "gate": "static_analysis",
    "recorded_at": "2026-03-01T10:00:05Z",
    "run_id": "",
    "schema_version": "1.0",
    "verdict": "FAIL",
}


def evidence_of(raw: object) -> str | None:
    """The guarded evidence of a record that holds this."""
    fact = read_line(EVIDENCE, {**RECORD, "evidence": raw})[0]
    event = guard(fact.event)
    assert isinstance(event, GateFailed)
    return event.evidence


def test_a_trust_event_tells_run_iteration_and_streak() -> None:
    """The best witness: all three are there."""
    fact = read_line(TRUST, FAILURE)[0]
    assert "2026-03-01T10:00:05.000Z" == fact.time
    assert GateFailed(
        gate="doc_coverage", witness="trust", iteration=3, run_id=RUN, consecutive=3
    ) == guard(fact.event)


def test_other_trust_events_pass_in_silence() -> None:
    """Starts of runs and votes are told elsewhere."""
    assert [] == read_line(TRUST, {**FAILURE, "type": "run_start"})


def test_a_gate_failure_without_its_gate_is_malformed() -> None:
    """Nobody knows which gate failed."""
    with pytest.raises(SourceError, match="malformed"):
        read_line(TRUST, {**FAILURE, "gate": None})


def test_the_failure_memory_has_evidence() -> None:
    """One scrubbed line of it; an empty run id is none."""
    fact = read_line(EVIDENCE, RECORD)[0]
    assert "2026-03-01T10:00:05.000Z" == fact.time
    assert GateFailed(
        gate="static_analysis", witness="evidence", evidence="lint failed: {path}"
    ) == guard(fact.event)
    assert [] == read_line(EVIDENCE, {**RECORD, "verdict": "PASS"})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"findings":1,"summary":"bad: app.py","pass":false}', "bad: app.py"),
        ('{"findings":1,"summary":"bad: app.py","pa', "bad: app.py"),
        ('{"findings":1}', None),
        ('{"findings":', None),
        (None, None),
        ("[HIGH] bad idea", "[HIGH] bad idea"),
    ],
)
def test_of_a_json_artefact_only_the_summary_counts(
    raw: object, expected: str | None
) -> None:
    """The harness keeps the first 200 characters, so the JSON may be cut off."""
    assert expected == evidence_of(raw)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"code_review": 3, "doc_coverage": "1", "odd": None},
            GatesCounted(counts={"code_review": 3, "doc_coverage": 1}),
        ),
        ({}, GatesCounted()),
        (None, GatesCounted()),
    ],
)
def test_counters_are_a_value(body: dict[str, Any] | None, expected: Event) -> None:
    """A file that is gone counts nothing."""
    assert expected == read_state(COUNTERS, "quality/gate-failure-count.json", body)


@pytest.mark.parametrize(
    ("text", "gates"),
    [
        ("code_review,doc_coverage,\n", ("code_review", "doc_coverage")),
        ("code_review_PAUSED,invariants_ESCALATED,", ("code_review", "invariants")),
        ("code_review,code_review_PAUSED,", ("code_review",)),
        ("doc_coverage,KeyError: --api-key s3cr3tv4lue", ("doc_coverage",)),
        ("", ()),
        (None, ()),
    ],
)
def test_the_list_of_red_gates_holds_names(
    text: str | None, gates: tuple[str, ...]
) -> None:
    """Without the suffixes; gone means none."""
    expected = GatesListed(gates=gates)
    assert expected == read_state(LISTS, "quality/gate-failures.txt", text)


def test_an_aggregate_is_a_review() -> None:
    """Both versions' fields; its time is in the review's id."""
    body = {
        "review_id": "review-20260301T100005Z-3",
        "iteration": 3,
        "pass_count": 2,
        "fail_count": 1,
        "has_blocking": True,
        "inconclusive": False,
        "verdicts": "eng-database:FAIL",
    }
    fact = read_document(REVIEWS, "quality/reviews/r/aggregate.json", body)[0]
    assert "2026-03-01T10:00:05.000Z" == fact.time
    assert (
        ReviewCompleted(
            review="review-20260301T100005Z-3",
            witness="aggregate",
            iteration=3,
            passed=2,
            failed=1,
            blocking=True,
        )
        == fact.event
    )


@pytest.mark.parametrize("review", ["review-x-3", "review-20261399T100005Z-3"])
def test_a_review_id_without_a_time_gives_none(review: str) -> None:
    """Then the time of reading stands."""
    fact = read_document(
        REVIEWS, "quality/reviews/r/aggregate.json", {"review_id": review}
    )
    assert fact[0].time is None


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_the_trust_events_of_the_corpus() -> None:
    """Twenty-three gate failures in the live run, sixteen in the default one."""
    counted = {}
    for tree in ("v9.22.12-run-telemetry-bun", "v9.22.12-run-default"):
        file = CORPUS / tree / ".loki/metrics/trust-events.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        facts = [fact for line in lines for fact in read_line(TRUST, line)]
        assert all(fact.event == guard(fact.event) for fact in facts)
        counted[tree] = len(facts)
    assert {"v9.22.12-run-telemetry-bun": 23, "v9.22.12-run-default": 16} == counted
