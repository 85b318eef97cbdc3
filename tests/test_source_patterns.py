"""The harness's own patterns: rows of a file that is rewritten whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import CORPUS
from lokid.events import PatternRecorded, SourceRejected
from lokid.paths import Workspace
from lokid.redact import guard
from lokid.source import SourceError
from lokid.sources.patterns import PATTERNS
from reading import read_rows
from rig import engine_on, put, recorded

PATH = "memory/semantic/patterns.json"


def pattern(name: str = "sem-0a1b2c3d", **fields: Any) -> dict[str, Any]:
    """A pattern as the harness writes it."""
    return {
        "id": name,
        "pattern": "Avoid: TestFailure",
        "category": "anti-pattern",
        "conditions": ["When encountering: TestFailure"],
        "correct_approach": "check the body first",
        "confidence": 0.6000000000000001,
        "source_episodes": ["ep-2026-03-01-aaaa0001", "ep-2026-03-01-aaaa0002"],
        "usage_count": 0,
        "last_used": "2026-03-01T10:00:00.000001Z",
        **fields,
    }


def written(*patterns: dict[str, Any]) -> dict[str, Any]:
    """The whole file."""
    return {"patterns": list(patterns), "last_updated": "2026-03-01T10:00:00+00:00"}


def told(workspace: Workspace) -> list[PatternRecorded]:
    """The patterns' events in the log."""
    found = [one.event for one in recorded(workspace)]
    assert all(isinstance(event, PatternRecorded) for event in found)
    return found  # type: ignore[return-value]  # as just checked


def test_a_pattern_is_kept_without_its_prose() -> None:
    """Category, confidence, how many episodes, and which error it names."""
    assert [
        PatternRecorded(
            pattern="sem-0a1b2c3d",
            category="anti-pattern",
            avoids="TestFailure",
            confidence=0.6,
            episodes=2,
        )
    ] == [guard(event) for event in read_rows(PATTERNS, PATH, written(pattern()))]


def test_a_pattern_that_names_no_error_avoids_nothing() -> None:
    """Goals and prose stay in their file."""
    body = written(pattern(pattern="Pattern for docs/plan.md tasks (11 instances)"))
    (event,) = read_rows(PATTERNS, PATH, body)
    assert isinstance(event, PatternRecorded)
    assert event.avoids is None
    assert "plan" not in str(event)


@pytest.mark.parametrize("body", [{}, {"patterns": {}}, {"patterns": None}])
def test_a_file_of_another_shape_is_malformed(body: dict[str, Any]) -> None:
    """It must not say that all patterns are gone."""
    with pytest.raises(SourceError, match="malformed"):
        read_rows(PATTERNS, PATH, body)


def test_only_what_changed_is_told(workspace: Workspace) -> None:
    """Uses and times change with every reading; a value may come back."""
    other = pattern("sem-ffff0000", pattern="Avoid: Other")
    values = (0.5, 0.5, 0.6, 0.5, 0.5)
    with engine_on(workspace) as engine:
        for turn, confidence in enumerate(values):
            one = pattern(confidence=confidence, usage_count=turn, last_used=turn)
            put(workspace, PATH, written(one, other))
            engine.scan()
    mine = [one.confidence for one in told(workspace) if one.pattern != other["id"]]
    assert [0.5, 0.6, 0.5] == mine
    assert 4 == len(told(workspace))


def test_a_pattern_that_is_gone_is_said_to_be(workspace: Workspace) -> None:
    """Out of the list, then the file itself; and it may come back."""
    one, other = pattern("sem-00000001"), pattern("sem-00000002")
    with engine_on(workspace) as engine:
        put(workspace, PATH, written(one, other))
        engine.scan()
        file = put(workspace, PATH, written(other))
        engine.scan()
        file.unlink()
        engine.scan()
        engine.scan()
        put(workspace, PATH, written(one))
        engine.scan()
    assert [
        ("sem-00000001", False),
        ("sem-00000002", False),
        ("sem-00000001", True),
        ("sem-00000002", True),
        ("sem-00000001", False),
    ] == [(event.pattern, event.gone) for event in told(workspace)]


def test_what_the_log_knows_is_known_after_a_restart(workspace: Workspace) -> None:
    """The index of the rows is made from the log alone."""
    put(workspace, PATH, written(pattern()))
    for _ in range(2):
        with engine_on(workspace) as engine:
            engine.scan()
        (workspace.cache / "seen").unlink(missing_ok=True)
    put(workspace, PATH, written())
    with engine_on(workspace) as engine:
        engine.scan()
    assert [False, True] == [event.gone for event in told(workspace)]


def test_a_torn_file_changes_nothing(workspace: Workspace) -> None:
    """Half of it is no statement on the other half."""
    text = json.dumps(written(pattern(), pattern("sem-ffff0000")))
    with engine_on(workspace) as engine:
        for end in (len(text), 0, 10, len(text) // 2, len(text) - 1, len(text)):
            put(workspace, PATH, text[:end])
            engine.scan()
    assert 2 == len(told(workspace))


def test_ten_thousand_patterns_are_read_and_compared(workspace: Workspace) -> None:
    """One that changes, and one that goes, are told alone."""
    many = [pattern(f"sem-{number:08x}") for number in range(10_000)]
    with engine_on(workspace) as engine:
        put(workspace, PATH, written(*many))
        engine.scan()
        many[77]["confidence"] = 0.9
        put(workspace, PATH, written(*many[:-1]))
        engine.scan()
    found = told(workspace)
    assert 10_002 == len(found)
    changed, gone = found[-2:]
    assert ("sem-0000004d", 0.9) == (changed.pattern, changed.confidence)
    assert ("sem-0000270f", True) == (gone.pattern, gone.gone)


def test_hostile_patterns_are_left_out(workspace: Workspace) -> None:
    """No id, an id that cannot be kept, no object; a secret in every field."""
    secret = "ghp_" + "x" * 36
    bad = pattern("sem-00000009", pattern=f"Avoid: {secret}", category=secret)
    entries = [None, 7, "x", {}, pattern(secret), pattern("a b/c@d.example.org"), bad]
    put(workspace, PATH, {"patterns": entries})
    with engine_on(workspace) as engine:
        engine.scan()
    (kept,) = told(workspace)
    assert ("sem-00000009", None, None) == (kept.pattern, kept.avoids, kept.category)
    log = b"".join(file.read_bytes() for file in workspace.log.glob("*.ndjson"))
    assert secret.encode() not in log


def test_a_huge_file_is_refused_and_says_so(workspace: Workspace) -> None:
    """Nothing is taken for gone."""
    put(workspace, PATH, written(pattern()))
    with engine_on(workspace) as engine:
        engine.scan()
        put(workspace, PATH, written(pattern(correct_approach="x" * (9 << 20))))
        engine.scan()
    first, second = (one.event for one in recorded(workspace))
    assert isinstance(first, PatternRecorded)
    assert isinstance(second, SourceRejected)
    assert ("patterns", "too_large") == (second.source, second.reason)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there is no corpus beside this")
def test_the_real_tree_names_the_errors_it_avoids(corpus_copy: Any) -> None:
    """Every pattern of the file is known, anti-patterns by their error."""
    workspace = corpus_copy("v7.19.1-memory")
    with engine_on(workspace) as engine:
        engine.scan()
    body = json.loads((workspace.loki / PATH).read_text())
    found = [one.event for one in recorded(workspace, "pattern.recorded")]
    assert {one["id"] for one in body["patterns"]} == {one.pattern for one in found}  # type: ignore[union-attr]  # of that type
    named = {one.avoids for one in found if one.category == "anti-pattern"}  # type: ignore[union-attr]  # of that type
    assert {
        one["pattern"].removeprefix("Avoid: ")
        for one in body["patterns"]
        if one["category"] == "anti-pattern"
    } == named
