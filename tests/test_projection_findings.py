"""Findings by review, worst first, and the red gate that they explain."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from facts import Story, ask, shuffled
from lokid.events import FindingReported, ReviewCompleted, Src
from projections.findings import Finding, FindingBook
from projections.join import Join

REVIEW = "review-20260302T090010Z-1"


def found(story: Story, text: str, severity: str = "high", **fields: Any) -> None:
    """A reviewer found something."""
    told = {"review": REVIEW, "iteration": 1, "reviewer": "ann-db", **fields}
    event = FindingReported(text=text, severity=severity, **told)
    path = f"quality/reviews/{told['review']}/{told['reviewer']}.txt"
    story.add(event, Src(path=path))


def completed(story: Story, review: str = REVIEW, iteration: int = 1) -> None:
    """A blocking review ended; its aggregate names it."""
    event = ReviewCompleted(
        review=review, witness="aggregate", iteration=iteration, blocking=True
    )
    story.add(event, Src(path=f"quality/reviews/{review}/aggregate.json"))


def explained(story: Story) -> list[list[Finding]]:
    """The findings of each code review failure, newest first."""
    join = Join()
    book = FindingBook(join)
    for recorded in story.told:
        join.apply(recorded)
        book.apply(recorded)
    return [book.of_failure(one) for one in join.failures() if one.gate]


def reviewed(*, named: bool) -> Story:
    """An iteration whose review blocks, told with or without its name."""
    story = Story()
    story.run()
    story.iteration(1)
    found(story, "two names", "low", file="src/a.py")
    found(story, "no check", "high", file="src/a.py")
    found(story, "no check", "critical", file="src/a.py", reviewer="bo-perf")
    if named:
        completed(story)
    else:
        story.review(1, blocking=True)
    return story


def test_the_worst_comes_first_and_voices_are_counted_once() -> None:
    """Two reviewers who say the same are one finding, as grave as the worst says."""
    rows = ask(reviewed(named=True).told, "findings")["findings"]
    assert [
        ("critical", "no check", ["ann-db", "bo-perf"]),
        ("low", "two names", ["ann-db"]),
    ] == [(row["severity"], row["text"], row["reviewers"]) for row in rows]


def test_a_red_review_gate_is_explained_by_its_review() -> None:
    """By the name of the review that blocked."""
    story = reviewed(named=True)
    found(story, "of another", review="review-20260302T090011Z-1")
    [told] = explained(story)
    assert ["no check", "two names"] == [one.text for one in told]


def test_a_review_without_a_name_is_found_by_its_iteration() -> None:
    """Within the same run: numbers come back with every run."""
    story = reviewed(named=False)
    story.wait(600)
    story.run(99)
    story.iteration(1)
    found(story, "later", review="review-20260302T100000Z-1")
    story.review(1, blocking=True)
    assert [["later"], ["no check", "two names"]] == [
        [one.text for one in told] for told in explained(story)
    ]


def test_other_gates_and_failures_have_no_findings() -> None:
    """A finding explains the review's gate and nothing else."""
    story = reviewed(named=True)
    story.trust("static_analysis", 1, 1)
    told = dict(zip(("static_analysis", "code_review"), explained(story), strict=True))
    assert [] == told["static_analysis"]
    assert told["code_review"]


def test_findings_can_be_asked_for_by_review_and_iteration() -> None:
    """And no more than wanted, with how many there are."""
    story = reviewed(named=True)
    found(story, "x", review="review-20260302T090020Z-2", iteration=2)
    assert ["x"] == [
        row["text"] for row in ask(story.told, "findings", iteration="2")["findings"]
    ]
    answer = ask(story.told, "findings", review=REVIEW, limit="1")
    assert (1, 2) == (len(answer["findings"]), answer["total"])


@given(st.integers(0, 2**32))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    """Files arrive over minutes, in any order."""
    story = reviewed(named=False)
    expected = [[one.text for one in told] for told in explained(story)]
    story.told = shuffled(story.told, seed)
    assert expected == [[one.text for one in told] for told in explained(story)]


def test_explain_shows_what_the_reviewers_found() -> None:
    """With the lesson of the red gate, worst first, each with its events."""
    story = reviewed(named=True)
    (lesson,) = ask(story.told, "lessons")["lessons"]
    told = ask(story.told, "explain", about=lesson["lesson"])["lessons"][0]
    (sighting,) = told["sightings"]
    rows = sighting["findings"]
    assert ["no check", "two names"] == [row["text"] for row in rows]
    assert [2, 1] == [len(row["events"]) for row in rows]


def test_the_row_of_a_red_review_brings_its_findings() -> None:
    """Other rows have none."""
    story = reviewed(named=True)
    story.trust("static_analysis", 1, 1)
    rows = ask(story.told, "failures", all="1")["failures"]
    told = {row["gate"]: [one["text"] for one in row["findings"]] for row in rows}
    assert {"static_analysis": [], "code_review": ["no check", "two names"]} == told
