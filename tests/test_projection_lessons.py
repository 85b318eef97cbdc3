"""The rows of `lessons`: one a key, over all runs, with its state."""

from __future__ import annotations

from typing import Any

from facts import Story, ask

CAUSE = "KeyError: 'a'"


def lesson(story: Story, family: str = "KeyError") -> dict[str, Any]:
    """The lesson of one family."""
    rows: list[dict[str, Any]] = ask(story.told, "lessons")["lessons"]
    [row] = [row for row in rows if row["family"] == family]
    return row


def bad(story: Story, number: int) -> None:
    """An iteration with the cause."""
    story.iteration(number, 1, line=CAUSE)


def good(story: Story, *numbers: int) -> None:
    """Iterations that completed well."""
    for number in numbers:
        story.iteration(number)


def test_a_lesson_counts_over_runs() -> None:
    """Sightings, distinct runs, first and last."""
    story = Story()
    for pid in (1, 2, 3):
        story.run(pid)
        story.wait(2)
        bad(story, 1)
        if pid == 2:
            bad(story, 2)
        story.wait(60)
    row = lesson(story)
    assert (4, 3, "ongoing") == (row["count"], row["runs"], row["state"])
    assert row["first_seen"] < row["last_seen"]
    assert "L" + row["key"][:8] == row["lesson"]
    assert row["message"].endswith("x4")


def test_a_lesson_is_new_then_ongoing() -> None:
    """One sighting, then two."""
    story = Story()
    story.run()
    bad(story, 1)
    assert "new" == lesson(story)["state"]
    bad(story, 2)
    assert "ongoing" == lesson(story)["state"]


def test_three_good_iterations_resolve() -> None:
    """Two are not enough; those that failed otherwise do not count."""
    story = Story()
    story.run()
    bad(story, 1)
    good(story, 2, 3)
    story.iteration(4, 2, line="TypeError: no")
    assert "new" == lesson(story)["state"]
    good(story, 5)
    assert "resolved" == lesson(story)["state"]


def test_seen_again_after_it_was_resolved_is_regressed() -> None:
    """And resolved again after three more."""
    story = Story()
    story.run()
    bad(story, 1)
    good(story, 2, 3, 4)
    bad(story, 5)
    assert "regressed" == lesson(story)["state"]
    bad(story, 6)
    assert "regressed" == lesson(story)["state"]
    good(story, 7, 8, 9)
    assert "resolved" == lesson(story)["state"]


def test_a_gate_that_passes_resolves_its_lesson() -> None:
    """One pass is enough; one in the same iteration is not."""
    story = Story()
    story.run()
    for number, failed in ((1, True), (2, False), (3, True)):
        story.begin(number)
        story.wait(10)
        story.complete(number)
        story.wait(2)
        story.stage("doc_coverage", number, failed=failed)
        story.wait(2)
        wanted = {1: "new", 2: "resolved", 3: "regressed"}[number]
        assert wanted == lesson(story, "doc_coverage")["state"]


def test_the_last_seen_come_first_and_limit_cuts() -> None:
    """Newest first."""
    story = Story()
    story.run()
    for number, line in enumerate(("KeyError: 'a'", "TypeError: b", "OSError: c"), 1):
        story.iteration(number, 1, line=line)
    rows = ask(story.told, "lessons")["lessons"]
    assert ["OSError", "TypeError", "KeyError"] == [row["family"] for row in rows]
    assert rows[:2] == ask(story.told, "lessons", limit="2")["lessons"]
