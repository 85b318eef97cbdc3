"""Episodes: what is taken, what is dropped, and what makes one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import CORPUS
from lokid.events import EpisodeRecorded, ReportedError
from lokid.redact import guard
from lokid.source import SourceError
from lokid.sources.episode import EPISODES
from reading import read_document

PATH = "memory/episodic/2026-03-01/task-ep-2026-03-01-0a1b2c3d.json"
BODY: dict[str, Any] = {
    "id": "ep-2026-03-01-0a1b2c3d",
    "task_id": "iteration-12",
    "timestamp": "2026-03-01T10:00:09.819370Z",
    "context": {"phase": "REASON", "goal": "./docs/prd.md", "files_involved": []},
    "outcome": "failure",
    "errors_encountered": [
        {
            "type": "IterationError",
            "message": "phase=REFLECT; friction=gate_failure; "
            "signature: load > <anonymous>; exit=1; fp=c2cb4fa569d4",
            "resolution": "",
        }
    ],
    "artifacts_produced": ["src/b.py", "src/a.py"],
    "files_read": ["secret.txt"],
    "files_modified": ["src/a.py", "/home/ann/x.py"],
    "git_commit": "7f35d60",
    "importance": 0.5,
    "access_count": 0,
}


def told(**changes: Any) -> EpisodeRecorded:
    """The guarded event of an episode with other fields."""
    event = guard(read_document(EPISODES, PATH, {**BODY, **changes})[0].event)
    assert isinstance(event, EpisodeRecorded)
    return event


def test_an_episode_is_read_whole() -> None:
    """Goal, outcome, claims, files and commit."""
    fact = read_document(EPISODES, PATH, BODY)[0]
    assert "2026-03-01T10:00:09.819Z" == fact.time
    assert EpisodeRecorded(
        episode="ep-2026-03-01-0a1b2c3d",
        iteration=12,
        phase="REASON",
        outcome="failure",
        goal="docs/prd.md",
        errors=(
            ReportedError(
                type="IterationError",
                phase="REFLECT",
                friction="gate_failure",
                signature=("load", "(anonymous)"),
                exit_code=1,
                fingerprint="c2cb4fa569d4",
            ),
        ),
        files=("src/a.py", "src/b.py"),
        commit="7f35d60",
        importance=0.5,
    ) == guard(fact.event)


def test_a_rewritten_episode_is_the_same_fact() -> None:
    """Reading boosts the importance of old files; the id stays."""
    boosted = {**BODY, "importance": 0.632, "access_count": 6}
    first = read_document(EPISODES, PATH, BODY)[0]
    again = read_document(EPISODES, PATH, boosted)[0]
    assert first.identity == again.identity
    assert first.src.sha256 != again.src.sha256


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("phase=ACT; exit=125", ReportedError(type="X", phase="ACT", exit_code=125)),
        ("it broke badly", ReportedError(type="X")),
        ("password=hunter2; exit=1", ReportedError(type="X", exit_code=1)),
        ("", ReportedError(type="X")),
    ],
)
def test_only_the_structured_parts_of_a_message_are_taken(
    message: str, expected: ReportedError
) -> None:
    """Free text in a claim is dropped."""
    errors = [{"error_type": "X", "message": message}]
    assert (expected,) == told(errors_encountered=errors).errors


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("task_id", "write the docs", ("iteration", None)),
        ("context", {"goal": "/home/ann/prd.md"}, ("goal", None)),
        ("context", {"goal": "codebase-analysis"}, ("goal", "codebase-analysis")),
        ("context", "odd", ("phase", None)),
        ("errors_encountered", "odd", ("errors", ())),
        ("files_modified", None, ("files", ("src/b.py", "src/a.py"))),
        ("git_commit", None, ("commit", None)),
        ("importance", "high", ("importance", None)),
    ],
)
def test_an_odd_field_costs_only_itself(
    field: str, value: object, expected: tuple[str, object]
) -> None:
    """The rest of the episode is still told."""
    name, kept = expected
    assert kept == getattr(told(**{field: value}), name)


def test_an_episode_without_an_id_is_malformed() -> None:
    """Without its id it could be counted twice."""
    with pytest.raises(SourceError, match="malformed"):
        told(id=None)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_every_episode_of_the_corpus_is_read_once() -> None:
    """Sixty in the memory tree, each of its own id."""
    facts = [
        read_document(EPISODES, f"memory/{file.name}", json.loads(file.read_text()))[0]
        for file in (CORPUS / "v7.19.1-memory").glob(".loki/memory/episodic/*/*.json")
    ]
    assert 60 == len(facts) == len({fact.identity for fact in facts})
    assert all(fact.time and fact.event.iteration for fact in facts)  # type: ignore[attr-defined]  # the source gives this class only
