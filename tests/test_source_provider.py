"""Why the provider failed: one record, wherever the harness has moved it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lokid.events import IterationInterrupted, ProviderFailed
from lokid.source import SourceError
from lokid.sources.provider import HISTORY, LAST_ERROR, PENDING
from reading import read_document, read_text

RECORD: dict[str, Any] = {
    "iteration": 10,
    "error_class": "provider_empty_output",
    "brief": "The provider at /home/ann said nothing.",
    "timestamp": "2026-03-01T10:00:05Z",
}
SLOT = "state/LAST_ERROR.json"
EVENT = "events/pending/2026-03-01T10-00-05Z_0a1b2c3d.json"


def test_the_slot_and_its_archive_tell_one_fact() -> None:
    """The harness moves the record; that is no second failure."""
    slot = read_document(LAST_ERROR, SLOT, RECORD)[0]
    archived = read_text(HISTORY, json.dumps(RECORD))[0]
    assert slot.identity == archived.identity
    assert slot.event == archived.event
    assert "2026-03-01T10:00:05.000Z" == slot.time == archived.time
    expected = ProviderFailed(error_class="provider_empty_output", iteration=10)
    assert expected == slot.event


@pytest.mark.parametrize(
    "change",
    [{"iteration": 11}, {"error_class": "rate_limited"}, {"timestamp": None}],
)
def test_another_record_is_another_fact(change: dict[str, Any]) -> None:
    """Iteration, class and time make the record."""
    first = read_document(LAST_ERROR, SLOT, RECORD)[0]
    other = read_document(LAST_ERROR, SLOT, {**RECORD, **change})[0]
    assert first.identity != other.identity


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "invalid_json"), ("[1]", "not_object"), ("{}", "malformed")],
)
def test_an_archived_line_that_is_no_record_says_why(text: str, reason: str) -> None:
    """The other lines of the list are still read."""
    with pytest.raises(SourceError, match=reason):
        read_text(HISTORY, text)


@pytest.mark.parametrize("exit_code", ["143", 143])
def test_an_interruption_is_told_in_a_pending_event(exit_code: object) -> None:
    """Its values are all strings."""
    body = {
        "type": "provider_interrupted",
        "timestamp": "2026-03-01T10:00:05Z",
        "payload": {"signal": "SIGTERM", "exit_code": exit_code},
    }
    fact = read_document(PENDING, EVENT, body)[0]
    assert "2026-03-01T10:00:05.000Z" == fact.time
    assert IterationInterrupted(signal="SIGTERM", exit_code=143) == fact.event


def test_other_pending_events_pass_in_silence() -> None:
    """Most of them are learning signals."""
    body = {"type": "memory", "payload": {"action": "learning_signal"}}
    assert [] == read_document(PENDING, EVENT, body)
