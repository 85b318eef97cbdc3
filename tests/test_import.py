"""`lokictl import`: another tree into this log, once, with its true times."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.importing import deliver
from cli.simulator import Options, demo_history, simulate
from lokid import imports
from lokid.config import Settings
from lokid.errors import UsageError
from lokid.events import (
    CommandWorked,
    Fact,
    GatesListed,
    LessonResolved,
    Recorded,
    SourceSkipped,
)
from lokid.log import event_id
from lokid.paths import Workspace
from lokid.server.protocol import BODY_BYTES
from rig import engine_on, failing_run, put, recorded
from shell import ask, lokictl, up

OLD = "2026-03-01T10:00:00.000Z"


@pytest.fixture
def elder(tmp_path: Path) -> Path:
    """Another workspace in which the harness has run."""
    root = tmp_path / "elder"
    root.mkdir()
    simulate(demo_history(), root, Options(harness=9))
    return root


def facts(history: list[Recorded]) -> list[tuple[Any, ...]]:
    """What was recorded, without where it stands and when it was appended."""
    return sorted((one.id, one.time, one.type, str(one.event)) for one in history)


def worked(head: str, time: str | None = OLD) -> tuple[str, Fact]:
    """A fact of a transcript."""
    fact = Fact(event=CommandWorked(head=head), identity=("t", head), time=time)
    return event_id(fact.identity), fact


def test_a_tree_is_imported_as_a_first_scan_reads_it(
    workspace: Workspace, elder: Path, tmp_path: Path
) -> None:
    """The same facts with the same times, oldest first."""
    told = ask("import", str(elder), at=workspace)
    history = recorded(workspace)
    assert len(history) == told["new"] > 50
    times = [one.time for one in history]
    assert sorted(times) == times
    copy = Workspace(root=elder, state=tmp_path / "state", id="elder")
    with engine_on(copy) as engine:
        engine.scan()
    assert facts(recorded(copy)) == facts(history)


def test_a_second_time_gives_the_same_log(workspace: Workspace, elder: Path) -> None:
    """Nor does it matter where the tree lies by then."""
    ask("import", str(elder), at=workspace)
    before = [file.read_bytes() for file in workspace.log.iterdir()]
    moved = shutil.copytree(elder, elder.with_name("moved"))
    for tree in (elder, elder / ".loki", moved):
        told = ask("import", str(tree), at=workspace)
        assert (0, told["known"]) == (told["new"], told["known"])
        assert told["known"] > 50
    assert before == [file.read_bytes() for file in workspace.log.iterdir()]


def test_a_dry_run_says_what_it_would_do(workspace: Workspace, elder: Path) -> None:
    """And leaves no trace."""
    told = ask("import", str(elder), "--dry-run", at=workspace)
    assert not workspace.state.exists()
    done = ask("import", str(elder), at=workspace)
    assert told["dry_run"]
    assert {**told, "dry_run": False} == done


def test_it_says_what_was_read_and_of_which_time(
    workspace: Workspace, elder: Path
) -> None:
    """Per source: files, facts, how many of them are new, from when to when."""
    told = ask("import", str(elder), at=workspace)
    rows = {row["source"]: row for row in told["sources"]}
    assert 1 == rows["events"]["files"]
    assert rows["crashes"]["files"] == rows["crashes"]["new"]
    assert rows["events"]["first"] < rows["events"]["last"]
    said = lokictl("import", str(elder), at=workspace).stdout
    assert "0 facts appended" in said
    assert "crashes" in said


def test_the_own_tree_is_the_default(workspace: Workspace) -> None:
    """Mostly what a first scan does; the next scan finds nothing new."""
    put(workspace, "events.jsonl", failing_run(3))
    put(workspace, "quality/gate-failures.txt", "code_review,\n")
    assert 8 == ask("import", at=workspace)["new"]
    before = len(recorded(workspace))
    ask("failures", at=workspace)
    assert before == len(recorded(workspace))


def test_another_trees_values_do_not_become_ours(
    workspace: Workspace, elder: Path
) -> None:
    """Its list of red gates is an old one once we know of our own."""
    put(workspace, "quality/gate-failures.txt", "security_scan,\n")
    ask("failures", at=workspace)
    (elder / ".loki/quality/gate-failures.txt").write_text("doc_coverage,\n")
    ask("import", str(elder), at=workspace)
    (listed,) = recorded(workspace, "gates.listed")
    assert GatesListed(gates=("security_scan",)) == listed.event


def test_with_a_daemon_it_goes_through_the_daemon(
    workspace: Workspace, elder: Path
) -> None:
    """No need to stop it; the log is the same, and it knows at once."""
    with up(workspace):
        told = ask("import", str(elder), at=workspace)
        assert told["new"] == ask("failures", at=workspace)["as_of_seq"]
        assert 0 == ask("import", str(elder), at=workspace)["new"]
        assert ask("lessons", "--all", at=workspace)["lessons"]
    times = [one.time for one in recorded(workspace)]
    assert sorted(times) == times


def test_with_the_memory_off_nothing_is_imported(
    workspace: Workspace, elder: Path
) -> None:
    """In our own environment, and in the daemon's."""
    done = lokictl("import", str(elder), at=workspace, LOKI_FAILURE_MEMORY="0")
    assert (2, "") == (done.returncode, done.stdout)
    with engine_on(workspace, knob=False) as engine, pytest.raises(UsageError):
        engine.take_in([worked("make")])
    assert [] == recorded(workspace)


def test_what_is_no_tree_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """With the name of what was looked for."""
    (tmp_path / "plain").mkdir()
    done = lokictl("import", str(tmp_path / "plain"), at=workspace)
    assert 2 == done.returncode
    assert "there is no .loki in" in done.stderr


def test_broken_files_are_counted_and_stop_nothing(
    workspace: Workspace, elder: Path
) -> None:
    """They are not recorded as this workspace's."""
    crash = elder / ".loki/crash/broken-1.json"
    crash.write_text("{")
    os.utime(crash, (1, 1))
    told = ask("import", str(elder), at=workspace)
    assert told["new"] > 50
    assert told["rejected"] + len(told["pending"])
    assert [] == recorded(workspace, "source.rejected")


def test_requests_fit_and_only_the_last_waits_for_the_disk() -> None:
    """However many facts there are."""
    found = [worked(f"make target{number}") for number in range(1200)]
    sent = list(imports.bodies(found))
    assert max(map(len, sent)) < BODY_BYTES
    told = [imports.decode(body) for body in sent]
    assert [False] * (len(sent) - 1) + [True] == [durable for _, durable in told]
    got = [(key, one.event, one.time) for found, _ in told for key, one in found]
    assert [(key, one.event, one.time) for key, one in found] == got
    assert [] == list(imports.bodies([]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"facts":[]}',
        b'{"facts":[{"id":"1","type":"command.worked","data":{"head":"a"}}]}',
        json.dumps({"facts": [{"id": "0" * 32, "type": "x.y", "data": {}}]}).encode(),
        json.dumps(
            {"facts": [{"id": "0" * 32, "type": "command.worked", "data": {"a": 1}}]}
        ).encode(),
        json.dumps(
            {
                "facts": [
                    {
                        "id": "0" * 32,
                        "type": "command.worked",
                        "data": {"head": "make"},
                        "time": "yesterday",
                    }
                ]
            }
        ).encode(),
    ],
)
def test_what_is_no_import_is_refused(body: bytes) -> None:
    """Nothing of it is kept."""
    with pytest.raises(UsageError):
        imports.decode(body)


@pytest.mark.parametrize(
    "event",
    [
        LessonResolved(lesson="L0a1b2c3d", recipe=2),
        SourceSkipped(source="x", reason="knob_off"),
    ],
)
def test_what_is_not_read_from_files_is_refused(
    workspace: Workspace, event: Any
) -> None:
    """What people say, and what lokid says of itself."""
    fact = Fact(event=event, identity=("x",))
    with engine_on(workspace) as engine, pytest.raises(UsageError):
        engine.take_in([(event_id(fact.identity), fact)])
    assert [] == recorded(workspace)


def test_nothing_unredacted_is_appended(workspace: Workspace) -> None:
    """The engine holds what it is handed to its kinds of text."""
    secret = "ghp_" + "x" * 36
    deliver(workspace, Settings(), [worked(f"deploy {secret}")])
    log = b"".join(file.read_bytes() for file in workspace.log.glob("*.ndjson"))
    assert b"command.worked" in log
    assert secret.encode() not in log
