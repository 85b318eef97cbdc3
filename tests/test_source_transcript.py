"""Claude Code's transcripts: commands that were executed, and nothing else."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from lokid.events import CommandFailed, CommandWorked, Event, Fact
from lokid.redact import guard
from lokid.sources.transcript import MOST, Transcript, read
from transcripts import SESSION, Talk

ERROR = (
    "Traceback (most recent call last):\n"
    '  File "src/app.py", line 3, in load\n'
    "ModuleNotFoundError: No module named 'yaml'"
)


def told(talk: Talk) -> Transcript:
    """What a session's file tells, wherever it was run."""
    return read(talk.written, lambda _: True)


def events(talk: Talk) -> list[Event]:
    """Its facts as they would be kept."""
    return [guard(fact.event) for fact in told(talk).facts]


def test_commands_are_told_with_their_own_times() -> None:
    """Head, outcome, exit code, error line; one session, counted from 0."""
    talk = Talk("/src/shop")
    talk.ran("ls -la")
    talk.ran("python src/app.py", ERROR, 1)
    talk.ran("pip install yaml")
    found = told(talk)
    first, failed, last = (guard(fact.event) for fact in found.facts)
    assert isinstance(failed, CommandFailed)
    assert ("python src/app.py", 1, "src/app.py" in failed.head) == (
        failed.head,
        failed.exit_code,
        True,
    )
    assert "ModuleNotFoundError: No module named 'yaml'" == failed.error_line
    assert isinstance(first, CommandWorked)
    assert isinstance(last, CommandWorked)
    assert [0, 1, 2] == [first.nth, failed.nth, last.nth]
    assert first.session == failed.session == last.session
    assert [
        "2026-02-03T10:00:02.000Z",
        "2026-02-03T10:00:04.000Z",
        "2026-02-03T10:00:06.000Z",
    ] == [fact.time for fact in found.facts]


def test_what_a_file_holds_is_nobodys_failure() -> None:
    """Read, and what commands that worked have printed."""
    talk = Talk("/src/shop")
    talk.read("notes.txt", ERROR)
    talk.ran("cat notes.txt", ERROR)
    talk.ran("grep -rn Error .", ERROR)
    found = events(talk)
    assert ["cat", "grep"] == [
        event.head.split()[0] for event in found if isinstance(event, CommandWorked)
    ]
    assert 2 == len(found)
    assert "yaml" not in str(found)


def test_what_was_never_run_is_no_failure() -> None:
    """A refused permission, an interruption, a hook that blocked."""
    talk = Talk("/src/shop")
    refused = talk.call("Bash", command="rm -rf build")
    talk.result(
        refused, "The user doesn't want to proceed with this tool use.", error=True
    )
    stopped = talk.call("Bash", command="make all")
    talk.result(stopped, "Exit code 137\n", error=True, interrupted=True)
    assert [] == events(talk)


def test_a_call_is_known_by_its_id_wherever_it_stands() -> None:
    """A fork repeats the lines under its own session id; a file may too."""
    talk = Talk("/src/shop")
    talk.ran("make", "make: *** [all] Error 2", 2)
    fork = Talk("/src/shop", session="9" * 8 + SESSION[8:])
    fork.lines = [line.replace(SESSION, fork.session) for line in talk.lines * 2]
    (one,), (other,) = told(talk).facts, told(fork).facts
    assert one.identity == other.identity


def test_a_short_id_counts_in_its_session_only() -> None:
    """Ids that others may have as well."""
    facts: list[Fact] = []
    for session in (SESSION, "9" * 8 + SESSION[8:]):
        talk = Talk("/src/shop", session=session)
        talk.result(talk.call("Bash", "call_1", command="make"), "done")
        facts += told(talk).facts
    assert 2 == len({fact.identity for fact in facts})


def test_helpers_have_sessions_of_their_own() -> None:
    """Their lines name the session that sent them, and themselves."""
    mine, helper = Talk("/src/shop"), Talk("/src/shop", agentId="a1b2c3d")
    sessions = set()
    for talk in (mine, helper):
        talk.ran("make")
        sessions |= {event.session for event in events(talk)}  # type: ignore[attr-defined]  # commands only
    assert 2 == len(sessions)


def test_only_wanted_folders_count() -> None:
    """By the folder that each line names."""
    talk = Talk("/src/shop")
    talk.ran("make here")
    talk.cwd = "/src/other"
    talk.ran("make there")
    found = read(talk.written, lambda folder: folder == "/src/shop")
    assert ["make here"] == [fact.event.head for fact in found.facts]  # type: ignore[attr-defined]  # commands only
    assert 1 == found.elsewhere


def test_edits_are_told_by_their_file() -> None:
    """Since that is how a fix shows; nothing of what was written."""
    talk = Talk("/src/shop")
    call = talk.call(
        "Edit", file_path="/src/shop/app.py", old_string="a", new_string="b"
    )
    talk.result(call, "The file has been updated")
    assert ["Edit app.py"] == [event.head for event in events(talk)]  # type: ignore[attr-defined]  # commands only


def test_an_endless_session_keeps_its_newest() -> None:
    """And says how many it left out."""
    talk = Talk("/src/shop")
    for number in range(MOST + 3):
        talk.ran(f"make target{number}")
    found = told(talk)
    assert (MOST, 3) == (len(found.facts), found.left_out)
    assert found.facts[-1].event.head == f"make target{MOST + 2}"  # type: ignore[attr-defined]  # a command


def test_broken_lines_are_counted_and_stop_nothing() -> None:
    """Half a line, another shape, no JSON, deep nesting, lone surrogates."""
    talk = Talk("/src/shop")
    talk.ran("make")
    good = talk.written
    broken = [
        good[0][:40] + b'"tool_use"',
        b'["tool_use"]',
        b'{"type":"tool_use" \xff\xfe',
        b"[" * 5000 + b'"tool_result"',
        b'{"cwd":7,"message":"tool_use","timestamp":[],"x":"tool_result"}',
        b"",
        b"\x00",
    ]
    found = read([*broken, *good, *broken], lambda _: True)
    assert 1 == len(found.facts)
    assert 8 == found.broken


def test_nothing_private_is_kept() -> None:
    """Secrets in command, output, folder, session and file."""
    secret = "ghp_" + "x" * 36
    bad = f"{secret} /home/annika/app annika@corp.example.org"
    talk = Talk(f"/src/{secret}", session=bad)
    talk.ran(
        f"curl -H 'Authorization: Bearer {secret}' https://api.example.org/{secret}"
    )
    talk.ran(f"deploy {bad}", f"Error: cannot read {bad}", 1)
    talk.result(talk.call("Edit", file_path=f"/src/{secret}/{secret}.py"), "done")
    said = " ".join(map(str, events(talk)))
    assert [] == [part for part in (*bad.split(), "annika") if part in said]
    assert "deploy" in said


def test_no_bytes_break_it() -> None:
    """Whatever a file holds, it is read to its end."""
    talk = Talk("/src/shop")
    talk.ran("make")

    @given(st.lists(st.binary(max_size=60) | st.sampled_from(talk.written[:1])))
    def reads(lines: list[bytes]) -> None:
        marked = [line + json.dumps("tool_use").encode() for line in lines]
        assert () == read([*lines, *marked], lambda _: True).facts

    reads()
