"""The real trees, asked embedded and under a daemon, give the known truth."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from live import daemon_on
from lokid.client import Client
from lokid.paths import Workspace
from rig import engine_on, recorded

Copy = Callable[..., Workspace]
ALL = {"all": "1"}
NAMES = ("failures", "lessons", "council", "iterations", "gates", "context")
NOW = "2026-11-23T12:00:00.000Z"


def ask(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Every answer, embedded; a daemon must give the same."""
    params = {**ALL, "now": NOW}
    with engine_on(workspace) as engine:
        engine.scan()
        embedded = {name: engine.query(name, params) for name in NAMES}
    with daemon_on(workspace):
        client = Client(workspace)
        assert embedded == {name: client.get(name, params) for name in NAMES}
    return embedded


def iterations_of(answer: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Failures other than friction and gates by iteration, each once."""
    rows = [
        row for row in answer["failures"] if row["kind"] not in {"friction", "gate"}
    ]
    found = {row["iteration"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def kinds(answer: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Rows of one kind."""
    return [row for row in answer["failures"] if row["kind"] == kind]


def exits(rows: dict[int, dict[str, Any]]) -> dict[int, int | None]:
    """Exit codes by iteration."""
    return {n: rows[n]["exit_code"] for n in sorted(rows)}


def check_v7(answers: dict[str, dict[str, Any]]) -> None:
    """What `v7.19.1-run` really was."""
    failures = answers["failures"]
    rows = iterations_of(failures)
    assert {2: 1, 3: 2, 5: 1, 6: 1, 7: 143, 8: 1} == exits(rows)
    assert ("JSONDecodeError",) * 2 == (rows[2]["family"], rows[6]["family"])
    assert "TypeError" == rows[3]["error_type"]
    assert ["getUser", "async handler", "(anonymous)"] == rows[3]["signature"]
    assert ("interrupted", None, []) == (
        rows[7]["kind"],
        rows[7]["fingerprint"],
        rows[7]["signature"],
    )
    assert "empty_output" == rows[8]["kind"]
    assert [(3, "code_review")] == [
        (row["iteration"], row["gate"]) for row in kinds(failures, "friction")
    ]
    gates = Counter(row["gate"] for row in kinds(failures, "gate"))
    assert {"code_review": 11} == gates
    rounds = answers["council"]["rounds"]
    assert [(n, "rejected") for n in (4, 9, 10, 11)] == sorted(
        (one["iteration"], one["outcome"]) for one in rounds
    )


def check_v9_telemetry(answers: dict[str, dict[str, Any]]) -> None:
    """What `v9.22.12-run-telemetry-bun` really was."""
    failures = answers["failures"]
    rows = iterations_of(failures)
    assert {2: 1, 3: 2, 5: 125, 6: 1, 7: 125, 8: 1, 9: 143, 10: 1} == exits(rows)
    assert ("exit 125", True) == (rows[5]["family"], rows[5]["weak"])
    assert ("exit 125", True) == (rows[7]["family"], rows[7]["weak"])
    assert {"exit"} == {rows[5]["kind"], rows[7]["kind"]}
    assert ("interrupted", "empty_output") == (rows[9]["kind"], rows[10]["kind"])
    assert [(3, "code_review"), (3, "doc_coverage")] == sorted(
        (row["iteration"], row["gate"]) for row in kinds(failures, "friction")
    )
    gates = kinds(failures, "gate")
    assert {"code_review": 11, "doc_coverage": 11, "static_analysis": 1} == Counter(
        row["gate"] for row in gates
    )
    assert all(row["iteration"] is not None for row in gates)
    assert 2 == len(answers["council"]["rounds"])


def check_v9_default(answers: dict[str, dict[str, Any]]) -> None:
    """What `v9.22.12-run-default` really was, without a crash file."""
    failures = answers["failures"]
    rows = iterations_of(failures)
    assert {2: 1, 3: 2, 5: 1, 6: 1, 7: 143, 8: 1} == exits(rows)
    known = {n for n, row in rows.items() if row["error_line"]}
    assert {2, 3, 5, 6} == known
    assert 16 == len(kinds(failures, "gate"))
    assert 1 == len(answers["council"]["rounds"])


TREES = {
    "v7.19.1-run": check_v7,
    "v9.22.12-run-telemetry-bun": check_v9_telemetry,
    "v9.22.12-run-default": check_v9_default,
}


@pytest.mark.parametrize("name", TREES)
def test_a_run_tree_gives_its_truth(corpus_copy: Copy, name: str) -> None:
    """The same right answers embedded and with a daemon."""
    TREES[name](ask(corpus_copy(name)))


@pytest.mark.parametrize("name", TREES)
def test_file_times_play_no_part(corpus_copy: Copy, name: str) -> None:
    """A copy with all file times changed gives the same answers."""
    workspace = corpus_copy(name)
    for n, file in enumerate(sorted(workspace.loki.rglob("*"))):
        os.utime(file, (1_000_000 + n * 7919 % 9000, 1_000_000 + n * 104_729 % 9000))
    TREES[name](ask(workspace))


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize(("zone", "hours"), [("CET", 1), ("EST", -5)])
def test_markers_in_another_zone_change_nothing(
    corpus_copy: Copy, name: str, zone: str, hours: int
) -> None:
    """Sessions find their iterations by phase, exit and order."""
    workspace = corpus_copy(name)
    for log in (workspace.loki / "logs").glob("autonomy-*.log"):
        log.write_text(moved(log.read_text(), zone, hours))
    TREES[name](ask(workspace))


def moved(text: str, zone: str, hours: int) -> str:
    """The log with its UTC markers printed as a machine of that zone would."""
    lines = []
    for line in text.splitlines(keepends=True):
        head, mark, rest = line.partition(" UTC 2026")
        if mark and "=== Session" in head:
            clock = head[-8:]
            hour = (int(clock[:2]) + hours) % 24
            line = f"{head[:-8]}{hour:02d}{clock[2:]} {zone} 2026{rest}"  # noqa: PLW2901  the line is rewritten on purpose
        lines.append(line)
    return "".join(lines)


def cut_head(log: Path, sessions: int) -> None:
    """Cut a log off in the middle of its session number ``sessions``."""
    text = log.read_text()
    at = 0
    for _ in range(sessions):
        at = text.index("=== RARV Phase", at + 1)
    fresh = log.with_suffix(".new")
    fresh.write_text(text[at + 60 :])
    fresh.rename(log)


@pytest.mark.parametrize("name", TREES)
def test_a_head_cut_off_after_reading_changes_nothing(
    corpus_copy: Copy, name: str
) -> None:
    """A trimmed log shows sessions twice; they stay the same sessions."""
    workspace = corpus_copy(name)
    with engine_on(workspace) as engine:
        engine.scan()
    cut_head(next((workspace.loki / "logs").glob("*.log")), 4)
    TREES[name](ask(workspace))


@pytest.mark.parametrize("zone", ["UTC", "CET"])
@pytest.mark.parametrize("name", TREES)
def test_a_head_cut_off_before_reading_never_lends_a_cause(
    corpus_copy: Copy, name: str, zone: str
) -> None:
    """What was cut is unknown: exit, or crash by its crash file, no other's."""
    whole = iterations_of(ask(corpus_copy(name))["failures"])
    workspace = corpus_copy(name, "cut")
    log = next((workspace.loki / "logs").glob("*.log"))
    if zone != "UTC":
        log.write_text(moved(log.read_text(), zone, 1))
    cut_head(log, 4)
    rows = iterations_of(ask(workspace)["failures"])
    assert exits(whole) == exits(rows)
    free: tuple[str, ...]
    free = ("error_line", "kind", "family", "key", "lesson", "weak", "message")
    free += ("error_type", "sources", "seqs", "signature", "fingerprint")
    for n, row in rows.items():
        if n < 4:
            assert row["error_line"] is None
            assert row["kind"] in {"exit", "crash"}
        else:
            same = [key for key in row if key not in {"sources", "seqs"}]
            assert {k: whole[n][k] for k in same} == {k: row[k] for k in same}
        assert {k: v for k, v in whole[n].items() if k not in free} == {
            k: v for k, v in row.items() if k not in free
        }


def test_run_trees_merged_into_one_workspace_stay_separate_runs(
    corpus_copy: Copy,
) -> None:
    """Three runs whose iterations restart at 1, in one `.loki`."""
    workspace = corpus_copy("v9.22.12-run-telemetry-bun")
    other = corpus_copy("v9.22.12-run-default")
    for file in sorted(other.loki.rglob("*")):
        target = workspace.loki / file.relative_to(other.loki)
        if file.is_dir():
            target.mkdir(exist_ok=True)
        elif target.suffix in {".jsonl", ".log"} and target.exists():
            target.write_text(target.read_text() + file.read_text())
        else:
            shutil.copyfile(file, target)
    answers = ask(workspace)
    by_run: dict[str, list[dict[str, Any]]] = {}
    for row in answers["failures"]["failures"]:
        by_run.setdefault(row["run"], []).append(row)
    first, second = sorted(by_run)
    rounds: dict[str, list[Any]] = {first: [], second: []}
    for one in answers["council"]["rounds"]:
        rounds[one["run"]].append(one)
    for run, check in ((first, check_v9_telemetry), (second, check_v9_default)):
        part = {
            "failures": {"failures": by_run[run]},
            "council": {"rounds": rounds[run]},
        }
        check(part)


def test_sixty_episodes_are_sixty_even_when_rewritten(corpus_copy: Copy) -> None:
    """Reading rewrites episodes; that makes none of them new."""
    workspace = corpus_copy("v7.19.1-memory")
    with engine_on(workspace) as engine:
        engine.scan()
        before = engine.query("failures", {**ALL, "now": NOW})["failures"]
        for file in (workspace.loki / "memory" / "episodic").rglob("*.json"):
            body = json.loads(file.read_text())
            fresh = file.with_suffix(".tmp")
            fresh.write_text(json.dumps({**body, "access_count": 99}, indent=1))
            fresh.rename(file)
        engine.scan()
        after = engine.query("failures", {**ALL, "now": NOW})["failures"]
    assert 60 == len(recorded(workspace, "episode.recorded"))
    assert before == after


def test_crash_files_alone_are_failures_of_their_own(corpus_copy: Copy) -> None:
    """Thirty crash files without a run: each distinct one is told once."""
    workspace = corpus_copy("v7.19.1-crashes")
    answers = ask(workspace)
    files = len(list((workspace.loki / "crash").glob("*.json")))
    assert files == len(answers["failures"]["failures"])
