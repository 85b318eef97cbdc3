"""Councils that run as managed sessions: what they decide, write and leave behind."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from council_rig import VOTERS
from council_steps import Asks, Calls, Dies, Emits, Fails, Says, Step, Until
from double import Double
from fault_rules import Answer, Cut
from lokid import flags
from lokid.managed.api import KEY
from lokid.paths import Workspace
from mirror_rig import journal, told
from plain import Plain
from shell import ask, lokictl, until, up

pytest_plugins = ["double_fixtures"]
pytest.importorskip("anthropic", reason="the SDK is not installed")

REVIEWERS = ("security-sentinel", "test-coverage-auditor", "performance-oracle")
FALLBACK = "managed_agents_fallback"
RUN = ("council", "run", "--iteration", "7", "--question", "-", "--budget", "60")


@pytest.fixture(autouse=True)
def on(monkeypatch: pytest.MonkeyPatch, double: Double) -> None:
    """Both councils are on, managed memory is off."""
    for name in (flags.AGENTS, flags.UMBRELLA, flags.REVIEW, flags.COUNCIL):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv(KEY, "key")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", double.url)


def votes(verdict: str, **more: object) -> Calls:
    """An agent's call of its tool."""
    given = {"verdict": verdict, "rationale": f"says {verdict}", **more}
    return Calls("submit_verdict", given)


def staged(double: Double, *words: str, roles: tuple[str, ...] = VOTERS) -> None:
    """What each member says."""
    pairs = zip(roles, words, strict=True)
    double.councils.stage({role: [votes(word)] for role, word in pairs})


def run(at: Workspace, *words: str) -> tuple[int, dict[str, Any]]:
    """Hold a council; its code and what it says."""
    if words[:1] == ("review",):
        file = at.root / "diff"
        file.write_text("+++ b/app.py\n+x = 1\n")
        asked = (*words, "--diff", str(file))
    else:
        file = at.root / "question.md"
        file.write_text("Is it done?")
        asked = ("council", "run", "--iteration", "7", "--question", str(file), *words)
    done = lokictl(*asked, "--json", at=at)
    return done.returncode, msgspec.json.decode(done.stdout)


def test_an_approving_council_ends_with_zero_and_leaves_its_files(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """The harness's shapes; the vote is in the log, and the session is ended."""
    workspace.loki.mkdir()
    staged(double, "STOP", "STOP", "CONTINUE")
    with up(workspace):
        code, said = run(workspace)
        rounds = until(lambda: ask("council", at=workspace)["rounds"])
    assert (code, said["outcome"], said["majority"]) == (0, "approved", "STOP")
    folder = workspace.loki / "council/verdicts"
    assert {one.name for one in folder.iterdir()} == {f"{one}.txt" for one in VOTERS}
    wanted = "VOTE: APPROVE\nREASON: says STOP\n"
    assert (folder / f"{VOTERS[0]}.txt").read_text() == wanted
    assert (folder / f"{VOTERS[2]}.txt").read_text().startswith("VOTE: REJECT\n")
    assert (rounds[0]["outcome"], rounds[0]["iteration"]) == ("approved", 7)
    assert {one["role"] for one in rounds[0]["voters"]} == set(VOTERS)
    kinds = [one["type"] for one in journal(workspace)]
    assert kinds.count("managed_agent_materialized") == 4
    assert kinds.count("managed_session_created") == 1
    assert kinds.count("managed_session_thread_created") == 3
    assert kinds[-1] == "managed_completion_council_success"
    assert [
        one["status"] for one in plain.rows("sessions", include_archived="true")
    ] == ["terminated"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("CONTINUE", "REJECT", "STOP"), 1),
        (("STOP", "CONTINUE", "ABSTAIN"), 4),
        (("cannot approve", "APPROVE", "APPROVE"), 0),
        (("cannot approve", "disapprove", "APPROVE"), 4),
    ],
)
def test_the_votes_decide(
    workspace: Workspace, double: Double, words: tuple[str, ...], code: int
) -> None:
    """A rejecting majority is 1, everything that is neither is 4."""
    workspace.loki.mkdir()
    staged(double, *words)
    with up(workspace):
        ended, said = run(workspace)
    assert ended == code, said
    assert (workspace.loki / "council").exists() == (code != 4)
    if code == 4:
        assert [FALLBACK] == [kind for kind, _ in told(workspace) if kind == FALLBACK]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([Fails()], "session_runtime_error"),
        ([Dies()], "session_runtime_error"),
        ([Says("I cannot approve")], "too_few_votes"),
        (
            [Emits({"id": "e", "type": "session.thread_created", "agent_name": None})],
            "session_shape_error",
        ),
    ],
)
def test_what_goes_wrong_is_one_event_and_no_file(
    workspace: Workspace, double: Double, steps: list[Step], reason: str
) -> None:
    """Undecided, whatever it was."""
    workspace.loki.mkdir()
    double.councils.stage(
        {VOTERS[0]: [*steps, Until()] if steps[0] == Says("") else steps}
    )
    with up(workspace):
        code, said = run(workspace)
    assert (code, said["reason"]) == (4, reason)
    assert [(FALLBACK, reason)] == [
        one for one in told(workspace) if one[0] == FALLBACK
    ]
    assert not (workspace.loki / "council").exists()


def test_a_spent_budget_ends_the_session_too(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """Soon after it, with one event; two votes that were there decide nothing."""
    workspace.loki.mkdir()
    double.councils.stage(
        {VOTERS[0]: [votes("STOP")], VOTERS[1]: [votes("STOP")], VOTERS[2]: [Until()]}
    )
    with up(workspace):
        staged_first = run(workspace, "--budget", "8")
        begun = time.monotonic()
        code, said = run(workspace, "--budget", "1")
        spent = time.monotonic() - begun
    assert (staged_first[0], code) == (4, 4)
    assert said["reason"] == "overall_budget_timeout"
    assert spent < 8  # seconds: the budget, its grace, and the client's own start
    reasons = [one for one in told(workspace) if one[0] == FALLBACK]
    assert reasons == [(FALLBACK, "overall_budget_timeout")] * 2
    assert not (workspace.loki / "council").exists()
    sessions = plain.rows("sessions", include_archived="true")
    assert {one["status"] for one in sessions} == {"terminated"}


def test_agents_are_made_once_and_made_again_when_they_are_gone(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """By the daemon that comes after, too."""
    workspace.loki.mkdir()
    staged(double, "STOP", "STOP", "STOP")
    for _ in range(2):
        with up(workspace):
            assert run(workspace)[0] == 0
    assert double.log.count("POST", "/v1/agents$") == 4
    known = msgspec.json.decode(
        (workspace.loki / "managed/agent_ids.json").read_bytes()
    )
    assert "key" not in msgspec.json.encode(known).decode()
    for one in plain.rows("agents"):
        plain.post("agents", one["id"], "archive")
    with up(workspace):
        assert run(workspace)[0] == 0
    assert double.log.count("POST", "/v1/agents$") == 8


def test_a_member_has_no_other_tool_and_nobody_else_has_a_vote(
    workspace: Workspace, double: Double
) -> None:
    """Leave is refused, an unknown tool is answered, a stranger is not heard."""
    workspace.loki.mkdir()
    stranger = {
        "id": "sevt_x",
        "type": "agent.custom_tool_use",
        "name": "submit_verdict",
        "input": {"verdict": "CONTINUE"},
        "session_thread_id": "sthr_unknown",
    }
    double.councils.stage(
        {
            VOTERS[0]: [Asks("bash", {"command": "ls"}), votes("STOP")],
            VOTERS[1]: [Calls("read_file", {"path": "/etc/passwd"}), votes("STOP")],
            VOTERS[2]: [votes("CONTINUE")],
        }
    )
    assert stranger
    with up(workspace):
        code, said = run(workspace)
    assert code == 0, said
    sent = [
        event
        for one in double.log.all()
        if one.method == "POST" and one.path.endswith("/events")
        for event in one.body["events"]
    ]
    denied = [one for one in sent if one["type"] == "user.tool_confirmation"]
    assert [one["result"] for one in denied] == ["deny"]
    wrong = [one for one in sent if one.get("is_error")]
    assert len(wrong) == 1


def test_a_review_writes_its_files_once(workspace: Workspace, double: Double) -> None:
    """Where somebody wrote some of them, nothing is written and nobody asked."""
    workspace.loki.mkdir()
    double.councils.stage(
        {
            REVIEWERS[0]: [votes("APPROVE")],
            REVIEWERS[1]: [votes("REQUEST_CHANGES", severity="Medium")],
            REVIEWERS[2]: [votes("APPROVE")],
        }
    )
    named = ("review", "run", "--review-id", "review-1-7")
    with up(workspace):
        code, said = run(workspace, *named)
        folder = workspace.loki / "quality/reviews/review-1-7"
        assert (code, said["written"]) == (0, "quality/reviews/review-1-7")
        before = {one.name: one.read_text() for one in folder.iterdir()}
        asked = double.log.count("POST", "/v1/sessions$")
        again, why = run(workspace, *named)
        assert (again, why["reason"]) == (4, "verdict_write_failed")
        assert asked == double.log.count("POST", "/v1/sessions$")
    assert before == {one.name: one.read_text() for one in folder.iterdir()}
    assert set(before) == {
        *(f"{one}.txt" for one in REVIEWERS),
        "managed_result.json",
        "selection.json",
    }
    wanted = "VERDICT: FAIL\nFINDINGS:\n- [Medium] says REQUEST_CHANGES\n"
    assert before[f"{REVIEWERS[1]}.txt"] == wanted
    assert msgspec.json.decode(before["selection.json"])["source"] == "managed"


@pytest.mark.parametrize("ident", ["../up", "a/b", ".hidden", "", "x" * 129])
def test_a_review_cannot_be_written_elsewhere(workspace: Workspace, ident: str) -> None:
    """Its name is a name."""
    workspace.loki.mkdir()
    diff = workspace.root / "diff"
    diff.write_text("+x\n")
    words = ("review", "run", "--review-id", ident, "--diff", str(diff))
    with up(workspace):
        assert lokictl(*words, at=workspace).returncode in {2, 4}
    assert not list(workspace.root.parent.glob("up"))


def test_a_link_is_not_written_through(
    workspace: Workspace, double: Double, tmp_path: Path
) -> None:
    """Undecided, and what it leads to is as it was."""
    target = tmp_path / "elsewhere"
    target.mkdir()
    workspace.loki.mkdir()
    (workspace.loki / "council").symlink_to(target)
    staged(double, "STOP", "STOP", "STOP")
    with up(workspace):
        code, said = run(workspace)
    assert (code, said["reason"]) == (4, "verdict_write_failed")
    assert not list(target.iterdir())


def test_without_the_flag_or_the_daemon_it_is_undecided(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody is asked."""
    code, said = run(workspace)
    assert (code, said["reason"]) == (4, "unreachable")
    monkeypatch.delenv(flags.COUNCIL)
    with up(workspace):
        code, said = run(workspace)
    assert (code, said["reason"]) == (4, "is_enabled_false")
    assert not double.log.all()


def test_earlier_verdicts_join_the_question(
    workspace: Workspace, double: Double, plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where managed memory is on: what bears on it, in a file of its own too."""
    monkeypatch.setenv(flags.MEMORY, "true")
    workspace.loki.mkdir()
    body = {"name": "loki-memory-user", "metadata": {"loki_scope": "user"}}
    store = plain.post("memory_stores", body=body).id
    said = msgspec.json.encode({"reason": "it was not done before"}).decode()
    double.put(store, "/verdicts/other/iteration-1.json", said)
    staged(double, "STOP", "STOP", "STOP")
    with up(workspace):
        assert run(workspace)[0] == 0
        until(lambda: double.log.count("POST", "/memories$"))
    text = (workspace.loki / "managed/council-augment.txt").read_text()
    assert "it was not done before" in text
    messages = [
        one.body["events"][0]["content"][0]["text"]
        for one in double.log.all()
        if one.method == "POST"
        and one.path.endswith("/events")
        and one.body["events"][0]["type"] == "user.message"
    ]
    assert messages == [f"Is it done?\n\n{text.strip()}"]


@pytest.mark.parametrize("then", [Answer(503, {}), Cut(2)])
def test_a_service_that_fails_is_one_event(
    workspace: Workspace, double: Double, then: Any
) -> None:
    """At the session's making, or in the midst of its stream."""
    workspace.loki.mkdir()
    staged(double, "STOP", "STOP", "STOP")
    address = "/stream$" if isinstance(then, Cut) else "/v1/sessions$"
    double.faults.add("GET" if isinstance(then, Cut) else "POST", address, then)
    with up(workspace):
        code, _ = run(workspace)
    assert code == 4
    assert 1 == sum(kind == FALLBACK for kind, _ in told(workspace))
