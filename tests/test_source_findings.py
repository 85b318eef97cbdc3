"""Reviewers' findings: lines of their files, and the list that repeats them."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import CORPUS
from lokid.config import Settings
from lokid.events import Event, FindingReported
from lokid.log import event_id
from lokid.paths import Workspace
from lokid.redact import guard
from lokid.source import SourceError
from lokid.sources.findings import LISTS, PAPERS
from reading import read_document, read_text
from rig import engine_on, put, recorded

REVIEW = "review-20260301T100005Z-3"
PAPER = f"quality/reviews/{REVIEW}/eng-database.txt"
LINE = "- [High] the body is not checked before it is read (src/app.py:12)"


def found(line: str, path: str = PAPER) -> list[Event]:
    """The guarded events of one line of a reviewer's file."""
    return [guard(fact.event) for fact in read_text(PAPERS, line, path)]


def entry(**fields: Any) -> dict[str, Any]:
    """A finding as the list repeats it."""
    return {
        "reviewId": REVIEW,
        "iteration": 3,
        "reviewer": "eng-database",
        "severity": "High",
        "description": LINE.removeprefix("- [High] "),
        "file": "src/app.py",
        "line": 12,
        "raw": LINE,
        **fields,
    }


def listed(*entries: dict[str, Any]) -> dict[str, Any]:
    """A list of findings."""
    return {"review_id": REVIEW, "iteration": 3, "findings": list(entries)}


EXPECTED = FindingReported(
    review=REVIEW,
    reviewer="eng-database",
    severity="high",
    text="the body is not checked before it is read",
    file="src/app.py",
    iteration=3,
)


def test_a_line_tells_how_grave_what_and_where() -> None:
    """Review, iteration and time are those of the folder's name."""
    (fact,) = read_text(PAPERS, LINE, PAPER)
    assert EXPECTED == guard(fact.event)
    assert "2026-03-01T10:00:05.000Z" == fact.time


@pytest.mark.parametrize(
    "line",
    [
        "* [HIGH] the body is not checked before it is read (src/app.py:12)",
        "1. **[high]** the body is not checked before it is read (src/app.py:12-14).",
        "  - [ High ]: the body is not checked before it is read (src/app.py:12)\r",
    ],
)
def test_reviewers_write_it_in_their_own_ways(line: str) -> None:
    """Bullets, numbers, bold, case, ranges: one finding."""
    assert [EXPECTED] == found(line)


@pytest.mark.parametrize(
    "line",
    ["VERDICT: FAIL", "FINDINGS:", "- None", "", "- [Urgent] x", "High: x", "- [High]"],
)
def test_what_is_no_finding_passes_in_silence(line: str) -> None:
    """Verdicts and prose are no facts of ours."""
    assert [] == found(line)


@pytest.mark.parametrize(
    ("said", "text", "file"),
    [
        ("two names (see above)", "two names (see above)", None),
        ("two names (nit)", "two names (nit)", None),
        ("two names (app.py)", "two names", "app.py"),
        ("two names (Makefile:3)", "two names", "Makefile"),
        ("load() is slow", "load() is slow", None),
    ],
)
def test_only_a_place_is_taken_for_one(said: str, text: str, file: str | None) -> None:
    """Words in round brackets belong to the text."""
    (event,) = found(f"- [Low] {said}")
    assert isinstance(event, FindingReported)
    assert (text, file) == (event.text, event.file)


def test_the_list_tells_the_same_facts() -> None:
    """The same identity and the same event, so the second one adds nothing."""
    (paper,) = read_text(PAPERS, LINE, PAPER)
    (fact,) = read_document(LISTS, "state/findings-3.json", listed(entry()))
    assert paper.identity == fact.identity
    assert guard(paper.event) == guard(fact.event)
    assert paper.time == fact.time


def test_a_list_without_the_reviewers_line_tells_itself() -> None:
    """Description, severity and file are its own."""
    body = listed(entry(raw=None, description="no test", severity="Medium"))
    (fact,) = read_document(LISTS, "state/findings-3.json", body)
    event = guard(fact.event)
    assert isinstance(event, FindingReported)
    assert ("medium", "no test", "src/app.py") == (
        event.severity,
        event.text,
        event.file,
    )


@pytest.mark.parametrize("body", [{}, {"findings": {}}, {"findings": "none"}])
def test_a_list_of_another_shape_is_malformed(body: dict[str, Any]) -> None:
    """It says nothing, and says so."""
    with pytest.raises(SourceError, match="malformed"):
        read_document(LISTS, "state/findings-3.json", body)


def test_nothing_private_is_kept() -> None:
    """Token, home, mail, owner and repo in every field of both."""
    secret = "ghp_" + "x" * 36
    bad = f"{secret} /home/ann/app ann@corp.example.org ann/app"
    line = f"- [High] leaks {bad} (/home/ann/app.py:3)"
    body = listed(entry(raw=line, description=bad, reviewer=bad, file=bad))
    alone = entry(raw=None, description=bad, severity=bad, reviewId=bad, file=bad)
    facts = [
        *read_text(PAPERS, line, PAPER),
        *read_document(LISTS, "state/findings-3.json", body),
        *read_document(LISTS, "state/findings-3.json", listed(alone)),
    ]
    said = " ".join(str(guard(fact.event)) for fact in facts)
    assert 3 == len(facts)
    assert [] == [part for part in (*bad.split(), "ann") if part in said]


def test_diffs_and_prompts_are_never_opened(workspace: Workspace) -> None:
    """They hold source code; one that is too large is no trouble either."""
    folder = f"quality/reviews/{REVIEW}"
    for name in ("diff.txt", "files.txt", "dependency-files.txt", "eng-prompt.txt"):
        put(workspace, f"{folder}/{name}", LINE + "\n" + "x" * 5000)
    put(workspace, f"{folder}/empty.txt", "")
    with engine_on(workspace, settings=Settings(document_bytes=1024)) as engine:
        assert engine.scan().complete
    assert [] == recorded(workspace)


def test_a_torn_file_gives_each_line_once_it_is_whole(workspace: Workspace) -> None:
    """A reviewer's file grows while the reviewer thinks; then the list repeats it."""
    with engine_on(workspace) as engine:
        for end in (20, 50, len(LINE), len(LINE) + 1):
            put(workspace, PAPER, "FINDINGS:\n" + (LINE + "\n")[:end])
            engine.scan()
            told = [one.event for one in recorded(workspace)]
            assert ([EXPECTED] if end > len(LINE) else []) == told
        put(workspace, PAPER, f"FINDINGS:\n{LINE}\n- [Low] two names (app.py:1)\n")
        put(workspace, "state/findings-3.json", listed(entry()))
        engine.scan()
    assert 2 == len(recorded(workspace))


def test_the_same_remark_in_a_later_review_is_another_fact(
    workspace: Workspace,
) -> None:
    """Numbers of iterations come back with every run; reviews do not."""
    put(workspace, PAPER, LINE + "\n")
    with engine_on(workspace) as engine:
        engine.scan()
        later = PAPER.replace("20260301", "20260302")
        put(workspace, later, LINE + "\n")
        put(workspace, PAPER, LINE + "\n" + LINE + "\n")
        engine.scan()
    times = [one.time[:10] for one in recorded(workspace, "finding.reported")]
    assert ["2026-03-01", "2026-03-02"] == times


def test_hostile_files_stop_nothing(workspace: Workspace) -> None:
    """Too large, no text, broken brackets, endless lines: said or silent."""
    folder = f"quality/reviews/{REVIEW}"
    put(workspace, f"{folder}/huge.txt", (LINE + "\n") * 200)
    put(workspace, f"{folder}/bytes.txt", b"\xff\xfe- [High] x\n")
    put(workspace, f"{folder}/endless.txt", "- [High] " + "(" * 3000 + "\n")
    put(workspace, f"{folder}/spaces.txt", " " * 3000 + "[" + " " * 900 + "\n")
    put(workspace, "state/findings-9.json", {"findings": [None, 3, [], {"raw": 7}]})
    with engine_on(workspace, settings=Settings(document_bytes=4096)) as engine:
        assert engine.scan().complete
    rejected = recorded(workspace, "source.rejected")
    assert {"too_large", "not_utf8"} == {one.event.reason for one in rejected}  # type: ignore[union-attr]  # of that type
    (kept,) = recorded(workspace, "finding.reported")
    assert kept.src.path == f"{folder}/endless.txt"


def test_event_ids_do_not_depend_on_the_file() -> None:
    """What stands in an id is the review's own words."""
    first = read_text(PAPERS, LINE, PAPER)[0].identity
    assert event_id(first) == event_id(
        ("finding", REVIEW, "eng-database", "high", LINE.removeprefix("- [High] "))
    )


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there is no corpus beside this")
@pytest.mark.parametrize("tree", ["v7.19.1-run", "v9.22.12-run-telemetry-bun"])
def test_the_real_trees_tell_their_findings_once(corpus_copy: Any, tree: str) -> None:
    """Each reviewer that says FAIL has two, whichever files tell of them."""
    workspace = corpus_copy(tree)
    with engine_on(workspace) as engine:
        engine.scan()
    papers = workspace.loki.glob("quality/reviews/*/*.txt")
    failing = sum(
        "VERDICT: FAIL" in paper.read_text() and "- [High]" in paper.read_text()
        for paper in papers
        if not paper.name.endswith(("prompt.txt", "diff.txt"))
    )
    assert 2 * failing == len(recorded(workspace, "finding.reported"))
    assert failing
