"""The same question has the same answer, whoever gives it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lokid.log import Log
from lokid.paths import Workspace, find_workspace
from shell import AT, COMMAND, ask, lokictl, story, up

QUESTIONS = (
    ("context", "--now", AT, "--deadline", "20000"),
    ("failures", "--all"),
    ("failures", "--kind", "gate", "--limit", "2"),
    ("lessons",),
    ("council",),
    ("iterations",),
)


@pytest.fixture
def told(tmp_path: Path) -> Workspace:
    """A workspace with the story of the demo."""
    return story(tmp_path / "shop")


def test_an_answer_is_the_same_embedded_and_with_a_daemon(told: Workspace) -> None:
    """Every query, byte for byte, the position in the log included."""
    ask("failures", at=told)  # so that both stand on the same log
    embedded = [lokictl(*words, "--json", at=told).stdout for words in QUESTIONS]
    with up(told):
        served = [lokictl(*words, "--json", at=told).stdout for words in QUESTIONS]
    assert embedded == served
    assert [False] * len(QUESTIONS) == [json.loads(one)["stale"] for one in embedded]


def test_text_is_the_same_embedded_and_with_a_daemon(told: Workspace) -> None:
    """What a person reads does not depend on a daemon either."""
    words = ("context", "--now", AT, "--deadline", "20000")
    embedded = lokictl(*words, at=told)
    with up(told):
        served = lokictl(*words, at=told)
    assert embedded.stdout == served.stdout
    assert embedded.stdout.startswith("PAST FAILURES TO AVOID:\n- ")


def test_the_log_is_printed_as_it_is_and_nothing_else(told: Workspace) -> None:
    """Events --json gives the log's own bytes, embedded and with a daemon."""
    embedded = lokictl("events", "--json", at=told).stdout
    lines = b"".join(p.read_bytes() for p in sorted(told.log.glob("*.ndjson")))
    assert lines.decode() == embedded
    with up(told):
        assert embedded == lokictl("events", "--json", at=told).stdout


def test_a_failure_is_one_row(told: Workspace) -> None:
    """The story's failures, newest first, each failing iteration once."""
    rows = ask("failures", "--all", at=told)["failures"]
    failed = [
        (row["iteration"], row["exit_code"])
        for row in rows
        if row["kind"] not in {"gate", "friction"}
    ]
    assert [(2, 1), (1, 143), (5, 1), (4, 1), (3, 127), (2, 1)] == failed


def test_kind_and_limit_choose_rows(told: Workspace) -> None:
    """--kind and --limit do the same for programs and for people."""
    rows = ask("failures", "--all", "--kind", "gate", "--limit", "2", at=told)
    assert ["gate", "gate"] == [row["kind"] for row in rows["failures"]]
    text = lokictl("failures", "--kind", "interrupted", at=told).stdout
    assert ["WHEN", "interrupted"] == [
        text.split()[0],
        next(word for word in text.split() if word == "interrupted"),
    ]


def test_anti_patterns_is_another_name_of_lessons(told: Workspace) -> None:
    """The alias answers the same."""
    assert ask("lessons", at=told) == ask("anti-patterns", at=told)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("failures", "no failures recorded in this workspace yet\n"),
        ("lessons", "no lessons in this workspace yet\n"),
        ("council", "no council round in this workspace yet\n"),
        ("iterations", "no iterations recorded in this workspace yet\n"),
        ("events", "no events in this workspace yet\n"),
        ("context", ""),
    ],
)
def test_nothing_is_said_in_words(
    workspace: Workspace, command: str, said: str
) -> None:
    """An empty workspace has an answer, and the looking leaves no trace."""
    done = lokictl(command, at=workspace)
    assert (0, said) == (done.returncode, done.stdout)
    assert not workspace.state.exists()


def test_a_folder_without_loki_is_pointed_out(workspace: Workspace) -> None:
    """Who asks in the wrong folder is told."""
    assert "there is no .loki in" in lokictl("failures", at=workspace).stderr
    workspace.loki.mkdir()
    assert "" == lokictl("failures", at=workspace).stderr


def test_the_knob_silences_context_and_leaves_no_trace(told: Workspace) -> None:
    """LOKI_FAILURE_MEMORY=0: no block, no log, nothing marked."""
    done = lokictl("context", at=told, LOKI_FAILURE_MEMORY="0")
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    lokictl("failures", at=told, LOKI_FAILURE_MEMORY="0")
    assert not told.state.exists()


def test_the_knob_says_the_same_on_both_paths(told: Workspace) -> None:
    """The hot path and the click path (-C/dir) give programs one answer."""
    hot = lokictl("context", "--json", at=told, LOKI_FAILURE_MEMORY="0")
    click = lokictl(f"-C{told.root}", "context", "--json", LOKI_FAILURE_MEMORY="0")
    assert hot.stdout == click.stdout
    assert json.loads(hot.stdout)["reason"] == "knob off"


def test_with_the_knob_off_the_log_is_read_as_it_stands(told: Workspace) -> None:
    """What was captured before stays visible, and is said to be stale."""
    before = ask("failures", at=told)
    (told.loki / "crash").rename(told.loki / "crash-gone")
    done = lokictl("failures", "--json", at=told, LOKI_FAILURE_MEMORY="0")
    after = json.loads(done.stdout)
    assert before["failures"] == after["failures"]
    assert after["stale"]
    assert after["reason"].startswith("LOKI_FAILURE_MEMORY=0")


def test_a_held_lock_is_said(told: Workspace) -> None:
    """Another writer that does not answer: the log as it stands, and why."""
    ask("failures", at=told)
    log = Log.open(told.log)
    try:
        done = lokictl("failures", "--deadline", "1500", "--json", at=told)
        block = lokictl("context", "--deadline", "1500", at=told)
    finally:
        log.close()
    answer = json.loads(done.stdout)
    assert (True, "lock held") == (answer["stale"], answer["reason"])
    assert answer["failures"]
    assert (0, "lokid: stale: lock held\n") == (block.returncode, block.stderr)


def test_a_lock_that_is_given_back_is_waited_for(told: Workspace) -> None:
    """A query without a deadline is not stale because another one was quicker."""
    asked = [
        subprocess.Popen(
            [*COMMAND, "-C", str(told.root), "failures", "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    answers: list[dict[str, Any]] = [json.loads(one.communicate()[0]) for one in asked]
    assert [False] * 3 == [answer["stale"] for answer in answers]
    assert answers[0]["failures"] == answers[1]["failures"] == answers[2]["failures"]


def test_a_state_that_cannot_be_made_never_stops_a_prompt(
    told: Workspace, tmp_path: Path
) -> None:
    """Context ends with 0 and says why; --strict and other commands end with 74."""
    occupied = tmp_path / "occupied"
    occupied.write_text("a file, where a folder should be")
    state = str(occupied / "state")
    assert 0 == lokictl("context", at=told, LOKID_STATE_DIR=state).returncode
    done = lokictl("context", "--strict", at=told, LOKID_STATE_DIR=state)
    assert 74 == done.returncode
    assert 74 == lokictl("failures", at=told, LOKID_STATE_DIR=state).returncode


def test_settings_reach_the_block(told: Workspace) -> None:
    """LOKID_RECENT_LINES=1 leaves one recent line."""
    answer = ask("context", "--now", AT, at=told, LOKID_RECENT_LINES="1")
    assert 1 == [line["kind"] for line in answer["lines"]].count("recent")


def test_a_bad_setting_does_not_silence_context(told: Workspace) -> None:
    """Context goes on with the defaults and says so; others end with 2."""
    done = lokictl("context", "--now", AT, at=told, LOKID_MAX_BYTES="many")
    assert done.stdout.startswith("PAST FAILURES TO AVOID:")
    assert "LOKID_MAX_BYTES: max_bytes" in done.stderr
    assert 2 == lokictl("failures", at=told, LOKID_MAX_BYTES="many").returncode


def test_the_workspace_is_found_from_below(told: Workspace) -> None:
    """Without -C the nearest parent with a .loki is meant; -C may stand last."""
    below = told.root / "src" / "deep"
    below.mkdir(parents=True)
    from_below = lokictl("failures", "--json", cwd=below)
    assert from_below.stdout == lokictl("failures", "--json", at=told).stdout
    after = lokictl("failures", "--json", "-C", str(told.root), cwd=Path("/"))
    assert after.stdout == from_below.stdout
    assert find_workspace(str(told.root), os.environ).state == told.state
