"""The tuple of sources: its order, and what each of them is."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokid.events import Event, SourceRejected
from lokid.redact import guard, token
from lokid.source import Mode, Source, SourceError
from lokid.sources import SOURCES
from reading import (
    read_chunk,
    read_document,
    read_line,
    read_rows,
    read_state,
    read_text,
)

READERS = {
    Mode.DOCUMENT: "read_document",
    Mode.TAIL: "read_line",
    Mode.LINES: "read_text",
    Mode.SESSIONS: "read_chunk",
    Mode.STATE: "read_state",
    Mode.TABLE: "read_rows",
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_source_reads_by_its_mode_and_by_nothing_else(source: Source) -> None:
    """Exactly the reader of its mode is there, and its name fits in an event."""
    present = {name for name in READERS.values() if getattr(source, name)}
    assert {READERS[source.mode]} == present
    assert (source.mode is Mode.TABLE) == (source.read_gone is not None)
    assert source.name == token(source.name)


def test_names_and_files_are_not_shared() -> None:
    """One file belongs to one source."""
    names = [source.name for source in SOURCES]
    globs = [pattern for source in SOURCES for pattern in source.globs]
    assert len(names) == len(set(names))
    assert len(globs) == len(set(globs))
    assert not [pattern for pattern in globs if re.match(r"/|\.\.|.*\*\*", pattern)]


def test_effects_are_read_before_their_causes() -> None:
    """What is seen must not lack its cause, which was written before it."""
    order = [source.name for source in SOURCES]
    assert order.index("episodes") < order.index("crashes") < order.index("events")
    assert order.index("council_transcripts") < order.index("events")
    assert order.index("trust_events") < order.index("events")
    assert "sessions" == order[-1]


KEYS = [
    "type", "data", "payload", "timestamp", "ts", "iteration", "exitCode", "status",
    "stage", "pid", "provider", "reason", "result", "review_id", "pass_count",
    "fail_count", "has_blocking", "from", "to", "error_class", "friction_kind",
    "stack_signature", "rarv_phase", "exit_code", "fingerprint", "captured_at",
    "id", "task_id", "context", "phase", "goal", "errors_encountered", "message",
    "files_modified", "artifacts_produced", "git_commit", "importance", "voters",
    "name", "verdict", "reasoning", "outcome", "votes", "role", "vote", "round",
    "override", "details", "blocked", "gate", "run_id", "consecutive", "evidence",
    "recorded_at", "last_track_iteration", "done_signals", "approve_count",
    "signal", "findings", "severity", "description", "raw", "file", "patterns",
    "pattern", "category", "confidence", "source_episodes",
]  # fmt: skip
WORDS = [
    "gate_failure", "provider_interrupted", "session_start", "iteration_complete",
    "stage_complete", "code_review_complete", "council_vote", "APPROVED", "COMPLETE",
    "iteration-3", "phase=ACT; exit=x; fp=", '{"summary": 3}', "{", "VOTE: APPROVE",
    "- [High] a (b.py:3)", "Avoid: X",
    "review-20260301T100005Z-3", "2026-03-01T10:00:05Z", "\ud800", "\x00", "9" * 400,
]  # fmt: skip

odd_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
odd_bodies = st.dictionaries(st.sampled_from(KEYS), odd_values, max_size=12)


def told_by(source: Source, path: str, body: dict[str, Any]) -> list[Event]:
    """The events of any body, whatever the source's mode."""
    text = str(body)
    match source.mode:
        case Mode.DOCUMENT:
            given_body = body if source.json else text
            return [fact.event for fact in read_document(source, path, given_body)]
        case Mode.TAIL:
            return [fact.event for fact in read_line(source, body)]
        case Mode.LINES:
            return [fact.event for fact in read_text(source, text)]
        case Mode.SESSIONS:
            data = text.encode("utf-8", "surrogatepass")
            return [fact.event for fact in read_chunk(source, data).facts]
        case Mode.TABLE:
            return read_rows(source, path, body)
        case _:
            event = read_state(source, path, body if source.json else text)
            return [event] if event else []


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(odd_bodies)
def test_no_body_breaks_a_source(body: dict[str, Any]) -> None:
    """Any JSON gives facts that can be kept, or a reason why not."""
    for source in SOURCES:
        for pattern in source.globs:
            try:
                events = told_by(source, pattern.replace("*", "7"), body)
            except SourceError as error:
                events = [SourceRejected(source=source.name, reason=str(error))]
            for event in events:
                clean = guard(event)
                assert clean == msgspec.json.decode(
                    msgspec.json.encode(clean), type=type(clean)
                )
