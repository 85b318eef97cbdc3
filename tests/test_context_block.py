"""The block: what it says, in which order, within its limits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from facts import NOW, START, Story, ask
from lokid import clock, events
from lokid.events import Recorded, Src, Vote
from story_strategy import stories

HEADER = "PAST FAILURES TO AVOID:"
LATER = clock.stamp(START + timedelta(days=20))


def block(facts: list[Recorded], now: str = NOW, **params: str) -> list[str]:
    """The lines of the text."""
    return str(ask(facts, "context", now, **params)["text"]).splitlines()


def test_nothing_to_say_is_an_empty_text() -> None:
    """No header over nothing."""
    empty: dict[str, Any] = {"text": "", "lines": [], "left_out": 0, "bytes": 0}
    assert empty == ask([], "context")
    story = Story()
    story.run()
    story.iteration(1)
    assert empty == ask(story.told, "context", mark="1")


def test_the_newest_three_and_how_many_more() -> None:
    """True newest first, one line a key with its count."""
    story = Story()
    story.run()
    causes = (
        "KeyError: 'a'",
        "OSError: b",
        "TypeError: c",
        "KeyError: 'a'",
        "EOFError: d",
    )
    for number, line in enumerate(causes, start=1):
        story.iteration(number, 1, line=line)
    assert [
        HEADER,
        "- EOFError: d; phase=ACT; exit=1",
        "- KeyError: 'a'; phase=REASON; exit=1; x2",
        "- TypeError: c; phase=VERIFY; exit=1",
        "(+1 more: lokictl failures)",
    ] == block(story.told)


def test_the_current_run_counts_whatever_its_age_others_for_a_day() -> None:
    """An old run's failure is past; the current run's is not."""
    story = Story()
    story.run(1)
    story.wait(2)
    story.iteration(1, 125)
    now = clock.stamp(START + timedelta(hours=30))
    assert [HEADER, "- exit 125: phase=ACT; exit=125"] == block(story.told, now)
    story.wait(600)
    story.run(2)
    story.wait(2)
    assert [] == block(story.told, now)
    story.iteration(2, 3)
    assert [HEADER, "- exit 3: phase=REFLECT; exit=3"] == block(story.told, LATER)
    assert 3 == len(block(story.told))


def old_runs(*lines: str, runs: int = 2) -> Story:
    """Runs long ago in which each of these failed once, and a new one."""
    story = Story()
    for pid in range(1, runs + 1):
        story.run(pid)
        story.wait(2)
        for number, line in enumerate(lines, start=1):
            story.iteration(number, 1, line=line)
        story.wait(60)
    story.wait(86400 * 3)
    story.run(99)
    story.wait(2)
    return story


def test_lessons_of_other_runs_come_as_prior_lines() -> None:
    """Not shown twice; constants not at all, and nothing seen in one run only."""
    story = old_runs("KeyError: 'often'", "OSError: twice")
    story.wait(-86400 * 2)
    story.run(3)
    story.wait(2)
    story.iteration(1, 1, line="EOFError: once")
    story.wait(86400 * 2)
    story.run(4)
    story.wait(2)
    story.iteration(1, 1, line="TypeError: now")
    story.iteration(2, 1, line="OSError: twice")
    assert [
        HEADER,
        "- OSError: twice; phase=REFLECT; exit=1; x3",
        "- TypeError: now; phase=ACT; exit=1",
        "- (prior) KeyError: 'often' (x2 in 2 runs)",
    ] == block(story.told, story.now())


def test_a_prior_line_says_what_worked() -> None:
    """One run is enough where a fix was confirmed; it displaces the line's end."""
    story = Story()
    story.run(1)
    story.wait(2)
    for number, (head, code) in enumerate(
        [
            ("npm install login", 1),
            ("npm install login --legacy-peer-deps", 0),
        ],
        start=1,
    ):
        story.begin(number)
        story.wait(9)
        line = "ERESOLVE: could not resolve login" if code else None
        session = story.session(number, code, line=line, lasting=8)
        story.command(head, code, line=line, session=session.id)
        story.complete(number, code)
        story.wait(9)
    story.wait(86400 * 3)
    story.run(2)
    story.wait(2)
    [_, line] = block(story.told, story.now())
    assert line.startswith("- (prior) ERESOLVE: could not resolve login")
    assert line.endswith("; then worked: npm install login --legacy-peer-deps")
    story.iteration(1, 1, line="ERESOLVE: could not resolve login")
    [_, line] = block(story.told, story.now())
    assert (
        "- ERESOLVE: could not resolve login; exit=1; x2"
        "; then worked: npm install login --legacy-peer-deps"
    ) == line


def told_in_vain(lesson: str = "") -> Story:
    """Twenty runs: a lesson came back where it was told, not where it was held."""
    story = Story()
    for pid in range(1, 21):
        story.run(pid)
        story.wait(2)
        if lesson:
            said: dict[str, Any] = {"lessons" if pid % 2 else "held": (lesson,)}
            story.add(events.ContextServed(**said, now=story.now()), Src())
        if pid % 2:
            story.iteration(1, 1, line="KeyError: 'told'")
        if 2 < pid < 12:
            story.iteration(2, 1, line="OSError: disk")
        story.wait(7200)
    story.wait(86400 * 2)
    story.run(99)
    story.wait(2)
    return story


def test_what_telling_a_lesson_changed_ranks_it() -> None:
    """Where hold-out shows that it only comes back when told, others go first."""
    story = told_in_vain()
    lines = ask(story.told, "context", story.now())["lines"]
    families = [line["text"].split()[2] for line in lines]
    assert ["KeyError:", "OSError:"] == families
    story = told_in_vain(lines[0]["lesson"])
    lines = ask(story.told, "context", story.now())["lines"]
    assert families[::-1] == [line["text"].split()[2] for line in lines]


def test_one_family_has_one_prior_line_while_others_wait() -> None:
    """Where room is left, the next of the same family has it."""
    lines = [f"KeyError: 'k{letter}'" for letter in "abcd"]
    story = old_runs(*lines, "OSError: disk")
    shown = block(story.told, story.now(), prior_lines="2")
    assert ["- (prior) OSError: disk", "- (prior) KeyError: 'ka'"] == [
        line.removesuffix(" (x2 in 2 runs)") for line in shown[1:]
    ]
    assert 3 == len(block(story.told, story.now())[1:])


def test_goal_and_phase_rank_and_never_filter() -> None:
    """The lesson that shares words with the goal comes first; all come."""
    story = old_runs("KeyError: 'invoice'", "OSError: socket")
    facts, now = story.told, story.now()
    often = " (x2 in 2 runs)"
    prior = f"- (prior) KeyError: 'invoice'{often}", f"- (prior) OSError: socket{often}"
    assert [HEADER, *prior] == block(facts, now, goal="add invoice export")
    assert [HEADER, *prior[::-1]] == block(facts, now, goal="open a socket")
    assert [HEADER, *prior] == block(facts, now, phase="act")
    assert [HEADER, *prior[::-1]] == block(facts, now, phase="REFLECT", iteration="6")


def test_a_goal_that_shares_no_word_hides_nothing() -> None:
    """The signature and the fingerprint are in the block, whatever the goal."""
    story = Story()
    story.run()
    story.iteration(2, 1, symbols=("load", "parse"), crash=True)
    [_, line] = block(story.told, goal="paint the fence")
    assert re.search(r"signature: load > parse; fp=[0-9a-f]{12}", line)


def test_all_red_gates_share_one_line_after_the_iterations() -> None:
    """A gate that passed later is not red; the line comes where room is left."""
    story = Story()
    story.run()
    for number in range(1, 4):
        story.begin(number)
        story.wait(10)
        story.complete(number, 1 if number == 1 else 0)
        story.wait(2)
        story.stage("doc_coverage", number, failed=True)
        story.stage("code_review", number, failed=number > 1)
        story.stage("security_scan", number, failed=number < 2)
    assert [
        HEADER,
        "- exit 1: phase=ACT; exit=1",
        "- gates: doc_coverage x3; code_review x2",
    ] == block(story.told)
    assert [
        HEADER,
        "- exit 1: phase=ACT; exit=1",
        "(+1 more: lokictl failures)",
    ] == block(story.told, recent_lines="1")


def test_red_gates_are_not_hidden_by_older_failures() -> None:
    """Their line takes the third place from a failure that is older, or after 3."""
    for row, third in ((1, False), (2, False), (3, True)):
        story = Story()
        story.run()
        for number in range(1, row + 1):
            story.begin(number)
            story.wait(10)
            story.complete(number)
            story.wait(2)
            story.stage("tests", number, failed=True)
        for number, line in enumerate(("KeyError: 'a'", "OSError: b", "EOFError: c")):
            story.iteration(row + 1 + number, 1, line=line)
        lines = block(story.told)
        assert third == any(line.startswith("- gates: tests") for line in lines)
        assert lines[-1] == "(+1 more: lokictl failures)"
        story.begin(9)
        story.wait(10)
        story.complete(9)
        story.wait(2)
        story.stage("tests", 9, failed=True)
        lines = block(story.told)
        assert f"- gates: tests x{row + 1}" == lines[3]
        assert ["- EOFError: c", "- OSError: b"] == [
            line.partition(";")[0] for line in lines[1:3]
        ]


def test_many_red_gates_are_cut_at_a_gate() -> None:
    """The line stays within its 160."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(10)
    story.complete(1)
    for letter in "abcdefghij":
        story.stage(f"gate_with_a_long_name_{letter}", 1, failed=True)
    [_, line] = block(story.told)
    assert line.endswith("; ...")
    assert len(line) <= len("- gates: ") + 160


def test_a_friction_is_told_by_its_gate_or_by_itself() -> None:
    """With a known gate the gates' line says it; else it has its own line."""
    story = Story()
    story.run()
    story.begin(3)
    story.wait(10)
    story.complete(3)
    story.wait(2)
    story.friction()
    told = "- Friction: phase=VERIFY; friction=gate_failure; fp=e57a0bb12436"
    assert [HEADER, told] == block(story.told)
    story.trust("code_review", 3, 3)
    assert [HEADER, "- gates: code_review"] == block(story.told)


def test_the_councils_no_and_its_reasons() -> None:
    """Only when the last outcome is a rejection or a block."""
    story = Story()
    story.run()
    story.iteration(4)
    voters = (
        Vote(role="auditor", verdict="reject", reason="no tests ran"),
        Vote(role="verifier", verdict="approve", reason="fine"),
        Vote(role="devil", verdict="cannot_validate", reason="x" * 200),
    )
    story.transcript(4, "rejected", approve=1, reject=1, threshold=2, voters=voters)
    lines = block(story.told)
    assert [
        "COUNCIL STATE:",
        "- iteration 4 rejected: 1 approve, 1 reject, 2 needed",
        "- auditor: no tests ran",
    ] == lines[:3]
    assert "- devil: " + "x" * 150 + "..." == lines[3]
    assert lines[:2] == block(story.told, council_lines="1")
    story.iteration(5)
    story.transcript(5, "approved")
    assert [] == block(story.told)


def test_where_nothing_is_known_the_mission_s_words_stand() -> None:
    """Nothing is known of it but its name."""
    story = Story()
    event = events.CrashObserved(error_class="ScrubError")
    story.add(event, Src(path="crash/scruberror-1772442000.json"))
    assert [HEADER, "- ScrubError: iteration failed"] == block(story.told)


def test_a_standing_block_is_told() -> None:
    """It stands in the council's way, and why."""
    story = Story()
    story.run()
    event = events.CouncilBlocked(block="evidence", reason="empty_diff")
    story.add(event, Src(path="council/evidence-block.json", nth=1))
    assert ["COUNCIL STATE:", "- blocked by evidence: empty_diff"] == block(story.told)


def test_the_mark_names_position_and_bytes() -> None:
    """The same position, parameters and now: the same bytes."""
    story = Story()
    story.run()
    story.iteration(1, 1)
    plain, marked = block(story.told), block(story.told, mark="1")
    assert plain == marked[:-1]
    assert re.fullmatch(rf"\[lokid seq={len(story.told)} h=[0-9a-f]{{8}}\]", marked[-1])
    assert marked == block(story.told, mark="1")


def test_lines_tell_their_kind_and_lesson() -> None:
    """What a program needs to know of each line."""
    story = old_runs("KeyError: 'old'")
    story.iteration(1, 2, line="TypeError: new")
    story.transcript(1, "rejected")
    answer = ask(story.told, "context", story.now())
    rows = ask(story.told, "failures", all="1")["failures"]
    assert [
        ("recent", rows[0]["lesson"]),
        ("prior", rows[1]["lesson"]),
        ("council", None),
    ] == [(line["kind"], line["lesson"]) for line in answer["lines"]]
    assert all(line["text"] in answer["text"] for line in answer["lines"])
    assert len(answer["text"].encode()) == answer["bytes"]


def test_the_least_valuable_lines_go_first() -> None:
    """Prior lines, then the council's, then the oldest recent one."""
    story = old_runs("KeyError: 'prior'")
    story.iteration(1, 1, line="TypeError: first")
    story.iteration(2, 1, line="EOFError: second")
    story.transcript(2, "rejected")
    now = story.now()
    whole = ask(story.told, "context", now)
    kinds = []
    for most in range(whole["bytes"] + 1, 0, -1):
        answer = ask(story.told, "context", now, max_bytes=str(most))
        kept = [line["kind"][0] for line in answer["lines"]]
        if "".join(kept) not in kinds:
            kinds.append("".join(kept))
    assert ["rrpc", "rrc", "rr", "r", ""] == kinds


@settings(max_examples=200, deadline=None)
@given(stories, st.integers(0, 2500), st.integers(0, 5))
def test_the_block_keeps_its_limits(
    facts: list[Recorded], most: int, lines: int
) -> None:
    """Never more bytes or longer lines than promised, and every line one line."""
    answer = ask(
        facts, "context", max_bytes=str(most), recent_lines=str(lines), mark="1"
    )
    text = answer["text"]
    assert len(text.encode()) <= most
    kinds = [line["kind"] for line in answer["lines"]]
    assert kinds.count("recent") <= lines
    assert kinds.count("prior") <= 3
    assert kinds.count("council") <= 3
    limits = {
        "recent": 2 + 80 + 2 + 160,
        "prior": len("- (prior) ") + 120,
        "council": 162,
    }
    for line in answer["lines"]:
        assert len(line["text"]) <= limits[line["kind"]]
        assert line["text"] in text.splitlines()


def test_an_old_runs_council_is_past_after_a_day() -> None:
    """Like its failures: the current run's no stands, another's for a day."""
    story = Story()
    story.run(1)
    story.iteration(4)
    story.transcript(4, "rejected")
    assert ["COUNCIL STATE:", "- iteration 4 rejected"] == block(story.told, LATER)
    story.wait(600)
    story.run(2)
    assert ["COUNCIL STATE:", "- iteration 4 rejected"] == block(story.told)
    assert [] == block(story.told, LATER)
