"""What the harness's own memory holds, beside what lokid knows."""

from __future__ import annotations

from typing import Any

from facts import Story, ask
from lokid.events import PatternRecorded, Src

PATH = "memory/semantic/patterns.json"


def believed(story: Story, name: str, nth: int = 1, **fields: Any) -> None:
    """The harness's memory holds this pattern."""
    event = PatternRecorded(pattern=name, **fields)
    story.add(event, Src(path=PATH, nth=nth))


def rows(story: Story, **params: str) -> list[dict[str, Any]]:
    """The patterns as they are told."""
    told: list[dict[str, Any]] = ask(story.told, "patterns", **params)["patterns"]
    return told


def test_the_newest_value_of_each_stands() -> None:
    """Anti-patterns first, the surest first; since when, and when it changed."""
    story = Story()
    believed(story, "sem-1", category="general", confidence=0.95)
    believed(story, "sem-2", avoids="TestFailure", confidence=0.5, episodes=1)
    story.wait(60)
    believed(story, "sem-2", 2, avoids="TestFailure", confidence=0.6, episodes=2)
    believed(story, "sem-3", avoids="IterationError", confidence=0.8)
    told = rows(story)
    assert ["sem-3", "sem-2", "sem-1"] == [row["pattern"] for row in told]
    assert (0.6, 2) == (told[1]["confidence"], told[1]["episodes"])
    assert told[1]["since"] < told[1]["changed"]


def test_the_number_of_an_event_tells_which_is_newest() -> None:
    """Not the order in which they are folded."""
    story = Story()
    believed(story, "sem-1", 2, confidence=0.9)
    believed(story, "sem-1", 1, confidence=0.1)
    assert [0.9] == [row["confidence"] for row in rows(story)]


def test_what_is_gone_is_shown_only_when_asked_for() -> None:
    """It stays in the log."""
    story = Story()
    believed(story, "sem-1", avoids="X")
    believed(story, "sem-1", 2, gone=True)
    believed(story, "sem-2", avoids="Y")
    assert ["sem-2"] == [row["pattern"] for row in rows(story)]
    assert [("sem-2", False), ("sem-1", True)] == [
        (row["pattern"], row["gone"]) for row in rows(story, all="1")
    ]


def test_one_pattern_of_the_harness_covers_many_lessons() -> None:
    """It groups by the class it always reports; we tell the causes apart."""
    story = Story()
    story.run()
    for number, line in enumerate(("KeyError: 'a'", "TypeError: no", "OSError: x"), 1):
        story.iteration(number, 1, line=line)
    believed(story, "sem-1", avoids="IterationError")
    believed(story, "sem-2", avoids="Friction")
    answer = ask(story.told, "patterns")
    covered = {row["avoids"]: len(row["lessons"]) for row in answer["patterns"]}
    assert {"IterationError": 3, "Friction": 0} == covered
    assert 3 == answer["lessons"]
