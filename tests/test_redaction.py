"""Taking a leaked text out: what changes, what stays, what is said of it."""

from __future__ import annotations

import errno
import io
import json
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.main import lokictl as run
from log_rig import AT, SMALL, flip, line_offsets, pairs, segments, served
from lokid import atomic
from lokid.errors import UsageError
from lokid.events import (
    Event,
    Fact,
    GatesCounted,
    LogLossAccepted,
    OutputFailed,
    Src,
    StageCompleted,
)
from lokid.log import Log, event_id, verify
from lokid.log.leak import Leak
from lokid.log.salvage import acceptances
from lokid.paths import Workspace
from shell import COMMAND

WORD = "leakedword"


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


def lokictl(*words: str, at: Workspace) -> Done:
    """Run a command of the log to its end, in this process."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = run(["-C", str(at.root), "log", *words])
    return Done(code, out.getvalue(), err.getvalue())


def ask(*words: str, at: Workspace) -> dict[str, Any]:
    """What a redaction answers as JSON."""
    done = lokictl("redact", *words, "--json", at=at)
    assert (0, "") == (done.code, done.err)
    found: dict[str, Any] = json.loads(done.out)
    return found


def redact_input(given: bytes, at: Workspace) -> subprocess.CompletedProcess[bytes]:
    """Redact what standard input holds."""
    return subprocess.run(
        [*COMMAND, "-C", str(at.root), "log", "redact", "-"],
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )


def said(line: str, number: int = 0) -> tuple[str, Fact]:
    """A failed session that said this, with its id."""
    event = OutputFailed(exit_code=1, error_line=line)
    return event_id((line, number)), Fact(event=event, identity=(line, number))


def logged(place: Workspace, *lines: str, others: int = 30) -> None:
    """A log with these error lines among other events."""
    with_log(place, [*pairs(1, others), *map(said, lines)])


def with_log(place: Workspace, facts: list[tuple[str, Fact]]) -> None:
    """A log that holds these."""
    place.create()
    log = Log.open(place.log, segment_bytes=SMALL)
    for one in facts:
        log.append([one], AT)
    log.close()


def lines_of(place: Workspace) -> list[str]:
    """The error lines that a log serves."""
    events = [one.event for one in served(place.log)]
    return [one.error_line or "" for one in events if isinstance(one, OutputFailed)]


# -- what may change -----------------------------------------------------------


@pytest.mark.parametrize("text", ["iteration", "iteration.started", "started", "2026"])
def test_types_keys_and_times_are_never_changed(
    workspace: Workspace, text: str
) -> None:
    """A text that stands only there is not in the log at all."""
    logged(workspace, "nothing of it")
    before = served(workspace.log)
    done = lokictl("redact", text, "--yes", at=workspace)
    assert 0 == done.code
    assert done.out.startswith("no event of the log holds that text\n")
    assert before == served(workspace.log)
    assert 0 == verify(workspace.log).unknown


def test_what_a_person_names_goes_out_of_data_and_of_where_it_was_read(
    workspace: Workspace,
) -> None:
    """A key of data is a name and stays, whatever its value."""
    facts: list[Fact] = []
    events: list[Event] = [
        GatesCounted(counts={"iteration": 3}),
        StageCompleted(stage="iteration", status="fail", iteration=1),
    ]
    for event in events:
        src = Src(path=f"iteration/{len(facts)}.json")
        facts.append(Fact(event=event, identity=(event.TYPE,), src=src))
    with_log(workspace, [(event_id(one.identity), one) for one in facts])
    assert 2 == ask("iteration", at=workspace)["events"]
    counted, stage = served(workspace.log)[:2]
    assert events[0] == counted.event
    assert StageCompleted(stage="redacted", status="fail", iteration=1) == stage.event
    assert ["redacted/0.json", "redacted/1.json"] == [
        one.src.path for one in (counted, stage)
    ]


def test_a_time_within_an_event_stays(workspace: Workspace) -> None:
    """It says when something was; in a sentence it is text."""
    event = OutputFailed(exit_code=1, started=AT, error_line=f"began {AT[:16]}")
    with_log(workspace, [(event_id((AT,)), Fact(event=event, identity=(AT,)))])
    assert 1 == ask("2026-02-03T", at=workspace)["events"]
    [found] = [one.event for one in served(workspace.log) if one.type == event.TYPE]
    assert OutputFailed(exit_code=1, started=AT, error_line="began redacted04:05") == (
        found
    )


# -- too much to be meant ------------------------------------------------------


def test_a_text_in_very_many_events_wants_a_yes(workspace: Workspace) -> None:
    """It cannot be undone; a dry run only says so."""
    logged(workspace, *[f"{WORD} number {n}" for n in "abcdefghijklmnopqrstu"])
    before = served(workspace.log)
    done = lokictl("redact", WORD, at=workspace)
    assert (2, "") == (done.code, done.out)
    assert "21 of 51 events" in done.err
    assert "--yes" in done.err
    dry = lokictl("redact", WORD, "--dry-run", at=workspace)
    assert 0 == dry.code
    assert "21 of 51 events: it wants --yes" in dry.out
    assert before == served(workspace.log)
    assert (21, 51, True) == tuple(
        ask(WORD, "--dry-run", at=workspace)[key]
        for key in ("events", "of", "needs_yes")
    )
    assert 21 == ask(WORD, "--yes", at=workspace)["events"]
    assert not any(WORD in line for line in lines_of(workspace))


@pytest.mark.parametrize(("held", "others"), [(20, 0), (21, 189)])
def test_few_events_or_a_small_part_want_none(
    workspace: Workspace, held: int, others: int
) -> None:
    """Up to twenty, and up to a tenth."""
    facts = [said(WORD, number) for number in range(held)]
    with_log(workspace, [*pairs(1, others), *facts])
    assert not ask(WORD, "--dry-run", at=workspace)["needs_yes"]
    assert held == ask(WORD, at=workspace)["events"]


# -- accepted losses -----------------------------------------------------------


def damaged_behind_a_leak(directory: Path, *, accept: bool = True) -> None:
    """A segment with the text in its first line, and an accepted loss behind."""
    log = Log.open(directory, segment_bytes=8 * SMALL)
    log.append([said(WORD)], AT)
    log.append(pairs(1, 5), AT)
    log.seal()
    log.append(pairs(6, 9), AT)
    log.close()
    flip(segments(directory)[0], line_offsets(segments(directory)[0])[3] + 40)
    log = Log.open(directory, segment_bytes=8 * SMALL)
    if accept:
        log.append(acceptances(verify(directory).problems), AT)
    log.close()


def test_a_redaction_before_an_accepted_loss_keeps_it_accepted(
    workspace: Workspace,
) -> None:
    """Its place moves; the acceptance goes with it, and only what was accepted."""
    damaged_behind_a_leak(workspace.log)
    [before] = verify(workspace.log).problems
    assert before.accepted
    assert 1 == ask(WORD, at=workspace)["events"]
    [after] = verify(workspace.log).problems
    assert before.offset + len("redacted") - len(WORD) == after.offset
    assert after.accepted
    assert 0 == lokictl("verify", at=workspace).code


def test_a_loss_that_nobody_accepted_is_none_after_a_redaction(
    workspace: Workspace,
) -> None:
    """It is named as before."""
    damaged_behind_a_leak(workspace.log, accept=False)
    ask(WORD, at=workspace)
    assert [False] == [one.accepted for one in verify(workspace.log).problems]


def test_a_crash_in_a_redaction_leaves_the_loss_accepted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the segment is rewritten and after; it is told once."""
    damaged_behind_a_leak(workspace.log)
    whole = atomic.write_file

    def dies(path: Path, content: Any = ()) -> None:
        if path.name == segments(workspace.log)[0].name:
            raise KeyboardInterrupt
        whole(path, content)

    for crash in (True, False):
        with monkeypatch.context() as patched:
            if crash:
                patched.setattr(atomic, "write_file", dies)
            lokictl("redact", WORD, at=workspace)
        assert not verify(workspace.log).damaged
    places = [one.event for one in served(workspace.log)]
    assert 2 == len([one for one in places if isinstance(one, LogLossAccepted)])


# -- what lies beside the log --------------------------------------------------


def test_a_log_that_was_set_aside_is_blanked_too(workspace: Workspace) -> None:
    """As torn pieces are; a dry run counts both and changes nothing."""
    logged(workspace, f"first {WORD}", others=1)
    torn = workspace.torn / "piece"
    torn.parent.mkdir()
    torn.write_bytes(b'"error_line":"so ' + WORD.encode())
    kept = workspace.root.parent / "copy"
    assert 0 == lokictl("backup", str(kept), at=workspace).code
    assert 0 == lokictl("restore", str(kept), at=workspace).code
    [aside] = workspace.state.glob("log.before-*")
    before = {file: file.read_bytes() for file in [torn, *segments(aside)]}
    told = ask(WORD, "--dry-run", at=workspace)
    assert (1, 1, 1) == tuple(
        told[key] for key in ("events", "torn_files", "set_aside_files")
    )
    assert before == {file: file.read_bytes() for file in before}
    done = lokictl("redact", WORD, at=workspace)
    assert "1 torn piece blanked\n1 file of logs set aside blanked\n" in done.out
    for file, data in before.items():
        assert data.replace(WORD.encode(), b"x" * len(WORD)) == file.read_bytes()
    held = [path for path in workspace.state.rglob("*") if path.is_file()]
    assert [] == [path for path in held if WORD.encode() in path.read_bytes()]


def test_whole_lines_set_aside_stay_whole_where_only_a_key_is_hit(
    workspace: Workspace,
) -> None:
    """A word of the format does no harm there either."""
    logged(workspace, "nothing of it")
    kept = workspace.root.parent / "copy"
    lokictl("backup", str(kept), at=workspace)
    lokictl("restore", str(kept), at=workspace)
    [aside] = workspace.state.glob("log.before-*")
    assert 0 == ask("iteration", at=workspace)["set_aside_files"]
    assert not verify(aside).problems


# -- what is looked for --------------------------------------------------------


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"  \r\n", b"\t"])
def test_white_space_around_a_text_is_no_part_of_it(
    workspace: Workspace, end: bytes
) -> None:
    """An editor or another system put it there."""
    logged(workspace, f"so {WORD}, it said")
    done = redact_input(b" " + WORD.encode() + end, workspace)
    assert (0, b"") == (done.returncode, done.stderr)
    assert done.stdout.startswith(b"1 event in 1 segment redacted\n")
    assert ["so redacted, it said"] == lines_of(workspace)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("login   of `ann miller`\n failed", "login of 'ann miller' failed"),
        ("ann miller failed after 3124 tries", "ann miller failed after {n} tries"),
    ],
)
def test_a_text_is_found_as_the_log_keeps_it(
    workspace: Workspace, given: str, kept: str
) -> None:
    """And it is said that it stood there in that form."""
    logged(workspace, f"so {kept} at last")
    done = lokictl("redact", given, at=workspace)
    assert "1 event in 1 segment redacted\n" in done.out
    assert "1 event of them held it reshaped" in done.out
    assert ["so redacted at last"] == lines_of(workspace)


@pytest.mark.parametrize(
    "text", ["/home/ann/secret.txt", "open /home/ann/secret.txt", "path", "path} or"]
)
def test_a_placeholder_alone_is_nothing_that_was_found(
    workspace: Workspace, text: str
) -> None:
    """It stands for what the log never kept; a person is told what may help."""
    logged(workspace, "open {path} or {token}: denied")
    done = lokictl("redact", text, at=workspace)
    assert "no event of the log holds that text\n" in done.out
    assert "The log keeps text reshaped" in done.out
    assert "shorter, plain part" in done.out
    assert ["open {path} or {token}: denied"] == lines_of(workspace)


def test_a_text_around_a_placeholder_is_found(workspace: Workspace) -> None:
    """As a person copies it from an answer."""
    logged(workspace, "ann may not open {path} or {token}: denied")
    assert 1 == ask("not open {path} or", at=workspace)["events"]
    assert ["ann may redacted {token}: denied"] == lines_of(workspace)


@pytest.mark.parametrize("text", ["abc", " abc \n", "{path}", "redact", "a\udcffbcd"])
def test_a_text_that_nobody_can_mean_is_refused(text: str) -> None:
    """Too short, of placeholders alone, part of what stands in its place, no text."""
    with pytest.raises(UsageError):
        Leak(text)


def test_bytes_that_are_no_text_are_a_usage_error(workspace: Workspace) -> None:
    """From standard input and as an argument."""
    logged(workspace, "nothing of it")
    data = b"\xff\xfe\xfdabcd"
    named = subprocess.run(
        [
            *map(str.encode, COMMAND),
            b"-C",
            bytes(workspace.root),
            b"log",
            b"redact",
            data,
        ],
        capture_output=True,
        check=False,
        timeout=60,
    )
    for done in (redact_input(data, workspace), named):
        assert (2, b"") == (done.returncode, done.stdout)
        assert b"is not UTF-8" in done.stderr
        assert b"bug" not in done.stderr


# -- a full disk ---------------------------------------------------------------


def full(monkeypatch: pytest.MonkeyPatch, folder: Path, code: int) -> None:
    """There is no room for any file in a folder."""
    whole = atomic.write_file

    def write(path: Path, chunks: Any = (), *, mark: str = "") -> None:
        if path.parent == folder and chunks:
            raise OSError(code, "no room left")
        whole(path, chunks, mark=mark)

    monkeypatch.setattr(atomic, "write_file", write)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_ends_a_redaction_with_75_and_its_place(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Run again with room it is done."""
    logged(workspace, WORD)
    with monkeypatch.context() as patched:
        full(patched, workspace.log, code)
        done = lokictl("redact", WORD, at=workspace)
    assert (75, "") == (done.code, done.out)
    assert str(workspace.log) in done.err
    assert "run it again" in done.err
    assert () == verify(workspace.log).problems
    assert 1 == ask(WORD, at=workspace)["events"]
    assert ["redacted"] == lines_of(workspace)


def test_a_full_disk_ends_a_blanking_with_75_and_its_place(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torn pieces lie on the same disk."""
    logged(workspace, "nothing of it")
    workspace.torn.mkdir()
    (workspace.torn / "piece").write_bytes(WORD.encode())
    full(monkeypatch, workspace.torn, errno.ENOSPC)
    done = lokictl("redact", WORD, at=workspace)
    assert 75 == done.code
    assert str(workspace.torn / "piece") in done.err


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_ends_a_backup_with_75_and_its_place(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Nothing of a half copy stays: it would pass for a whole log."""
    logged(workspace, "nothing of it")
    target = tmp_path / "copy"
    whole = atomic.write_all
    calls: list[int] = []

    def write_all(fd: int, data: bytes) -> None:
        calls.append(fd)
        if len(calls) > 2:
            raise OSError(code, "no room left")
        whole(fd, data)

    with monkeypatch.context() as patched:
        patched.setattr(atomic, "write_all", write_all)
        done = lokictl("backup", str(target), at=workspace)
    assert (75, "") == (done.code, done.out)
    assert str(target) in done.err
    assert str(workspace.state) not in done.err
    assert [] == list(target.iterdir())
    assert 0 == lokictl("backup", str(target), at=workspace).code


def test_a_full_disk_ends_a_restore_with_75_and_the_log_as_it_was(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is made whole before anything is set aside."""
    logged(workspace, "nothing of it")
    before = served(workspace.log)
    assert 0 == lokictl("backup", str(tmp_path / "copy"), at=workspace).code
    full(monkeypatch, workspace.state / "log.restoring", errno.ENOSPC)
    done = lokictl("restore", str(tmp_path / "copy"), at=workspace)
    assert (75, "") == (done.code, done.out)
    assert str(workspace.state / "log.restoring") in done.err
    assert before == served(workspace.log)


def test_a_place_that_refuses_a_backup_is_named(
    workspace: Workspace, tmp_path: Path
) -> None:
    """And not the state directory, which is well."""
    logged(workspace, "nothing of it")
    (tmp_path / "file").touch()
    done = lokictl("backup", str(tmp_path / "file" / "copy"), at=workspace)
    assert (74, "") == (done.code, done.out)
    assert str(tmp_path / "file") in done.err
    assert "state directory" not in done.err
