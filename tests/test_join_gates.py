"""Red gates and frictions: one failure each, whoever tells of it."""

from __future__ import annotations

import pytest

from facts import NOW, Story, ask, failures, views
from lokid.events import ReviewCompleted, Src


def gate_rows(story: Story) -> list[tuple[int | None, str]]:
    """(iteration, gate) of the gate failures, oldest first."""
    return [(row["iteration"], row["gate"]) for row in failures(story.told, "gate")]


def ended(story: Story, number: int, exit_code: int = 0) -> None:
    """An iteration up to its end, the gates still to come."""
    story.begin(number)
    story.wait(10)
    story.complete(number, exit_code)
    story.wait(3)


def aggregate(story: Story, iteration: int, *, blocking: bool) -> None:
    """A review's own file."""
    story.add(
        ReviewCompleted(witness="aggregate", iteration=iteration, blocking=blocking),
        Src(path=f"quality/reviews/review-{iteration}/aggregate.json"),
    )


def test_all_witnesses_of_one_gate_are_one_failure() -> None:
    """Trust, stage, review, aggregate, evidence and counter tell the same."""
    story = Story()
    story.run()
    ended(story, 1)
    aggregate(story, 1, blocking=True)
    story.review(1, blocking=True)
    trust = story.trust("code_review", 1, 1)
    story.stage("code_review", 1, failed=True)
    story.evidence("code_review", "high: no validation")
    story.counted(code_review=1)
    [row] = failures(story.told)
    assert ("gate", 1, "code_review", "high: no validation") == (
        row["kind"],
        row["iteration"],
        row["gate"],
        row["error_line"],
    )
    assert trust.time == row["time"]
    assert [4, 5, 6, 7, 8] == row["seqs"]  # the counter tells nothing more


def test_a_gate_red_in_each_iteration_is_a_failure_each_time() -> None:
    """Iterations, not files, are counted."""
    story = Story()
    story.run()
    for n in range(1, 4):
        ended(story, n)
        story.trust("doc_coverage", n, n)
        story.stage("doc_coverage", n, failed=True)
        story.wait(5)
    assert [(n, "doc_coverage") for n in range(1, 4)] == gate_rows(story)


def test_a_trust_event_is_of_the_run_whose_process_it_names() -> None:
    """The pid in the run id, not the time, says which run."""
    story = Story()
    story.run(70)
    ended(story, 1)
    story.wait(5)
    story.run(71)
    ended(story, 1)
    story.trust("code_review", 1, 1, 70)
    [row] = failures(story.told)
    assert "20260302T090000Z-70" == row["run"]


def test_a_review_that_blocks_is_the_gate_code_review() -> None:
    """7.x tells of it only so; a review that passes tells of nothing."""
    story = Story()
    story.run()
    ended(story, 1)
    story.review(1, blocking=True)
    ended(story, 2)
    story.review(2, blocking=False)
    assert [(1, "code_review")] == gate_rows(story)


def test_the_first_count_seen_tells_one_failure() -> None:
    """A cold tree whose counter stands at 4: no more history is claimed."""
    story = Story()
    story.run()
    for n in range(1, 6):
        ended(story, n)
    story.counted(doc_coverage=4, code_review=0)
    assert [(5, "doc_coverage")] == gate_rows(story)


def test_a_count_that_rises_tells_a_failure_of_the_iteration_that_just_ended() -> None:
    """Each rise once, at the slot completed last; a fall to 0 is a pass."""
    story = Story()
    story.run()
    for n, count in enumerate((0, 1, 2, 0, 1), start=1):
        ended(story, n)
        story.counted(doc_coverage=count)
        story.wait(4)
    assert [(2, "doc_coverage"), (3, "doc_coverage"), (5, "doc_coverage")] == gate_rows(
        story
    )


def test_a_count_seen_before_any_iteration_is_nobodys_twice() -> None:
    """It stands alone until a better witness tells of the same gate."""
    story = Story()
    story.counted(code_review=3)
    assert [(None, "code_review")] == gate_rows(story)
    story.wait(10)
    story.run()
    ended(story, 1)
    story.trust("code_review", 1, 4)
    assert [(1, "code_review")] == gate_rows(story)


def test_a_count_dates_its_failure_by_the_iteration_not_by_the_reading() -> None:
    """A tree read a month later did not fail today."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(10)
    done = story.complete(1)
    story.wait(86400 * 30)
    story.counted(doc_coverage=1)
    assert done.time == failures(story.told)[0]["time"]


def test_evidence_without_an_iteration_finds_it_by_its_window() -> None:
    """failures.jsonl tells neither run nor number."""
    story = Story()
    story.run()
    ended(story, 1)
    story.evidence("invariants", "balance is negative")
    ended(story, 2)
    assert [(1, "invariants")] == gate_rows(story)


def test_evidence_in_a_tree_without_a_stream_is_told_line_by_line() -> None:
    """Nobody knows which iteration; each line is a failure."""
    story = Story()
    for second in range(3):
        story.wait(second)
        story.evidence("static_analysis", "py_compile failed", "run-1")
    assert [(None, "static_analysis")] * 3 == gate_rows(story)


def test_two_unknown_runs_keep_their_gates_apart() -> None:
    """Without a stream the run id at least parts them."""
    story = Story()
    for pid in (1, 2):
        story.trust("code_review", 1, 1, pid)
        story.evidence("code_review", "no tests")
        story.wait(100)
    assert [(1, "code_review")] * 2 == gate_rows(story)


# -- frictions -----------------------------------------------------------------


def friction(story: Story) -> list[tuple[int | None, str | None]]:
    """(iteration, gate) of the frictions, oldest first."""
    return [(row["iteration"], row["gate"]) for row in failures(story.told, "friction")]


def test_frictions_get_their_gates_from_trust_events_in_order() -> None:
    """Two frictions, two counts of three: one to one, by time."""
    story = Story()
    story.run()
    ended(story, 3)
    for gate in ("code_review", "doc_coverage"):
        story.trust(gate, 3, 3)
        story.friction()
        story.wait(1)
    story.trust("static_analysis", 3, 1)
    assert [(3, "code_review"), (3, "doc_coverage")] == friction(story)


def test_a_friction_whose_file_was_overwritten_has_no_gate() -> None:
    """Two gates reached three within a second, one file is left."""
    story = Story()
    story.run()
    ended(story, 3)
    story.trust("code_review", 3, 3)
    story.trust("doc_coverage", 3, 3)
    story.friction()
    assert [(3, None)] == friction(story)


def test_a_rise_from_two_to_three_names_the_gate() -> None:
    """7.x has no trust-events; the counter was seen to rise."""
    story = Story()
    story.run()
    for n in range(1, 5):
        ended(story, n)
        story.counted(test_coverage=n)
        if n == 3:
            story.friction()
    assert [(3, "test_coverage")] == friction(story)


def test_the_last_count_names_the_gate_of_a_cold_tree() -> None:
    """Count 5 after iteration 6: the third was iteration 4."""
    story = Story()
    story.run()
    for n in range(1, 7):
        ended(story, n)
        if n == 4:
            story.friction()
    story.counted(doc_coverage=5, test_coverage=1)
    assert [(4, "doc_coverage")] == friction(story)


def test_the_third_blocking_review_names_code_review() -> None:
    """A review that passes begins the count anew."""
    story = Story()
    story.run()
    for n, blocking in enumerate((True, False, True, True, True), start=1):
        ended(story, n)
        story.review(n, blocking=blocking)
        if n in (3, 5):
            story.friction()
    assert [(3, None), (5, "code_review")] == friction(story)


def test_two_candidates_are_nobody() -> None:
    """Exactly one candidate, else the gate is null."""
    story = Story()
    story.run()
    for n in range(1, 4):
        ended(story, n)
        story.review(n, blocking=True)
    story.friction()
    story.counted(code_review=3, doc_coverage=3)
    assert [(3, None)] == friction(story)


def test_a_friction_of_another_kind_has_no_gate() -> None:
    """A retry loop is no gate's."""
    story = Story()
    story.run()
    ended(story, 3)
    story.trust("code_review", 3, 3)
    story.friction("retry_loop")
    assert [(3, None)] == friction(story)
    assert "friction=retry_loop" in failures(story.told, "friction")[0]["message"]


# -- where gates stand ---------------------------------------------------------


@pytest.mark.parametrize("backwards", [False, True])
def test_a_gate_is_red_until_it_passes(backwards: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Failures in a row are counted back to the last pass."""
    story = Story()
    story.run()
    for n, failed in enumerate((True, False, True, True), start=1):
        ended(story, n)
        story.stage("doc_coverage", n, failed=failed)
        story.stage("security_scan", n, failed=n == 1)
    facts = story.told[::-1] if backwards else story.told
    rows = {row["gate"]: row for row in ask(facts, "gates")["gates"]}
    red, green = rows["doc_coverage"], rows["security_scan"]
    assert ("red", 2, 4) == (red["state"], red["consecutive"], red["iteration"])
    assert ("green", 0) == (green["state"], green["consecutive"])
    assert green["last_passed"] == red["last_failed"]


def test_a_gate_stays_red_across_runs() -> None:
    """A new run without a pass adds to the row."""
    story = Story()
    for pid in (1, 2):
        story.run(pid)
        story.wait(2)
        ended(story, 1)
        story.stage("doc_coverage", 1, failed=True)
        story.wait(60)
    [row] = ask(story.told, "gates")["gates"]
    assert ("red", 2) == (row["state"], row["consecutive"])


def test_evidence_that_names_its_process_is_of_that_run() -> None:
    """By window within the run; outside of any it joins the better witness."""
    story = Story()
    story.run(70)
    run_id = "run-20260302090000-70-1"
    story.wait(1)
    story.evidence("invariants", "before anything ran", run_id)
    story.wait(5)
    ended(story, 1)
    story.trust("static_analysis", 1, 1, 70)
    story.evidence("static_analysis", "py_compile failed", run_id)
    rows = failures(story.told, "gate")
    assert [(None, "invariants"), (1, "static_analysis")] == gate_rows(story)
    assert {"20260302T090000Z-70"} == {row["run"] for row in rows}
    assert "py_compile failed" == rows[1]["error_line"]


def test_an_inconclusive_review_is_no_verdict() -> None:
    """It neither fails the gate nor lets it pass."""
    story = Story()
    story.run()
    ended(story, 1)
    story.review(1, blocking=True)
    ended(story, 2)
    story.stream(ReviewCompleted(iteration=2, inconclusive=True))
    assert "red" == ask(story.told, "gates")["gates"][0]["state"]


def test_a_review_that_does_not_block_ends_the_row() -> None:
    """7.x tells that code_review passed only so."""
    story = Story()
    story.run()
    for number, blocking in ((1, True), (2, False)):
        ended(story, number)
        story.review(number, blocking=blocking)
        aggregate(story, number, blocking=blocking)
    [row] = ask(story.told, "gates")["gates"]
    assert ("green", 0, 1) == (row["state"], row["consecutive"], row["iteration"])


def test_a_count_that_is_gone_says_nothing() -> None:
    """A deleted counter is neither a failure nor a pass."""
    story = Story()
    story.run()
    ended(story, 1)
    story.counted(doc_coverage=2)
    ended(story, 2)
    story.counted()
    assert [(1, "doc_coverage")] == gate_rows(story)
    assert "red" == ask(story.told, "gates")["gates"][0]["state"]


def test_a_stage_that_opens_a_rotated_stream_is_of_the_run_it_stands_in() -> None:
    """Its file is known as the stream's only later, and a clock went back."""
    story = Story()
    story.run(1)
    story.begin(1)
    story.wait(30)
    story.complete(1)
    story.rotate()
    story.wait(5)
    story.stage("test_coverage", 1, failed=True)
    early = views(story.told)
    early["failures"].query({}, NOW)
    story.wait(-4)
    for later in (story.run(2), story.begin(1)):
        for view in early.values():
            view.apply(later)
    told = early["failures"].query({}, NOW)
    assert ["20260302T090000Z-1"] == [row["run"] for row in told["failures"]]
    assert told == ask(story.told, "failures")
