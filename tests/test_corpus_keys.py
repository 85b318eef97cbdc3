"""What the harness takes for one failure falls into its true groups.

Five unrelated failures without a frame have the same fingerprint in the real
trees.  Here they are told apart, and where only a constant is known it is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import CORPUS
from lokid.paths import Workspace
from rig import engine_on

Copy = Callable[..., Workspace]

CONSTANT = "d9e1058f4fe3"
NOW = "2026-11-23T12:00:00.000Z"
TREES = (
    "v7.19.1-crashes",
    "v7.19.1-memory",
    "v7.19.1-run",
    "v9.22.12-run-default",
    "v9.22.12-run-telemetry-bun",
)
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="no corpus beside this checkout"
)


def rows_of(workspace: Workspace, view: str = "failures") -> list[dict[str, Any]]:
    """All failures (or lessons) of a tree."""
    with engine_on(workspace) as engine:
        engine.scan()
        answer = engine.query(view, {"all": "1", "now": NOW})
    rows: list[dict[str, Any]] = answer[view]
    return rows


def constant_ones(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The failures that the harness calls by the constant."""
    return [row for row in rows if (row["fingerprint"] or "").startswith(CONSTANT)]


def calls() -> set[tuple[str, int, str]]:
    """What each crash file with the constant was made from: exit code, phase."""
    told = set()
    for line in (CORPUS / "v7.19.1-crashes" / "calls.tsv").read_text().splitlines():
        cells = line.split("\t")
        if len(cells) > 7 and Path(cells[7]).name.startswith(CONSTANT):
            fields = dict(cell.partition("=")[::2] for cell in cells[2:7])
            told.add((cells[1], int(fields["exit"]), fields["phase"]))
    return told


def test_crash_files_with_the_constant_are_as_many_keys_as_calls(
    corpus_copy: Copy,
) -> None:
    """Each call had another cause, exit code and phase, and none more is known."""
    rows = constant_ones(rows_of(corpus_copy("v7.19.1-crashes")))
    known = {(exit_code, phase) for _, exit_code, phase in calls()}
    assert 3 == len(known)
    assert known == {(row["exit_code"], row["phase"]) for row in rows}
    assert len(known) == len({row["key"] for row in rows})
    assert all(row["weak"] for row in rows)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ("v7.19.1-run", {5: ("Error", False)}),
        (
            "v9.22.12-run-telemetry-bun",
            {5: ("exit 125", True), 6: ("Error", False), 7: ("exit 125", True)},
        ),
    ],
)
def test_runs_tell_the_constants_apart_by_what_their_logs_say(
    tree: str, expected: dict[int, tuple[str, bool]], corpus_copy: Copy
) -> None:
    """A line of the log makes a strong key; a bare exit code a weak one."""
    rows = constant_ones(rows_of(corpus_copy(tree)))
    assert expected == {row["iteration"]: (row["family"], row["weak"]) for row in rows}
    assert len(expected) == len({row["key"] for row in rows})


@pytest.mark.parametrize("tree", TREES)
def test_a_key_parts_by_cause_and_by_nothing_else(tree: str, corpus_copy: Copy) -> None:
    """Line and frames make one key, whatever phase and exit; a constant does not."""
    by_key: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    by_cause: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for row in rows_of(corpus_copy(tree)):
        kind = "iteration" if row["kind"] in ("exit", "crash") else row["kind"]
        cause: tuple[Any, ...] = (kind, row["error_line"], row["gate"])
        if row["weak"]:
            cause += (row["family"], row["exit_code"], row["phase"])
        else:
            # the class of a crash file that nothing else explains
            named = "" if row["family"].startswith("exit ") else row["family"]
            cause += (named, *(row["signature"] if not row["error_line"] else ()))
        by_key[row["key"]].add(cause)
        by_cause[cause].add(row["key"])
    assert by_key
    assert [] == [causes for causes in by_key.values() if len(causes) > 1]
    assert [] == [keys for keys in by_cause.values() if len(keys) > 1]


@pytest.mark.parametrize("tree", TREES)
def test_no_constant_becomes_a_lesson_that_claims_more(
    tree: str, corpus_copy: Copy
) -> None:
    """Without a line, a frame, a class or a gate there is only a constant: weak."""
    for row in rows_of(corpus_copy(tree)):
        named = row["error_line"] or row["signature"] or row["gate"]
        own = row["reported_type"] in ("IterationError", "Friction", "ScrubError")
        if not named and (own or row["reported_type"] == "UnknownError"):
            assert row["weak"], row
