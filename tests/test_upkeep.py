"""`lokictl log repair`, `redact`, `backup`, `restore`: by the commands themselves."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from log_rig import AT, flip, forget_the_close, line_offsets, segments, served
from lokid.events import Fact, LessonMuted, LogRedacted, LogRepaired
from lokid.log import Log, verify
from lokid.log.redaction import redact
from lokid.paths import Workspace
from rig import crash, engine_on, failing_run, put, recorded
from shell import COMMAND, lokictl

LEAKED = "hunter2-the-secret"


def ran(workspace: Workspace, *words: str) -> tuple[int, str]:
    """Run a command of ``lokictl log`` on a workspace: exit code and what it says."""
    done = lokictl("-C", str(workspace.root), "log", *words)
    return done.returncode, done.stdout + done.stderr


def told(workspace: Workspace, *words: str) -> dict[str, Any]:
    """The same with ``--json``."""
    _, said = ran(workspace, *words, "--json")
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


@pytest.fixture
def remembered(workspace: Workspace) -> Workspace:
    """A workspace whose log holds some runs and what a person said."""
    put(workspace, "events.jsonl", failing_run(6))
    put(workspace, "crash/a-1.json", crash("ab" * 32))
    with engine_on(workspace) as engine:
        engine.scan()
        said = LessonMuted(lesson="L1a2b3c4d", members=("0" * 32,), recipe=2)
        engine.record([Fact(event=said, identity=("mute", 1))], durable=True)
        engine.record([Fact(event=said, identity=("mute", 2))], durable=True)
    return workspace


def rot(workspace: Workspace, line: int) -> None:
    """Flip a bit of a line of the log."""
    (segment,) = segments(workspace.log)
    flip(segment, line_offsets(segment)[line] + 40)


def test_a_whole_log_has_nothing_to_repair(remembered: Workspace) -> None:
    """It says so, changes nothing, and ends with 0."""
    before = served(remembered.log)
    assert (0, "the log is whole: nothing to repair\n") == ran(remembered, "repair")
    assert before == served(remembered.log)


def test_intact_events_behind_damage_are_served_again(remembered: Workspace) -> None:
    """What people said comes back, once; the one line that rotted stays named."""
    before = {one.id for one in served(remembered.log)}
    rot(remembered, 2)
    lost = {one.id for one in served(remembered.log)}
    assert 2 == len(lost)
    code, said = ran(remembered, "repair", "--dry-run")
    assert (3, 2) == (code, len(served(remembered.log)))
    assert "would be appended again" in said
    code, said = ran(remembered, "repair")
    assert 3 == code
    assert "lost: event 3" in said
    found = [one for one in served(remembered.log) if not one.type.startswith("log.")]
    assert len(before) - 1 == len({one.id for one in found}) == len(found)
    assert 0 == told(remembered, "repair")["appended_again"]


def test_a_loss_is_accepted_only_when_asked(remembered: Workspace) -> None:
    """Then verify ends with 0 and names the place as accepted."""
    rot(remembered, 2)
    assert 3 == ran(remembered, "verify")[0]
    assert 3 == ran(remembered, "repair")[0]
    assert 3 == ran(remembered, "verify")[0]
    assert 0 == ran(remembered, "repair", "--accept-loss")[0]
    code, said = ran(remembered, "verify")
    assert 0 == code
    assert "accepted" in said


def test_a_torn_end_is_set_aside_by_repair(remembered: Workspace) -> None:
    """As the next writer would."""
    forget_the_close(remembered.log)
    with segments(remembered.log)[0].open("ab") as file:
        file.write(b'{"c":"00')
    code, said = ran(remembered, "repair")
    assert 0 == code
    assert "set aside" in said
    assert isinstance(served(remembered.log)[-1].event, LogRepaired)


def test_a_redacted_text_is_nowhere_in_the_state_directory(
    workspace: Workspace,
) -> None:
    """In no event, no torn piece, no derived file; everything else is as it was."""
    put(workspace, "events.jsonl", failing_run(3))
    put(workspace, "crash/a-1.json", crash("ab" * 32, error_class=LEAKED))
    with engine_on(workspace) as engine:
        engine.scan()
    workspace.torn.mkdir(exist_ok=True)
    (workspace.torn / "x").write_bytes(b"before " + LEAKED.encode() + b" behind")
    before = served(workspace.log)
    assert holds(workspace, LEAKED)
    code, said = ran(workspace, "redact", LEAKED)
    assert 0 == code
    assert "1 event in 1 segment redacted" in said
    assert LEAKED not in said
    assert [] == holds(workspace, LEAKED)
    after = served(workspace.log)
    assert [one.id for one in before] == [one.id for one in after[: len(before)]]
    assert [LogRedacted] == [type(one.event) for one in after[len(before) :]]
    assert () == verify(workspace.log).problems
    with engine_on(workspace) as engine:
        assert 0 == engine.scan().appended  # nothing is read in again


def holds(workspace: Workspace, text: str) -> list[Path]:
    """The files of the state directory that hold a text."""
    files = [path for path in workspace.state.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]


def test_a_text_is_redacted_however_json_writes_it(remembered: Workspace) -> None:
    """Quotes, backslashes and letters beyond ASCII; from standard input as well."""
    odd = 'say "\u00fc\\" \U0001f600'
    log = Log.open(remembered.log)
    said = LessonMuted(lesson=odd, members=("0" * 32,), recipe=2)
    log.append([("0" * 31 + "9", Fact(event=said, identity=(9,)))], AT)
    log.close()
    done = subprocess.run(
        [*COMMAND, "-C", str(remembered.root), "log", "redact", "-"],
        input=f"{odd}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode
    assert "1 event in 1 segment redacted" in done.stdout
    events = [one.event for one in recorded(remembered, "lesson.muted")]
    assert "redacted" == getattr(events[-1], "lesson", "")


def test_the_log_goes_on_behind_a_redaction(remembered: Workspace) -> None:
    """Chain and numbers hold over many segments and another redaction."""
    log = Log.open(remembered.log, segment_bytes=1000)
    for number in range(20):
        said = LessonMuted(lesson=f"L{number} {LEAKED}", members=(), recipe=2)
        log.append([(f"{number:032x}", Fact(event=said, identity=(number,)))], AT)
    log.close()
    log = Log.open(remembered.log, segment_bytes=1000)
    done = redact(log, remembered.log, LEAKED, AT)
    log.close()
    assert 20 == sum(one.lines for one in done)
    assert () == verify(remembered.log).problems
    assert 0 == ran(remembered, "redact", "L1a2b3c4d")[0]
    assert () == verify(remembered.log).problems
    with engine_on(remembered) as engine:
        assert 0 == engine.scan().appended


@pytest.mark.parametrize("text", ["", "abc"])
def test_a_short_text_is_not_redacted(remembered: Workspace, text: str) -> None:
    """It would be taken out wherever it stands."""
    code, said = ran(remembered, "redact", text)
    assert 2 == code
    assert "at least 4 characters" in said


def test_a_backup_is_a_log_and_can_be_put_back(
    remembered: Workspace, tmp_path: Path
) -> None:
    """What was said after it was made is set aside, not deleted."""
    copy = tmp_path / "copy"
    assert 0 == ran(remembered, "backup", str(copy))[0]
    whole = served(remembered.log)
    assert whole == served(copy)
    assert 0o700 == copy.stat().st_mode & 0o777
    assert 2 == ran(remembered, "backup", str(copy))[0]
    put(remembered, "crash/b-2.json", crash("cd" * 32))
    with engine_on(remembered) as engine:
        engine.scan()
    assert 0 == ran(remembered, "restore", str(copy))[0]
    assert whole == served(remembered.log)
    (aside,) = remembered.state.glob("log.before-*")
    assert len(whole) + 1 == len(served(aside))
    with engine_on(remembered) as engine:
        assert 1 == engine.scan().appended  # the file still lies there


def test_a_damaged_copy_is_not_put_back(remembered: Workspace, tmp_path: Path) -> None:
    """The log stays what it was; the copy's exit code said so before."""
    rot(remembered, 2)
    copy = tmp_path / "copy"
    assert 3 == ran(remembered, "backup", str(copy))[0]
    before = served(remembered.log)
    code, said = ran(remembered, "restore", str(copy))
    assert 3 == code
    assert "is damaged" in said
    assert before == served(remembered.log)


def test_a_restore_that_was_cut_off_is_finished_by_the_next_open(
    remembered: Workspace,
) -> None:
    """Between its two renames there is no log; the copy is complete by then."""
    whole = served(remembered.log)
    remembered.log.rename(remembered.state / "log.restoring")
    with engine_on(remembered) as engine:
        assert whole == served(engine.workspace.log)


def test_a_running_daemon_keeps_its_log_to_itself(
    remembered: Workspace, tmp_path: Path
) -> None:
    """Whoever writes is asked to stop first; a copy needs no such thing."""
    with engine_on(remembered):
        copy = str(tmp_path / "copy")
        assert 0 == ran(remembered, "backup", copy)[0]
        for words in (["repair"], ["redact", LEAKED], ["restore", copy]):
            code, said = ran(remembered, *words)
            assert 73 == code
            assert "lokictl down" in said


def test_there_must_be_a_log(workspace: Workspace) -> None:
    """A mistyped workspace is no empty one."""
    for words in (["repair"], ["redact", LEAKED], ["backup", "x"]):
        code, said = ran(workspace, *words)
        assert 2 == code
        assert "no log yet" in said
