"""``fix``: right after a failure, what worked the last time; else nothing."""

from __future__ import annotations

from typing import Any

import pytest

from facts import Story, ask
from lokid import events
from lokid.events import Src
from lokid.projection import Answer
from test_check import ran

COMMAND = "npm install login"
WORKED = "npm install login --legacy-peer-deps"
PRINTED = """npm error code ERESOLVE
npm error ERESOLVE unable to resolve dependency tree
npm error While resolving: app@3.0.1
npm error Could not resolve dependency:
npm error peer cards@"^3.0.0" from login@158
"""
SILENT: dict[str, Any] = {"text": "", "head": None, "lessons": [], "bytes": 0}


def line_of(text: str) -> str:
    """The error line that the log's source makes of a text."""
    from projections.printed import printed

    told = printed(text).line
    assert told
    return told


def fixed_before(runs: int = 2) -> Story:
    """Runs in which the command failed, and then worked with an option."""
    story = Story()
    for pid in range(1, runs + 1):
        story.run(pid)
        story.wait(2)
        ran(story, 1, COMMAND, 1, line=line_of(PRINTED))
        ran(story, 2, WORKED)
        story.wait(86400)
    story.run(99)
    story.wait(2)
    return story


def fix(story: Story, **params: str) -> Answer:
    """What is said of a failure now."""
    return ask(story.told, "fix", story.now(), **params)


def test_the_error_leads_to_what_worked() -> None:
    """By its key, whatever was volatile in it, and whatever the command was."""
    story = fixed_before()
    told = fix(story, command=COMMAND, error=PRINTED, session="s")
    assert told["text"].startswith("ERESOLVE: ")
    assert told["text"].endswith(f" (last 1 d ago); then worked: {WORKED}")
    assert " failed here 2x in 2 runs" in told["text"]
    event = told["_served"]
    assert isinstance(event, events.FixServed)
    assert (COMMAND, "s") == (event.head, event.session)
    assert tuple(told["lessons"]) == event.lessons
    assert 1 == len(event.lessons)
    varied = "Exit code 1\n" + PRINTED.replace("app@3.0.1", "app@77.0.1")
    assert told["text"] == fix(story, command="make", error=varied)["text"]
    assert told["text"] == fix(story, error=varied)["text"]


def test_another_error_of_the_same_command_has_no_fix() -> None:
    """The command alone says nothing where the error says something else."""
    story = fixed_before()
    other = "npm error code ENOTFOUND\nnpm error network request failed\n"
    assert SILENT == fix(story, command=COMMAND, error=other)


@pytest.mark.parametrize("error", ["", "\n", "done in 3 s", "Exit code 1\n"])
def test_without_an_error_the_command_alone_may_tell(error: str) -> None:
    """If only one thing ever went wrong with it."""
    story = fixed_before()
    assert WORKED in fix(story, command=COMMAND, error=error)["text"]
    assert SILENT == fix(story, command="npm ci", error=error)
    assert SILENT == fix(story, error=error)
    ran(story, 1, COMMAND, 1, line="ENOTFOUND: network request failed")
    assert SILENT == fix(story, command=COMMAND, error=error)


def test_what_failed_just_now_is_no_fix_of_itself() -> None:
    """Whoever ran the fix and failed is not told to run it."""
    story = fixed_before()
    assert SILENT == fix(story, command=WORKED, error=PRINTED)


def test_no_confirmed_fix_is_silence() -> None:
    """Dead ends are no fix."""
    story = Story()
    story.run()
    for number in (1, 2, 3):
        ran(story, number, COMMAND, 1, line=line_of(PRINTED))
        ran(story, number + 3, "npm cache clean")
    assert SILENT == fix(story, command=COMMAND, error=PRINTED)
    assert SILENT == ask([], "fix", command=COMMAND, error=PRINTED)


def test_a_fix_is_said_once_in_a_session() -> None:
    """By fix, or by the check before; another agent is told."""
    for before in ("fix", "check"):
        story = fixed_before()
        params = {"command": COMMAND, "error": PRINTED}
        first = ask(story.told, before, story.now(), session="a", **params)
        assert WORKED in first["text"]
        story.add(first["_served"], Src())
        story.wait(1)
        assert SILENT == fix(story, session="a", **params)
        assert WORKED in fix(story, session="b", **params)["text"]
        assert WORKED in fix(story, iteration="7", **params)["text"]


def test_a_fix_found_since_the_check_is_news() -> None:
    """What check could not say yet, fix says."""
    story = Story()
    story.run(1)
    ran(story, 1, COMMAND, 1, line=line_of(PRINTED))
    params = {"command": COMMAND, "error": PRINTED, "session": "a"}
    first = ask(story.told, "check", story.now(), **params)
    assert first["text"]
    assert WORKED not in first["text"]
    story.add(first["_served"], Src())
    story.wait(5)
    ran(story, 2, WORKED)
    assert WORKED in fix(story, **params)["text"]


def test_the_block_does_not_silence_a_fix() -> None:
    """It is read at another moment; what failed just now is worth the word."""
    story = fixed_before()
    block = ask(story.told, "context", story.now(), iteration="1")
    assert WORKED in block["text"]
    story.add(block["_served"], Src())
    told = fix(story, command=COMMAND, error=PRINTED, iteration="1")
    assert WORKED in told["text"]


def test_a_held_out_fix_is_not_said_and_recorded() -> None:
    """As everywhere in that run."""
    story = fixed_before()
    told = fix(story, command=COMMAND, error=PRINTED, holdout_percent="100")
    assert ("", []) == (told["text"], told["lessons"])
    assert 1 == len(told["_served"].held)


def test_the_line_keeps_its_limit() -> None:
    """240 characters, also of a long error and a long command."""
    story = Story()
    long = "KeyError: '" + "x" * 190 + "'"
    for pid in (1, 2):
        story.run(pid)
        ran(story, 1, "./" + "a" * 60 + " b", 1, line=long[:199])
        ran(story, 2, "./" + "a" * 60 + " b --legacy-peer-deps")
        story.wait(86400)
    told = fix(story, error=f"Traceback (most recent call last):\n{long}\n")
    assert len(told["text"]) <= 240
