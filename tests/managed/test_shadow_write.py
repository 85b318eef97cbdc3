"""Weighty memories reach the store once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from double import Double
from fault_rules import Answer, DropAfter, Half, Sleep, Trickle
from lokid.managed.child import Child, Clock, environment
from lokid.managed.wire import Reply, Told
from lokid.managed.writing import MERGED, digest_of
from lokid.paths import Workspace
from mirror_rig import episode, journal, switch_on, told
from shell import lokictl, until, up

pytest_plugins = ["double_fixtures"]
pytest.importorskip("anthropic", reason="the SDK is not installed")

HEARD: list[Told] = []
NAME = "loki-memory-user"
PATH = "/episodic/2026-03-02/iteration-1.json"
MEMORIES = "/memories$"
ERROR = {"type": "error", "error": {"type": "x", "message": "no"}}
WRITTEN, REFUSED = "managed_memory_shadow_write", "managed_memory_shadow_write_409"
FALLBACK = "managed_agents_fallback"


@pytest.fixture(autouse=True)
def on(monkeypatch: pytest.MonkeyPatch, double: Double) -> None:
    """Everything here has managed memory on."""
    switch_on(monkeypatch, double)


def write(content: dict[str, Any], **more: object) -> dict[str, object]:
    """What is asked of the child."""
    return {"kind": "episode", "path": PATH, "content": content, "name": NAME, **more}


def with_child(work: Callable[[Child], Coroutine[Any, Any, Any]]) -> Any:
    """Do something with a child, and end it."""

    async def done() -> Any:
        child = Child(environment(os.environ), _hear)
        try:
            return await work(child)
        finally:
            await child.close()

    return asyncio.run(done())


async def _hear(told: list[Told]) -> None:
    HEARD.extend(told)


def shadow_write(content: dict[str, Any], seconds: float = 40.0) -> Reply:
    """Have one memory written by a child of its own; all that was told with it."""
    HEARD.clear()
    reply: Reply = with_child(
        lambda child: child.ask("shadow_write", write(content), Clock(seconds))
    )
    reply.events = [*HEARD, *reply.events]
    return reply


def stored(double: Double) -> dict[str, dict[str, Any]]:
    """All memories of the double, by path."""
    from plain import Plain

    found = {}
    with Plain(double.url) as client:
        for store in client.get("memory_stores").body["data"]:
            address = f"memory_stores/{store['id']}/memories"
            for one in client.get(address, view="full").body["data"]:
                found[one["path"]] = msgspec.json.decode(one["content"])
    return found


def reasons(reply: Reply) -> list[tuple[str, object]]:
    """Type and reason of what is to be told."""
    return [(one.type, one.payload.get("reason")) for one in reply.events]


def test_a_memory_is_written_with_one_request_a_step(double: Double) -> None:
    """Look for the store, make it, look whose is oldest, create the memory."""
    reply = shadow_write({"a": 1})
    assert reply.reason is None
    assert [(WRITTEN, None)] == reasons(reply)
    assert {PATH: {"a": 1}} == stored(double)
    asked = [one.method for one in double.log.all()][:4]
    assert ["GET", "POST", "GET", "POST"] == asked
    assert 1 == double.log.count("POST", MEMORIES)


def test_what_is_there_is_laid_under_ours(double: Double) -> None:
    """409 once: read, merge, write; both digests are known afterwards."""
    shadow_write({"theirs": 1, "both": "old"})
    reply = shadow_write({"ours": 2, "both": "new"})
    assert [(REFUSED, None), (WRITTEN, None)] == reasons(reply)
    assert reply.events[-1].payload["merged"] is True
    known = digest_of('{"both":"old","theirs":1}')
    merged = {"theirs": 1, "ours": 2, "both": "new", MERGED: [known]}
    assert {PATH: merged} == stored(double)


def test_the_same_again_changes_nothing(double: Double) -> None:
    """Who was killed before it could remember may write again."""
    shadow_write({"a": 1})
    reply = shadow_write({"a": 1})
    assert reply.reason is None
    assert {PATH: {"a": 1}} == stored(double)


def test_an_answer_that_is_lost_after_the_commit_is_no_second_memory(
    double: Double,
) -> None:
    """It failed as far as we know; writing again finds it there."""
    double.faults.add("POST", MEMORIES, DropAfter(), 1)
    reply = shadow_write({"a": 1})
    assert [(FALLBACK, "stores_error")] == reasons(reply)
    assert shadow_write({"a": 1}).reason is None
    assert {PATH: {"a": 1}} == stored(double)


def test_a_second_refusal_is_the_end(double: Double) -> None:
    """Two refusals are told, one failure, and theirs stands."""
    shadow_write({"theirs": 1})
    conflict = {
        "type": "error",
        "error": {"type": "memory_precondition_failed_error", "message": "no"},
    }
    double.faults.add("POST", "/memories/mem_", Answer(409, conflict))
    reply = shadow_write({"ours": 1})
    assert [REFUSED, REFUSED, FALLBACK] == [one.type for one in reply.events]
    assert "conflict_twice" == reply.reason
    assert {PATH: {"theirs": 1}} == stored(double)


def test_eight_writers_of_one_path_lose_nothing_that_was_acknowledged(
    double: Double,
) -> None:
    """Whoever was told that it is written finds its key there."""

    async def race(child: Child) -> list[Reply]:
        asked = (
            child.ask("shadow_write", write({f"by{number}": number}), Clock(60))
            for number in range(8)
        )
        return await asyncio.gather(*asked)

    replies: list[Reply] = with_child(race)
    found = stored(double)[PATH]
    won = [number for number, one in enumerate(replies) if one.reason is None]
    assert won
    assert all(found[f"by{number}"] == number for number in won)
    lost = {one.reason for one in replies if one.reason is not None}
    assert lost <= {"conflict_twice"}


@pytest.mark.parametrize(
    ("status", "message", "reason", "shut"),
    [
        (401, "no", "auth", True),
        (403, "no", "auth", True),
        (400, "unknown beta header", "beta_rejected", True),
        (400, "the store is archived", "store_archived", False),
        (413, "no", "content_too_large", False),
        (429, "no", "rate_limited", False),
        (500, "no", "server_error", False),
        (529, "no", "server_error", False),
        (422, "no", "client_error", False),
    ],
)
def test_each_refusal_has_its_reason(
    double: Double,
    status: int,
    message: str,
    reason: str,
    shut: bool,  # noqa: FBT001  a table's column
) -> None:
    """One request, one event, and whether anything else is worth a try."""
    body = {"type": "error", "error": {"type": "x", "message": message}}
    double.faults.add("POST", MEMORIES, Answer(status, body))
    reply = shadow_write({"a": 1})
    assert [(FALLBACK, reason)] == reasons(reply)
    assert shut is reply.shut
    assert 1 == double.log.count("POST", MEMORIES)


def test_half_an_answer_is_a_failure_with_a_reason(double: Double) -> None:
    """Broken JSON is no error of the SDK's own; the next try finds it written."""
    double.faults.add("POST", MEMORIES, Half(), 1)
    reply = shadow_write({"a": 1})
    assert reply.reason in {"client_error", "stores_error"}
    assert shadow_write({"a": 1}).reason is None
    assert {PATH: {"a": 1}} == stored(double)


def test_what_is_too_large_is_not_sent(double: Double) -> None:
    """The limit is known here."""
    reply = shadow_write({"a": "x" * 102_400})
    assert [(FALLBACK, "content_too_large")] == reasons(reply)
    assert not double.log.all()


@pytest.mark.parametrize("then", [Sleep(60), Trickle(1.0)], ids=["sleeps", "trickles"])
def test_the_clock_ends_a_slow_service(double: Double, then: Any) -> None:
    """By the wall, the child with it; the next operation has another."""

    async def work(child: Child) -> tuple[Reply, int | None, Reply]:
        await child.ask(
            "shadow_write", write({"a": 0}), Clock(60)
        )  # it has started now
        double.faults.add("POST", MEMORIES, then, 1)
        late = await child.ask("shadow_write", write({"a": 1}), Clock(1.0))
        gone = child.pid
        return late, gone, await child.ask("shadow_write", write({"a": 2}), Clock(60))

    late, gone, again = with_child(work)
    assert [(FALLBACK, "timeout")] == reasons(late)
    assert gone is None  # killed: it had started
    assert again.reason is None


def test_without_a_key_nobody_is_asked(
    double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else will work in this life either."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    reply = shadow_write({"a": 1})
    assert ("missing_api_key", True) == (reply.reason, reply.shut)
    assert not double.log.all()


def test_automatic_paths_write_no_pattern(double: Double) -> None:
    """An organisation's memory is read."""
    args = write({"a": 1}) | {"path": "/patterns/p.json"}
    reply = with_child(lambda child: child.ask("shadow_write", args, Clock(40)))
    assert "org_read_only" == reply.reason
    assert not double.log.all()


# -- a daemon ------------------------------------------------------------------


def test_a_daemon_mirrors_what_weighs_enough(
    workspace: Workspace, double: Double
) -> None:
    """0.6 is enough, 0.59 is not, and neither is what lay there before."""
    episode(workspace, 9, 0.9)
    lokictl("failures", at=workspace)  # it is in the log before the mirror begins
    with up(workspace):
        episode(workspace, 1, 0.6)
        episode(workspace, 2, 0.59)
        until(lambda: told(workspace))
        episode(workspace, 3, 0.5)
        lokictl("status", at=workspace)
        episode(workspace, 3, 0.8)
        until(lambda: len(told(workspace)) == 2)
    assert [(WRITTEN, None)] * 2 == told(workspace)
    found = stored(double)
    assert {PATH, PATH.replace("-1.json", "-3.json")} == set(found)
    assert 0.8 == found[PATH.replace("-1.json", "-3.json")]["importance"]


def test_what_is_sent_holds_no_secret(workspace: Workspace, double: Double) -> None:
    """The harness's document goes out without what looks like one."""
    secret = "ghp_" + "a1B2" * 9
    with up(workspace):
        episode(workspace, 1, 0.9, learning=f"export GH={secret}", files=[secret])
        until(lambda: told(workspace))
    assert secret not in msgspec.json.encode(stored(double)).decode()
    assert stored(double)[PATH]["outcome"] == "failure"


def test_a_killed_daemon_neither_loses_nor_doubles_one(
    workspace: Workspace, double: Double
) -> None:
    """Killed while the service thinks about it; the next one brings it."""
    double.faults.add("POST", MEMORIES, Sleep(1.0), 1)
    with up(workspace):
        episode(workspace, 1, 0.9)
        double.log.wait(1, "POST", MEMORIES, 40)
        pid = msgspec.json.decode(lokictl("status", "--json", at=workspace).stdout)[
            "daemon"
        ]["pid"]
        os.kill(pid, 9)
        until(lambda: not Path(f"/proc/{pid}").exists())
    with up(workspace):
        until(lambda: (WRITTEN, None) in told(workspace))
    found = stored(double)
    assert {PATH} == set(found)
    assert MERGED not in found[PATH]


def test_what_no_try_can_mend_is_told_once(
    workspace: Workspace, double: Double
) -> None:
    """A key that is refused is not tried for each memory."""
    double.faults.add("", "/v1/", Answer(401, ERROR))
    with up(workspace):
        for number in range(1, 6):
            episode(workspace, number, 0.9)
        until(lambda: told(workspace))
        lokictl("status", at=workspace)
    assert [(FALLBACK, "auth")] == told(workspace)
    assert 1 == double.log.count()


def test_the_journal_is_in_the_log_once(workspace: Workspace) -> None:
    """What was done is a fact like any other."""
    with up(workspace):
        episode(workspace, 1, 0.9)
        until(lambda: journal(workspace))
        lokictl("status", at=workspace)
    said = lokictl("events", "--type", "managed.reported", "--json", at=workspace)
    lines = [msgspec.json.decode(one) for one in said.stdout.splitlines()]
    assert [PATH.lstrip("/")] == [one["data"]["path"] for one in lines]
