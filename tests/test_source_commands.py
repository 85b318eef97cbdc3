"""Commands of a provider session: which were run, how they ended, nothing else."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lokid.events import (
    CommandFailed,
    CommandWorked,
    Event,
    Fact,
    OutputFailed,
    OutputPassed,
    SourceSkipped,
)
from lokid.log import event_id
from lokid.redact import guard
from lokid.secret_shapes import SHAPES
from lokid.sources.commands import MOST
from lokid.sources.output import SESSIONS
from reading import read_chunk
from simulator_rig import iterations, played

HEAD = (
    "=== Session started at Sun Mar  1 10:01:00 UTC 2026 ===\n"
    "=== Provider: claude ===\n=== Prompt (truncated): Build the shop... ===\n"
    "=== RARV Phase: ACT, Tier: development (opus) ===\n"
)
END = "=== Session ended at Sun Mar  1 10:02:00 UTC 2026 with exit code {} ===\n"
INIT = {"type": "system", "subtype": "init", "cwd": "/home/ann/shop", "session_id": "s"}
TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/home/ann/shop/cart.py", line 3, in add\n'
    "    total()\nValueError: cart 17 is empty"
)


class Calls:
    """Lines of stream-json in which tools are called."""

    def __init__(self) -> None:
        """Begin with the line that says where the agent works."""
        self.lines: list[dict[str, Any]] = [INIT]
        self._count = itertools.count(1)

    def use(self, tool: str = "Bash", **wanted: Any) -> str:
        """A call; its id."""
        name = f"toolu_{next(self._count):02d}"
        block = {"type": "tool_use", "id": name, "name": tool, "input": wanted}
        self.lines.append(
            {"type": "assistant", "message": {"role": "assistant", "content": [block]}}
        )
        return name

    def end(
        self, name: str, text: Any = "ok", *, failed: bool = False, **beside: Any
    ) -> None:
        """The result of a call."""
        block = {"type": "tool_result", "tool_use_id": name, "content": text}
        if failed:
            block["is_error"] = True
        message = {"role": "user", "content": [block]}
        self.lines.append({"type": "user", "message": message, **beside})

    def run(self, command: str, text: Any = "ok", *, failed: bool = False) -> None:
        """A shell command from its call to its end."""
        self.end(self.use(command=command), text, failed=failed)

    def body(self) -> str:
        """The lines as they are printed."""
        return "".join(json.dumps(line) + "\n" for line in self.lines)


def read(body: str, exit_code: int = 1) -> list[Fact]:
    """The facts of one session with this body."""
    log = HEAD + body + END.format(exit_code)
    return list(read_chunk(SESSIONS, log.encode()).facts)


def told(body: str, exit_code: int = 1) -> list[Event]:
    """Its commands, as they are kept."""
    events = [guard(fact.event) for fact in read(body, exit_code)]
    return [one for one in events if not isinstance(one, OutputFailed | OutputPassed)]


def shown(calls: Calls) -> list[tuple[str, str]]:
    """Type and head of each command."""
    return [
        (one.TYPE, one.head)
        for one in told(calls.body())
        if isinstance(one, CommandFailed | CommandWorked)
    ]


# -- what is told --------------------------------------------------------------


def test_a_command_that_failed_tells_its_head_and_its_error() -> None:
    """Exit code, error line and places; the session is named by its id."""
    calls = Calls()
    calls.run("git status")
    command = "cd /home/ann/shop && pytest tests/a.py -q"
    calls.run(command, f"Exit code 1\n{TRACE}", failed=True)
    facts = read(calls.body())
    session = event_id(facts[-1].identity)
    assert isinstance(facts[-1].event, OutputFailed)
    assert [
        CommandWorked(head="git status", session=session, nth=0),
        CommandFailed(
            head="pytest tests/a.py",
            session=session,
            nth=1,
            exit_code=1,
            error_line="ValueError: cart {n} is empty",
            places=("cart.py:add",),
        ),
    ] == [guard(fact.event) for fact in facts[:-1]]
    assert {facts[-1].time} == {fact.time for fact in facts}


def test_a_failure_of_the_session_tells_the_same_error() -> None:
    """So that both get the same key."""
    calls = Calls()
    calls.run("pytest", f"Exit code 1\n{TRACE}", failed=True)
    command, session = (fact.event for fact in read(calls.body()))
    assert isinstance(command, CommandFailed)
    assert isinstance(session, OutputFailed)
    assert (session.error_line, session.places) == (command.error_line, command.places)


def test_commands_of_a_session_that_worked_are_told_too() -> None:
    """An agent recovers from most of its failures."""
    calls = Calls()
    calls.run("make", "Exit code 2\nmake: *** [x] Error 2", failed=True)
    assert ["command.failed"] == [one.TYPE for one in told(calls.body(), 0)]


def test_each_output_is_looked_at_by_itself() -> None:
    """The error of one command is never that of the next."""
    calls = Calls()
    calls.run("pytest", f"Exit code 1\n{TRACE}", failed=True)
    calls.run("grep x y", "Exit code 1", failed=True)
    first, second = told(calls.body())
    assert isinstance(first, CommandFailed)
    assert isinstance(second, CommandFailed)
    assert ("ValueError: cart {n} is empty", None) == (
        first.error_line,
        second.error_line,
    )


@pytest.mark.parametrize(
    ("text", "beside", "expected"),
    [
        ("Exit code 127\nbash: line 1: jq: command not found", {}, 127),
        ("Error: Exit code 3", {}, 3),
        ([{"type": "text", "text": "Exit code 2\nno"}], {}, 2),
        ("no exit code here", {}, None),
        ("said only here", {"tool_use_result": {"exit_code": 4}}, 4),
        ("said only here", {"tool_use_result": "Error: Exit code 5"}, None),
        ("Exit code many\nExit code 1", {}, None),
    ],
)
def test_the_exit_code_is_the_providers(
    text: Any, beside: dict[str, Any], expected: int | None
) -> None:
    """In the first line of the text, or in the object beside the message."""
    calls = Calls()
    calls.end(calls.use(command="make"), text, failed=True, **beside)
    event = told(calls.body())[0]
    assert isinstance(event, CommandFailed)
    assert expected == event.exit_code


def test_of_a_line_the_command_that_its_error_names_is_told() -> None:
    """Else the main one."""
    calls = Calls()
    text = "Exit code 127\nbash: line 1: jq: command not found"
    calls.run("make all && cat a.json | jq .", text, failed=True)
    calls.run("make all && npm test", "Exit code 1\nKeyError: 'npm'", failed=True)
    assert ["jq", "make all"] == [head for _, head in shown(calls)]


def test_edits_are_told_with_their_file() -> None:
    """Relative to where the agent works; that is how a fix shows."""
    calls = Calls()
    calls.end(calls.use("Edit", file_path="/home/ann/shop/src/auth.py"))
    calls.end(calls.use("Write", file_path="src/new.py", content="secret"))
    calls.end(calls.use("NotebookEdit", notebook_path="/home/ann/shop/a.ipynb"))
    calls.end(calls.use("MultiEdit", file_path="/home/ann/.bashrc"))
    calls.end(calls.use("Read", file_path="/home/ann/shop/src/auth.py"), "its text")
    calls.end(calls.use("WebFetch", url="https://example.org"), "its text")
    assert [
        ("command.worked", "Edit src/auth.py"),
        ("command.worked", "Write src/new.py"),
        ("command.worked", "NotebookEdit a.ipynb"),
        ("command.worked", "MultiEdit .bashrc"),
    ] == shown(calls)


def test_any_tool_that_failed_is_told() -> None:
    """With the tool's own words; they are no program's output."""
    calls = Calls()
    words = "String to replace not found in file.\nString: x = 1"
    name = calls.use("Edit", file_path="/home/ann/shop/src/auth.py")
    calls.end(name, f"<tool_use_error>{words}</tool_use_error>", failed=True)
    calls.end(calls.use("WebFetch", url="https://a.example.org"), "Exit", failed=True)
    first, second = told(calls.body())
    assert isinstance(first, CommandFailed)
    assert isinstance(second, CommandFailed)
    assert "Edit src/auth.py" == first.head
    assert "String to replace not found in file." == first.error_line
    assert "WebFetch" == second.head


# -- what is not a failure -----------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "The user doesn't want to proceed with this tool use. The tool use was",
        "The user doesn't want to take this action right now.",
        "Claude requested permissions to use Bash, but you haven't granted it yet.",
        "Permission to use Bash with command rm -rf x has been denied.",
        "This command requires approval",
        "This Bash command contains multiple operations. The following parts require",
        "[Request interrupted by user for tool use]",
        "<tool_use_error>Cancelled: parallel tool call Bash(x) errored",
        "<tool_use_error>Blocked: sleep 60</tool_use_error>",
        "<tool_use_error>InputValidationError: command is missing</tool_use_error>",
        "PreToolUse:Bash hook error: no",
    ],
)
def test_what_was_never_run_is_no_failure(text: str) -> None:
    """Refused, cancelled, blocked: the command had no part in it."""
    calls = Calls()
    calls.run("rm -rf x", text, failed=True)
    assert [] == told(calls.body())


def test_what_a_person_interrupted_is_no_failure() -> None:
    """Newer versions say so beside the message."""
    calls = Calls()
    beside = {"interrupted": True}
    calls.end(calls.use(command="make"), "x", failed=True, tool_use_result=beside)
    name = calls.use(command="make")
    meta = [{"id": name, "non_execution_kind": "permission-rule"}]
    calls.end(name, "no", failed=True, tool_result_meta=meta)
    assert [] == told(calls.body())


def test_what_goes_on_in_the_background_has_no_outcome() -> None:
    """Nor has a call without a result."""
    calls = Calls()
    calls.end(calls.use(command="make", run_in_background=True))
    calls.run("make", "Command running in background with ID: b1. Output is ...")
    calls.use(command="make")
    assert [] == told(calls.body())


@pytest.mark.parametrize(
    "body",
    [
        "", "{}\n", "plain text about tool_use\n", '{"type": "user", "message": "x"}\n',
        '{"type":"user","message":{"content":[{"type":"tool_result"}]}}\n',
        '{"type":"assistant","message":{"content":[{"type":"tool_use","id":7}]}}\n',
        '{"type":"assistant","message":{"content":"\\"tool_use\\""}}\n',
        '{"type":"user","message":{"content":[{"type":"tool_result"},7,null]}}\n',
        '{"a":' * 3000 + '"tool_use"\n',
        '{"type":"assistant","message":{"content":[{"ty',
    ],
)  # fmt: skip
def test_lines_that_are_no_calls_say_nothing(body: str) -> None:
    """Half lines, other shapes, other types: never an error."""
    assert [] == told(body)


def test_the_agents_own_words_are_no_calls() -> None:
    """A block of the wrong speaker, or inside a quoted text."""
    calls = Calls()
    calls.run("make")
    quoted = {"type": "text", "text": calls.body()}
    line = {"type": "assistant", "message": {"content": [quoted]}}
    wrong = {"type": "user", "message": calls.lines[1]["message"]}
    assert [] == told(json.dumps(line) + "\n" + json.dumps(wrong) + "\n")


# -- identity ------------------------------------------------------------------


def test_a_command_is_the_same_in_a_log_whose_head_was_cut_off() -> None:
    """By the end marker and the call's id, not by its place."""
    calls = Calls()
    for number in range(6):
        calls.run(f"make a{number}", "Exit code 1", failed=True)
    log = (HEAD + calls.body() + END.format(1)).encode()
    whole = read_chunk(SESSIONS, log).facts[:-1]
    rest = read_chunk(SESSIONS, log[len(log) // 2 :]).facts[:-1]
    known = {event_id(fact.identity): fact.event for fact in whole}
    assert 0 < len(rest) < len(whole)
    for fact in rest:
        event = known[event_id(fact.identity)]
        assert isinstance(event, CommandFailed)
        assert isinstance(fact.event, CommandFailed)
        assert event.head == fact.event.head


def test_the_same_command_twice_is_two() -> None:
    """In one session and in two."""
    calls = Calls()
    calls.run("make")
    calls.run("make")
    assert 2 == len({event_id(fact.identity) for fact in read(calls.body())[:-1]})
    other = (HEAD + calls.body() + END.format(1)).replace("10:02:00", "10:03:00")
    again = read_chunk(SESSIONS, other.encode()).facts[:-1]
    known = {event_id(fact.identity) for fact in read(calls.body())[:-1]}
    assert not known & {event_id(fact.identity) for fact in again}


def test_of_very_many_commands_the_newest_are_kept_and_that_is_said() -> None:
    """Once a session."""
    calls = Calls()
    for number in range(MOST + 20):
        calls.run(f"make a{number}b")
    events = told(calls.body())
    kept = [one for one in events if isinstance(one, CommandWorked)]
    assert SourceSkipped(source="commands", reason="too_many") == events[0]
    assert (MOST, 20, MOST + 19) == (len(kept), kept[0].nth, kept[-1].nth)


def test_each_command_of_a_simulated_history_is_told_once(tmp_path: Path) -> None:
    """With its head, its outcome and its exit code, in the order of the history."""
    failing = {"command": "timeout 42 ./run-3fa2b1.sh", "exit_code": 127}
    failing["output"] = "bash: line 9: timeout: command not found"
    working = {"command": "npm run lint", "output": "ok"}
    history = iterations(
        {"commands": [working, failing], "exit_code": 127, "output": failing["output"]},
        {"commands": [working, {"command": "git status --short"}]},
    )
    root = played(tmp_path, history)
    log = next(root.glob("logs/autonomy-*.log"))
    facts = read_chunk(SESSIONS, log.read_bytes()).facts
    kept = [one.event for one in facts]
    assert [
        ("npm run lint", None),
        ("timeout ./run-{hash}.sh", 127),
        ("npm run lint", None),
        ("git status", None),
    ] == [
        (one.head, one.exit_code if isinstance(one, CommandFailed) else None)
        for one in kept
        if isinstance(one, CommandFailed | CommandWorked)
    ]


# -- privacy -------------------------------------------------------------------

PLANTED = (
    "hunter2x", "ulfq", "acmeq", "Quokka", "ann.q",
    *(shape.sample for shape in SHAPES),
)  # fmt: skip
TEXT = (
    "see /home/ulfq/x, ask ann.q@corp.example.org about acmeq/widgetsq,"
    " password=hunter2x or Quokka"
)


def everything(secret: str) -> Calls:
    """A session with the secret in every place that is not to be kept."""
    calls = Calls()
    text = f"{TEXT} {secret}"
    calls.lines.append(
        {"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}
    )
    for command in (
        f'echo "{text}"',
        f"A='{secret}' make -f \"{secret}\" --opt={secret}",
    ):
        calls.end(calls.use(command=command, description=text), text)
        name = calls.use(command=command, description=text)
        calls.end(name, f"Exit code 1\n{text}", failed=True)
    edit = {"old_string": text, "new_string": text, "file_path": f"/home/ulfq/{secret}"}
    calls.end(calls.use("Edit", **edit), text, tool_use_result={"stdout": text})
    calls.end(calls.use("Write", file_path="/home/ulfq/Quokka.py", content=text))
    return calls


@pytest.mark.parametrize("secret", [shape.sample for shape in SHAPES])
def test_nothing_planted_is_kept(secret: str) -> None:
    """In commands, descriptions, outputs, edits and the agent's own words."""
    calls = everything(secret)
    calls.lines[-2:] = []  # the file's own name is looked at below
    for event in told(calls.body(), 0):
        kept = msgspec.json.encode(event).decode()
        assert [] == [word for word in PLANTED if word in kept]


def test_an_edit_outside_of_the_workspace_tells_the_files_name_alone() -> None:
    """No folder of this machine, and no name that is a secret."""
    calls = everything(SHAPES[10].sample)
    heads = [
        one.head for one in told(calls.body(), 0) if isinstance(one, CommandWorked)
    ]
    assert ["Edit", "Write Quokka.py"] == heads[-2:]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60), st.booleans())))
def test_any_call_gives_events_that_the_guard_lets_pass(
    spoken: list[tuple[str, str, bool]],
) -> None:
    """Whatever was run and printed: one event at most for each, at rest."""
    calls = Calls()
    for command, text, failed in spoken:
        calls.run(command, text, failed=failed)
    events = told(calls.body())
    assert len(events) <= len(spoken)
    assert events == [guard(event) for event in events]
