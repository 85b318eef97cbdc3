"""``explain`` on lines of ``check`` and ``fix``: their lessons, and why they came."""

from __future__ import annotations

from typing import Any

import pytest

from facts import Story, ask
from lokid.errors import UsageError
from lokid.events import LessonMerged, Src

TYPES = (
    "TS2322: Type 'string' is not assignable to type 'Row' of a table with a long name",
    "TS2339: Property 'id' does not exist on type 'User', which is told at some length",
    "TS7006: Parameter 'row' implicitly has an 'any' type",
)


def explain(story: Story, about: str) -> dict[str, Any]:
    """One explanation after this story."""
    return ask(story.told, "explain", about=about)


def compiled(*lines: str, head: str = "npx tsc") -> Story:
    """A run in which a command failed with each of these, one after another."""
    story = Story()
    story.run()
    for number, line in enumerate(lines, start=1):
        story.begin(number)
        story.wait(5)
        story.command(head, 1, line=line)
        story.complete(number)
        story.wait(60)
    story.begin(len(lines) + 1)
    return story


def test_a_check_of_several_causes_leads_to_all_of_them() -> None:
    """The first one is explained, the others named, in the order of the line."""
    story = compiled(*TYPES, TYPES[2])
    said = ask(story.told, "check", command="npx tsc")
    assert "; also: " in said["text"]
    assert 3 == len(said["lessons"])
    told = explain(story, said["text"])
    named = [told["lessons"][0]["lesson"], *told["also"]]
    assert ("check", said["lessons"]) == (told["kind"], named)


def test_a_check_says_what_its_command_did_each_time() -> None:
    """Failures and successes, the last first, each with its lesson and its event."""
    story = compiled(TYPES[0], TYPES[0])
    said = ask(story.told, "check", command="npx tsc")
    worked = story.command("npx tsc")
    fired = explain(story, said["text"])["fired"]
    assert ("npx tsc", 2, 1) == (fired["command"], fired["failed"], fired["worked"])
    assert [worked.seq] == [one["seq"] for one in fired["outcomes"][0]["events"]]
    ends = [(one["ok"], one["lesson"]) for one in fired["outcomes"]]
    (lesson,) = said["lessons"]
    assert [(True, None), (False, lesson), (False, lesson)] == ends


def test_an_old_check_is_explained_after_more_was_seen_and_merged() -> None:
    """Its causes are compared with every sighting, its counts with none."""
    story = compiled(*TYPES[:2])
    said = ask(story.told, "check", command="npx tsc")
    story.command("npx tsc --watch", 2, line=TYPES[0])
    first, second = said["lessons"]
    failed = [one.id for one in story.told if one.type == "command.failed"]
    story.wait(60)
    merged = LessonMerged(
        lesson=second,
        recipe=2,
        members=(failed[0],),
        into=first,
        into_members=(failed[1],),
    )
    story.add(merged, Src())
    told = explain(story, said["text"])
    assert first == told["lessons"][0]["lesson"]


@pytest.mark.parametrize(
    ("head", "line", "command"),
    [
        ("jq .", "bash: jq: command not found", "jq . other.json"),
        ("Edit src/a.py", "KeyError: 'a'; b: \"c\"", "Edit src/a.py"),
        ("pytest tests/a.py", "KeyError: 'a; also: b'", "pytest tests/a.py"),
        ("pytest tests/a.py", "failed here 2x (1 d ago): no", "pytest tests/a.py"),
    ],
)
def test_a_check_of_any_words_leads_back(head: str, line: str, command: str) -> None:
    """A program that is not there, a tool's file, causes that look like ours."""
    story = compiled(line, head=head)
    said = ask(story.told, "check", command=command)
    told = explain(story, said["text"])
    assert said["lessons"] == [told["lessons"][0]["lesson"], *told["also"]]
    assert told["fired"]["outcomes"]


def test_a_line_of_fix_leads_to_its_lesson() -> None:
    """Of two that read alike the one that is known to end so."""
    line = "ModuleNotFoundError: No module named 'yaml'"
    story = compiled(line, head="python3 a.py")
    story.command("pip install yaml")
    story.wait(5)
    said = ask(story.told, "fix", command="python3 a.py", error=line)
    told = explain(story, said["text"])
    assert ("fix", said["lessons"]) == (told["kind"], [told["lessons"][0]["lesson"]])
    assert "python3 a.py" == told["fired"]["command"]
    assert [False] == [one["ok"] for one in told["fired"]["outcomes"]]


def test_a_check_that_nobody_said_is_an_error() -> None:
    """Its command is known, its cause is not."""
    story = compiled(TYPES[0])
    with pytest.raises(UsageError) as refused:
        explain(story, '"npx tsc" failed here once (1 d ago): TS1: no')
    assert "no lesson reads like this" in refused.value.message
