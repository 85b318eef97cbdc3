"""``crash/*.json``: the fields, their mapping, and the time."""

from __future__ import annotations

import json

import pytest

from conftest import CORPUS
from lokid.events import CrashObserved, FrictionObserved
from lokid.redact import guard
from lokid.source import SourceError
from lokid.sources.crash import CRASHES
from reading import read_document

FINGERPRINT = "1f" * 32
PATH = f"crash/{FINGERPRINT}-1772359205.json"
BODY = {
    "arch": "x86_64",
    "captured_at": "2026-03-01T10:00:03Z",
    "error_class": "IterationError",
    "exit_code": 2,
    "fingerprint": FINGERPRINT,
    "friction_kind": None,
    "project_id_hash": "ab" * 32,
    "rarv_phase": "VERIFY",
    "stack_signature": ["getUser", "<anonymous>"],
}


def test_a_crash_file_is_one_crash() -> None:
    """Class, frames, phase and exit code; nothing about the machine."""
    fact = read_document(CRASHES, PATH, BODY)[0]
    assert "2026-03-01T10:00:03.000Z" == fact.time
    assert CrashObserved(
        error_class="IterationError",
        signature=("getUser", "(anonymous)"),
        fingerprint=FINGERPRINT,
        phase="VERIFY",
        exit_code=2,
    ) == guard(fact.event)


@pytest.mark.parametrize(
    ("error_class", "kind"),
    [
        ("Friction", "gate_failure"),
        ("Friction", None),
        ("Oddity", "retry_loop"),
        (None, "retry_loop"),
    ],
)
def test_friction_is_told_by_its_class_or_its_kind(
    error_class: str | None, kind: str | None
) -> None:
    """A friction is no failed iteration."""
    body = {**BODY, "error_class": error_class, "friction_kind": kind}
    event = read_document(CRASHES, PATH, body)[0].event
    assert isinstance(event, FrictionObserved)
    assert (error_class or kind, kind) == (event.error_class, event.kind)


def test_the_smallest_form_has_its_time_in_the_name() -> None:
    """The fail-closed variant says its class, and no more."""
    body = {"error_class": "ScrubError", "redactions_count": 0, "rules_version": "1.0"}
    fact = read_document(CRASHES, "crash/scruberror-1772359205.json", body)[0]
    assert "2026-03-01T10:00:05.000Z" == fact.time
    assert CrashObserved(error_class="ScrubError") == fact.event


def test_a_crash_without_a_class_is_an_iteration_error() -> None:
    """The mission's mapping; the name still tells the fingerprint."""
    event = read_document(CRASHES, PATH, {"stack_signature": []})[0].event
    assert CrashObserved(error_class="IterationError", fingerprint=FINGERPRINT) == event


def test_an_object_that_is_no_crash_is_malformed() -> None:
    """An empty object says nothing."""
    with pytest.raises(SourceError, match="malformed"):
        read_document(CRASHES, PATH, {})


def test_another_name_or_content_is_another_fact() -> None:
    """A document is known by its path and its content."""
    facts = [
        read_document(CRASHES, PATH, BODY)[0],
        read_document(CRASHES, PATH, {**BODY, "exit_code": 3})[0],
        read_document(CRASHES, PATH.replace("205", "206"), BODY)[0],
        read_document(CRASHES, PATH, BODY)[0],
    ]
    assert 3 == len({fact.identity for fact in facts})


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_every_crash_of_the_corpus_is_read() -> None:
    """Both versions' files; none is rejected, each has its time and its kind."""
    kinds = {"CrashObserved": 0, "FrictionObserved": 0}
    for file in CORPUS.glob("*/.loki/crash/*.json"):
        body = json.loads(file.read_text())
        fact = read_document(CRASHES, f"crash/{file.name}", body)[0]
        assert fact.time is not None
        assert guard(fact.event).error_class != "redacted"  # type: ignore[attr-defined]  # the source gives this class only
        kinds[type(fact.event).__name__] += 1
    assert 45 == sum(kinds.values())
    assert 9 == kinds["FrictionObserved"]
