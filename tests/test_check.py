"""``check``: one line before an action that failed before, else nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from facts import START, Story, ask, views
from lokid import clock, events
from lokid.events import Recorded, Src
from lokid.projection import Answer
from projections.join import Join
from projections.keys import RECIPE

ERESOLVE = "ERESOLVE: could not resolve login"
KEY_ERROR = "KeyError: 'login_id'"
PLACE = ("test_auth.py:test_login",)


def ran(  # noqa: PLR0913  a story's parts, by name
    story: Story,
    number: int,
    head: str,
    exit_code: int = 0,
    *,
    line: str | None = None,
    places: tuple[str, ...] = (),
) -> None:
    """An iteration with this command, which ends like it."""
    story.begin(number)
    story.wait(10)
    session = story.session(number, exit_code, line=line, places=places, lasting=9)
    story.command(head, exit_code, line=line, places=places, session=session.id)
    story.complete(number, exit_code)
    story.wait(10)


def failed_before(
    head: str = "pytest tests/test_auth.py",
    line: str = KEY_ERROR,
    places: tuple[str, ...] = PLACE,
    runs: int = 2,
) -> Story:
    """Runs of three days ago in which a command failed, and a new run."""
    story = Story()
    for pid in range(1, runs + 1):
        story.run(pid)
        story.wait(2)
        ran(story, 1, head, 1, line=line, places=places)
        story.wait(60)
    story.wait(86400 * 3)
    story.run(99)
    story.wait(2)
    return story


def check(story: Story, command: str = "", **params: str) -> Answer:
    """What is said of a command now."""
    return ask(story.told, "check", story.now(), command=command, **params)


def line_of(story: Story, command: str = "", **params: str) -> str:
    """The text alone."""
    return str(check(story, command, **params)["text"])


def said(story: Story, answer: Answer) -> Recorded:
    """Record what was served, as the engine does."""
    return story.add(answer["_served"], Src())


# -- what it says --------------------------------------------------------------


def test_it_says_what_failed_how_often_where_and_what_worked() -> None:
    """One line, advice and no order."""
    story = failed_before()
    assert (
        '"pytest tests/test_auth.py" failed here 2x in 2 runs (last 3 d ago): '
        "KeyError: 'login_id' at test_auth.py:test_login"
    ) == line_of(story, "pytest tests/test_auth.py -q")
    story = failed_before("npm install login", ERESOLVE, ())
    ran(story, 1, "npm install login", 1, line=ERESOLVE)
    ran(story, 2, "npm install login --legacy-peer-deps")
    ran(story, 3, "npm install login", 1, line=ERESOLVE)
    assert (
        '"npm install login" failed here 4x in 3 runs (just now): '
        f"{ERESOLVE}; then worked: npm install login --legacy-peer-deps"
    ) == line_of(story, "npm install login")


def test_the_answer_names_head_and_lessons() -> None:
    """What a program needs; nothing served where nothing is said."""
    story = failed_before()
    answer = check(story, "pytest tests/test_auth.py", session="s1")
    [row] = ask(story.told, "lessons", story.now())["lessons"]
    assert [row["lesson"]] == answer["lessons"]
    assert "pytest tests/test_auth.py" == answer["head"]
    assert len(answer["text"].encode()) == answer["bytes"]
    event = answer["_served"]
    assert isinstance(event, events.CheckServed)
    assert ("s1", "pytest tests/test_auth.py", (row["lesson"],)) == (
        event.session,
        event.head,
        event.lessons,
    )
    assert (1, len(story.told)) == (event.iteration, event.position)
    silent: dict[str, Any] = {"text": "", "head": None, "lessons": [], "bytes": 0}
    assert silent == check(story, "pytest tests/test_cart.py")
    assert silent == check(story)
    assert silent == ask([], "check", command="pytest tests/test_auth.py")


def test_up_to_three_causes_of_one_command_share_the_line() -> None:
    """Those that failed most often first; all that are named count as said."""
    story = Story()
    story.run(1)
    for number, name in enumerate("abccdeeb", start=1):
        ran(story, number, "npx tsc", 1, line=f"TS2322: Type '{name}' is wrong")
    story.run(2)
    answer = check(story, "npx tsc --noEmit")
    assert (
        "\"npx tsc\" failed here 6x (just now): TS2322: Type 'b' is wrong"
        "; also: TS2322: Type 'e' is wrong; TS2322: Type 'c' is wrong"
    ) == answer["text"]
    assert 3 == len(answer["lessons"])


def test_of_equally_frequent_causes_those_of_the_phase_come_first() -> None:
    """Else the newest."""
    story = Story()
    story.run(1)
    ran(story, 1, "npx tsc", 1, line="TS2322: Type 'a' is wrong")
    ran(story, 2, "npx tsc", 1, line="TS2322: Type 'b' is wrong")
    story.run(2)
    newest = "; also: TS2322: Type 'a' is wrong"
    assert line_of(story, "npx tsc").endswith(newest)
    assert line_of(story, "npx tsc", phase="REFLECT").endswith(newest)
    told = line_of(story, "npx tsc", phase="act")
    assert told.endswith("; also: TS2322: Type 'b' is wrong")


def test_a_long_line_is_cut_and_names_fewer() -> None:
    """240 characters at most; a cause that says nothing is left out."""
    story = Story()
    story.run(1)
    head = "pytest tests/" + "a" * 40 + "/test_b.py"
    for number, name in enumerate("xyz", start=1):
        ran(story, number, head, 1, line=f"KeyError: '{name * 150}'")
    story.run(2)
    answer = check(story, head)
    assert len(answer["text"]) <= 240
    assert 1 <= len(answer["lessons"]) < 3


# -- when it is silent -----------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "pytest tests/test_auth.py",
        "pytest -q tests/test_auth.py --maxfail 1",
        "cd web && pytest tests/test_auth.py 2>&1 | tail -5",
        "CI=1 timeout 60 pytest tests/test_auth.py",
        "python -m pytest tests/test_auth.py && echo done",
    ],
)
def test_the_same_command_is_known_in_other_clothes(command: str) -> None:
    """Options, redirections, assignments and neighbours do not matter."""
    told = line_of(failed_before(), command)
    assert told.startswith('"pytest tests/test_auth.py" failed')


@pytest.mark.parametrize(
    "command",
    [
        "pytest",
        "pytest tests/test_cart.py",
        "cat tests/test_auth.py",
        "echo pytest tests/test_auth.py",
        "git commit -m 'pytest tests/test_auth.py fails with KeyError login_id'",
        "grep -rn login_id src",
        "",
    ],
)
def test_loose_words_match_nothing(command: str) -> None:
    """Only the very command counts."""
    assert "" == line_of(failed_before(), command)


def test_one_success_and_it_is_silent_until_it_fails_again() -> None:
    """What the command did last decides."""
    story = failed_before()
    ran(story, 1, "pytest tests/test_auth.py")
    assert "" == line_of(story, "pytest tests/test_auth.py")
    ran(story, 2, "pytest tests/test_auth.py", 1, line="KeyError: 'other'")
    assert "KeyError: 'login_id'" in line_of(story, "pytest tests/test_auth.py")


def test_what_failed_in_this_iteration_is_not_told_again() -> None:
    """The agent has just read it."""
    story = failed_before()
    story.begin(1)
    story.wait(5)
    story.command("pytest tests/test_auth.py", 1, line=KEY_ERROR, places=PLACE)
    assert "" == line_of(story, "pytest tests/test_auth.py")
    assert "" != line_of(story, "pytest tests/test_auth.py", iteration="2")


def test_an_option_it_never_failed_with_may_be_the_fix() -> None:
    """Somebody tries something else."""
    story = failed_before("npm install login", ERESOLVE, ())
    assert "" != line_of(story, "npm install login")
    assert "" == line_of(story, "npm install login --legacy-peer-deps")


def test_a_success_with_an_option_says_nothing_of_it_without() -> None:
    """The warning comes with what worked; with the option itself it is silent."""
    story = failed_before("npm install login", ERESOLVE, ())
    ran(story, 1, "npm install login", 1, line=ERESOLVE)
    ran(story, 2, "npm install login --legacy-peer-deps")
    told = line_of(story, "npm install login")
    assert told.endswith("; then worked: npm install login --legacy-peer-deps")
    assert "" == line_of(story, "npm install login --legacy-peer-deps")
    ran(story, 3, "npm install login")
    assert "" == line_of(story, "npm install login")


def test_a_missing_program_is_told_for_any_of_its_uses() -> None:
    """`command not found` is about the program; what follows it does not matter."""
    line = "bash: line {n}: jq: command not found"
    story = failed_before("jq .name", line, ())
    assert line_of(story, "cat a.json | jq .version").startswith('"jq" failed here 2x')
    ran(story, 1, "jq .other")
    assert "" == line_of(story, "jq .version")


def test_nothing_is_said_twice_in_a_session() -> None:
    """Neither by check itself, nor what the block said; another agent is told."""
    story = failed_before()
    command = "pytest tests/test_auth.py"
    first = check(story, command, session="one")
    assert first["text"]
    said(story, first)
    assert "" == line_of(story, command, session="one")
    assert first["text"] == line_of(story, command, session="two")
    assert "" == line_of(story, command)
    assert "" != line_of(story, command, iteration="2")
    story = failed_before()
    block = ask(story.told, "context", story.now(), iteration="1")
    assert KEY_ERROR in block["text"]
    said(story, block)
    assert "" == line_of(story, command, session="one")
    assert "" != line_of(story, command, session="one", iteration="2")


def test_without_run_and_iteration_an_hour_is_a_session() -> None:
    """Nobody can tell one agent from the next there."""
    story = Story()
    for number in (1, 2):
        story.command("npm ci", number, line=ERESOLVE)
        story.wait(60)
    told = check(story, "npm ci")
    said(story, told)
    story.wait(1800)
    assert "" == line_of(story, "npm ci")
    story.wait(3600)
    assert "" != line_of(story, "npm ci")


def test_a_muted_or_resolved_lesson_is_not_told() -> None:
    """What people said of it counts."""
    for event in (events.LessonMuted, events.LessonResolved):
        story = failed_before()
        [row] = ask(story.told, "lessons", story.now())["lessons"]
        join = views(story.told)["join"]
        assert isinstance(join, Join)
        members = tuple(one.id for one in join.failures())
        story.add(event(lesson=row["lesson"], recipe=RECIPE, members=members), Src())
        assert "" == line_of(story, "pytest tests/test_auth.py")


def test_a_bare_exit_code_is_no_warning() -> None:
    """That it failed is all there is to say, and says nothing of why."""
    story = Story()
    for pid in (1, 2):
        story.run(pid)
        ran(story, 1, "make all", 2)
    story.run(3)
    assert "" == line_of(story, "make all")


def test_a_tool_that_is_no_shell_is_known_by_its_file() -> None:
    """An edit that failed is told before the next of the same file."""
    line = "String to replace not found in file."
    story = failed_before("Edit src/auth.py", line, ())
    told = line_of(story, tool="Edit", file="src/auth.py")
    assert told.startswith('"Edit src/auth.py" failed here 2x in 2 runs')
    assert "" == line_of(story, tool="Write", file="src/auth.py")
    assert "" == line_of(story, tool="Edit", file="src/cart.py")
    assert "" == line_of(story, tool="Edit")


def test_a_held_out_lesson_is_not_told_and_recorded() -> None:
    """By lesson and run, the same in every moment of it."""
    story = failed_before()
    answer = check(story, "pytest tests/test_auth.py", holdout_percent="100")
    assert ("", []) == (answer["text"], answer["lessons"])
    [row] = ask(story.told, "lessons", story.now())["lessons"]
    assert (row["lesson"],) == answer["_served"].held
    block = ask(story.told, "context", story.now(), holdout_percent="100")
    assert ("", (row["lesson"],)) == (block["text"], block["_served"].held)
    assert 0 == block["left_out"]


def test_the_age_is_told_in_the_largest_unit() -> None:
    """Minutes, hours, days."""
    story = failed_before()
    for seconds, words in ((0, "3 d"), (86400 * 4, "7 d")):
        now = clock.stamp(START + timedelta(seconds=story.seconds + seconds))
        text = ask(story.told, "check", now, command="pytest tests/test_auth.py")[
            "text"
        ]
        assert [words] == re.findall(r"last (\S+ \S+) ago", text)
