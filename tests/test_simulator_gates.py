"""Gates and council: counters, lists, blocks, rounds."""

from __future__ import annotations

import json
from pathlib import Path

from cli.simulator import Council, Simulator, Vote, demo_history
from simulator_rig import events, iterations, ndjson, played


def test_the_list_of_red_gates_is_deleted_when_all_pass(tmp_path: Path) -> None:
    """Red three times, then green: the list is written and goes."""
    steps = list(Simulator(tmp_path).steps(demo_history()))
    told = [step.what for step in steps if step.path == "quality/gate-failures.txt"]
    assert ["red gates"] * 3 + ["red gates gone"] == told


def test_gates_escalate_at_five_and_pause_at_ten(tmp_path: Path) -> None:
    """The tokens of the list say how far a gate has gone."""
    red = iterations(*({"gates": {"doc_coverage": "fail"}} for _ in range(10)))
    tokens = [
        (tmp_path / ".loki" / step.path).read_text()
        for step in Simulator(tmp_path).steps(red)
        if step.what == "red gates"
    ]
    plain, raised = "doc_coverage,\n", "doc_coverage_ESCALATED,\n"
    assert [plain] * 4 + [raised] * 5 + ["doc_coverage_PAUSED,\n"] == tokens
    flag = (tmp_path / ".loki/signals/GATE_ESCALATION").read_text()
    assert flag == "PAUSE\ndoc_coverage gate failed 10 consecutive times\n"


def test_counters_outlive_a_run(tmp_path: Path) -> None:
    """Consecutive failures go on counting over the start of the next run."""
    red = {"gates": {"doc_coverage": "fail"}}
    history = [*iterations(red, red), *iterations(red, run=2, hour=12)]
    root = played(tmp_path, history)
    counts = json.loads((root / "quality/gate-failure-count.json").read_text())
    assert 3 == counts["doc_coverage"]
    assert 1 == len(list(root.glob("crash/e57a0bb12436*.json")))


def test_a_friction_is_written_at_exactly_three(tmp_path: Path) -> None:
    """Not at two, and not again at four."""
    red = iterations(*({"gates": {"doc_coverage": "fail"}} for _ in range(5)))
    steps = list(Simulator(tmp_path).steps(red))
    assert [3] == [step.iteration for step in steps if step.what == "friction"]


def test_only_some_gates_pass_their_evidence_on(tmp_path: Path) -> None:
    """The harness's failure memory hears of static analysis, not of the docs."""
    red = {"static_analysis": "fail", "doc_coverage": "fail"}
    root = played(tmp_path, iterations({"gates": red}))
    told = [line["gate"] for line in ndjson(root / "memory/failures.jsonl")]
    trusted = ndjson(root / "metrics/trust-events.jsonl")
    assert ["static_analysis"] == told
    assert sorted(red) == sorted(line["gate"] for line in trusted if "gate" in line)


def test_a_gate_of_another_name_is_judged_too(tmp_path: Path) -> None:
    """A gate that the harness does not run by default counts when it is named."""
    root = played(tmp_path, iterations({"gates": {"mock_integrity": "fail"}}, {}))
    counts = json.loads((root / "quality/gate-failure-count.json").read_text())
    assert 0 == counts["mock_integrity"]
    stages = [
        line["data"]["status"]
        for line in events(root)
        if line["data"].get("stage") == "mock_integrity"
    ]
    assert ["fail", "pass"] == stages


def test_a_review_says_its_verdicts(tmp_path: Path) -> None:
    """Aggregate, reviewers' files and both events agree."""
    review = {"verdicts": {"ann": "FAIL", "bo": "NO_OUTPUT", "cy": "PASS"}}
    root = played(tmp_path, iterations({"review": review, "files": ["src/a.py"]}))
    (file,) = root.glob("quality/reviews/*/aggregate.json")
    aggregate = json.loads(file.read_text())
    assert "ann:FAIL bo:NO_OUTPUT cy:PASS" == aggregate["verdicts"]
    assert (1, 1, 2) == tuple(
        aggregate[key] for key in ("pass_count", "fail_count", "real_verdict_count")
    )
    assert (
        (file.parent / "ann.txt").read_text().startswith("VERDICT: FAIL\nFINDINGS:\n")
    )
    assert not (file.parent / "bo.txt").exists()
    told = [line["data"] for line in events(root) if "review" in line["type"]]
    assert {aggregate["review_id"]} == {data["review_id"] for data in told}


def test_the_council_state_starts_anew_and_counts_no_votes(tmp_path: Path) -> None:
    """Each run lays the state out again; on the default path verdicts stay empty."""
    states = []
    for step in Simulator(tmp_path).steps(demo_history()):
        if step.path == "council/state.json":
            body = json.loads((tmp_path / ".loki" / step.path).read_text())
            states.append((step.run, step.iteration, body))
    assert {(1, 0), (2, 0)} == {(run, n) for run, n, _ in states if n == 0}
    assert {(0, 0)} == {
        (len(body["verdicts"]), body["total_votes"]) for *_, body in states
    }
    second = next(body for run, n, body in states if (run, n) == (2, 0))
    assert (0, 0) == (second["done_signals"], second["consecutive_no_change"])


def test_convergence_keeps_seven_lines(tmp_path: Path) -> None:
    """The log never shows more than seven lines, the last of them newest."""
    longest = 0
    for step in Simulator(tmp_path).steps(iterations(*({} for _ in range(12)))):
        if step.what == "convergence":
            lines = (tmp_path / ".loki" / step.path).read_text().splitlines()
            longest = max(longest, len(lines))
            assert str(step.iteration) == lines[-1].split("|")[1]
    assert 7 == longest


def test_a_blocked_round_leaves_a_block_until_one_passes(tmp_path: Path) -> None:
    """The block file stands from the blocked round to the next free one."""
    votes = (Vote(role="test_auditor", verdict="approve"),)
    blocked = Council(outcome="blocked", votes=votes)
    free = Council(outcome="approved", votes=votes)
    history = iterations({"council": blocked}, {}, {"council": free})
    stood = {}
    for step in Simulator(tmp_path).steps(history):
        block = tmp_path / ".loki/council/evidence-block.json"
        stood[step.iteration] = block.exists()
    assert {0: False, 1: True, 2: True, 3: False} == stood


def test_a_round_file_and_a_transcript_tell_the_same_round(tmp_path: Path) -> None:
    """Two votes against one: the round continues, the transcript rejects."""
    root = played(tmp_path)
    (file,) = root.glob("council/transcripts/iter-6-*.json")
    transcript = json.loads(file.read_text())
    held = json.loads((root / "council/votes/round-6.json").read_text())
    assert ("REJECTED", 1, 2) == tuple(
        transcript[key] for key in ("outcome", "approve_count", "reject_count")
    )
    assert ("CONTINUE", 1, 2) == tuple(
        held[key] for key in ("verdict", "complete_votes", "continue_votes")
    )
    assert (root / "council/votes/devils-advocate-round-3.json").exists()


def test_a_forced_review_leaves_ballots_and_an_event(tmp_path: Path) -> None:
    """The other path: text ballots, a council_vote event, a counted verdict."""
    votes = (
        Vote(role="a", verdict="approve", reason="fine"),
        Vote(role="b", verdict="reject", reason="no tests"),
    )
    council = Council(outcome="rejected", votes=votes, path="vote")
    root = played(tmp_path, iterations({"council": council}))
    ballots = sorted(root.glob("council/votes/iteration-1/member-*.txt"))
    (event,) = [line for line in events(root) if line["type"] == "council_vote"]
    state = json.loads((root / "council/state.json").read_text())
    wanted = "VOTE:REJECT\nREASON: no tests\nISSUES: HIGH:no tests\n"
    assert wanted == ballots[1].read_text()
    assert (1, 1, "REJECTED") == tuple(
        event["data"][key] for key in ("approve", "reject", "result")
    )
    assert (2, 1) == (state["total_votes"], len(state["verdicts"]))
