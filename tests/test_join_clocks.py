"""The join where clocks went back, bit by bit and at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from facts import NOW, Story, views
from lokid.events import Recorded
from story_strategy import tell
from test_join_law import answers, told


def bit_by_bit(facts: Sequence[Recorded], asked_behind: int) -> object:
    """The answers where somebody asked behind so many facts, too."""
    known = views(facts[:asked_behind])
    told(known)
    for recorded in facts[asked_behind:]:
        for view in known.values():
            view.apply(recorded)
    return told(known)


def test_a_friction_counts_in_a_run_that_is_shorter_than_a_second() -> None:
    """The iteration of the run before began an hour ahead of both."""
    story = Story()
    story.run(1)
    story.wait(4000)
    story.begin(1)
    story.wait(-3999.5)
    story.complete(1, 0)
    story.run(2)
    story.begin(1)
    asked = len(story.told)
    story.friction()
    assert answers(story.told) == bit_by_bit(story.told, asked)
    assert 1 == views(story.told)["failures"].query({}, NOW)["total"]


def test_the_commands_of_a_session_lie_each_in_its_own_run() -> None:
    """A run that starts between two of them takes the later one, told when it may."""
    story = Story()
    story.wait(7)
    early = story.command("pytest", 1, line="KeyError: 'x'", session="ab" * 16, nth=1)
    story.wait(197)
    late = story.command("pytest", 1, line="KeyError: 'x'", session="ab" * 16, nth=2)
    story.wait(-138)
    begun = story.begin(1)
    story.wait(129)
    run = story.run(1)
    facts = [early, late, begun, run]
    assert answers(facts) == bit_by_bit(facts, 3)


CUT_OFF: dict[str, Any] = {
    "exit": 0,
    "empty": False,
    "unfinished": True,
    "line": None,
    "frames": (),
    "crash": False,
    "twice": True,
    "session": "whole",
    "commands": [],
    "episode": False,
    "provider": None,
    "gates": {},
    "witness": "trust",
    "friction": False,
    "council": None,
    "gaps": [0, 0, 0],
    "overlap": -1,
    "rotated": None,
}
"""An iteration that was cut off; what comes next began a second before it."""


def test_a_crash_is_told_though_its_run_began_behind_the_one_before() -> None:
    """The clock went back all the time; the last iteration is the last all the same."""
    failed = {"exit": 1, "unfinished": False, "crash": True, "gaps": [1, 1, 0]}
    last = [*([CUT_OFF] * 5), {**CUT_OFF, **failed}]
    facts = tell(
        [
            {"pid": 1, "zone": None, "silent": nth == 0, "iterations": told, "gap": -1}
            for nth, told in enumerate(([CUT_OFF], [CUT_OFF], last))
        ]
    )
    crashes = [one.seq for one in facts if one.type == "crash.observed"]
    rows = views(facts)["failures"].query({"all": "1"}, NOW)["failures"]
    told_of = sorted(seq for row in rows for seq in row["seqs"])
    assert crashes == [seq for seq in told_of if seq in crashes]
    assert 2 == len(crashes)
