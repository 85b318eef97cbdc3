"""What was redacted is readable nowhere: not in a head, an old version, a deletion."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from double import Double
from fault_rules import Answer
from lokid.paths import Workspace
from mirror_rig import journal, switch_on
from plain import Plain
from shell import lokictl, up

pytest_plugins = ["double_fixtures"]
pytest.importorskip("anthropic", reason="the SDK is not installed")

WORD = "hunter2"
REDACTED = "managed_memory_redact"


@pytest.fixture(autouse=True)
def on(monkeypatch: pytest.MonkeyPatch, double: Double) -> None:
    """Everything here has managed memory on."""
    switch_on(monkeypatch, double)


def store_of(plain: Plain, scope: str = "user") -> str:
    """A new store of ours."""
    body = {"name": f"loki-memory-{scope}", "metadata": {"loki_scope": scope}}
    made: str = plain.post("memory_stores", body=body).id
    return made


def redact(workspace: Workspace, pattern: str, *words: str) -> dict[str, Any]:
    """What the command says, as JSON."""
    done = lokictl("managed", "redact", pattern, "--json", *words, at=workspace)
    told: dict[str, Any] = msgspec.json.decode(done.stdout)
    bad = told.get("error") or told["errors"]
    assert done.returncode == int(bool(bad)), done.stderr
    return told


def everything(plain: Plain, store: str) -> str:
    """All that any route of the service gives of a store."""
    said = [plain.rows("memory_stores", store, "memories", view="full")]
    versions = plain.rows("memory_stores", store, "memory_versions", view="full")
    said.append(versions)
    for one in versions:
        told = plain.get("memory_stores", store, "memory_versions", one["id"])
        said.append(told.body)
    said += [
        plain.get("memory_stores", store, "memories", one["id"]).body for one in said[0]
    ]
    return msgspec.json.encode(said).decode()


def test_heads_old_versions_and_deleted_ones_are_clean_afterwards(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """One event for each version; what did not match is as it was."""
    store = store_of(plain)
    head = double.put(store, "/episodic/d/a.json", f'{{"a":"pw {WORD}"}}')
    double.put(store, "/episodic/d/b.json", f'{{"old":"{WORD}"}}')
    double.put(store, "/episodic/d/b.json", '{"new":"fine"}')
    gone = double.put(store, "/episodic/d/c.json", f'{{"c":"{WORD}"}}')
    plain.delete("memory_stores", store, "memories", gone["id"])
    named = double.put(store, f"/episodic/d/{WORD}.json", '{"d":1}')
    with up(workspace):
        told = redact(workspace, WORD)
    assert (told["redacted_count"], told["scanned"]) == (4, 6)
    assert (told["head_rewritten"], told["errors"]) == (2, [])
    assert WORD not in everything(plain, store)
    rows = {
        one["id"]: one
        for one in plain.rows("memory_stores", store, "memories", view="full")
    }
    assert rows[head["id"]]["content"] == '{"a":"pw [redacted]"}'
    assert rows[named["id"]]["path"] == f"/episodic/d/redacted-{named['id']}.json"
    assert '{"new":"fine"}' in {one["content"] for one in rows.values()}
    events = [one["payload"] for one in journal(workspace) if one["type"] == REDACTED]
    assert len(events) == 4
    assert {one["actor"] for one in events} == {"lokictl"}
    assert sum(one["was_head"] for one in events) == 2
    assert WORD not in msgspec.json.encode(journal(workspace)).decode()


def test_a_thousand_versions_are_redacted_over_all_pages(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """Twenty of them make a page."""
    store = store_of(plain)
    for number in range(1000):
        double.put(
            store, f"/episodic/d/{number % 50}.json", f'{{"n":"{WORD}{number}"}}'
        )
    with up(workspace):
        told = redact(workspace, WORD)
    assert (told["redacted_count"], told["head_rewritten"]) == (1000, 50)
    assert WORD not in everything(plain, store)


def test_only_the_scope_that_was_asked_for_is_touched(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """And archived stores and younger twins of a name are."""
    user, twin, org = store_of(plain), store_of(plain), store_of(plain, "org")
    for store in (user, twin, org):
        double.put(store, "/episodic/d/a.json", f'{{"a":"{WORD}"}}')
    assert plain.post("memory_stores", twin, "archive").status == 200
    with up(workspace):
        assert redact(workspace, WORD, "--scope", "user")["redacted_count"] == 2
        assert WORD not in everything(plain, user) + everything(plain, twin)
        assert WORD in everything(plain, org)
        assert redact(workspace, WORD)["redacted_count"] == 1
    assert WORD not in everything(plain, org)


@pytest.mark.parametrize("pattern", ["(", "a*", "", "x" * 513, "(?i)"])
def test_a_pattern_that_makes_no_sense_does_nothing(
    workspace: Workspace, double: Double, plain: Plain, pattern: str
) -> None:
    """Said in words, before any request."""
    double.put(store_of(plain), "/episodic/d/a.json", "{}")
    double.log.clear()
    with up(workspace):
        told = redact(workspace, pattern)
    assert told["error"].startswith("pattern ")
    assert (told["redacted_count"], told["scanned"], told["errors"]) == (0, 0, [])
    assert not double.log.all()


def test_a_pattern_that_its_own_mark_matches_leaves_nothing(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """What cannot be rewritten free of it is deleted first."""
    store = store_of(plain)
    double.put(store, "/episodic/d/a.json", '{"a":"redacted"}')
    with up(workspace):
        told = redact(workspace, "[a-z]")
    assert told["errors"] == []
    assert plain.rows("memory_stores", store, "memories") == []
    left = plain.rows("memory_stores", store, "memory_versions", view="full")
    assert all(one["redacted_at"] for one in left)


def test_one_failure_does_not_stop_the_rest(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """It is told with its version."""
    store = store_of(plain)
    for number in range(3):
        double.put(store, f"/episodic/d/{number}.json", f'{{"a":"{WORD}"}}')
    error = {"type": "error", "error": {"type": "api_error", "message": "no"}}
    double.faults.add("POST", "/redact$", Answer(500, error), 1)
    with up(workspace):
        told = redact(workspace, WORD)
    assert told["redacted_count"] == 2
    assert [one["op"] for one in told["errors"]] == ["redact"]
    assert told["errors"][0]["memory_version_id"].startswith("memver_")


def test_a_pattern_without_end_is_cut_off_by_the_clock(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """The child goes, the daemon stays, and its next operation works."""
    store = store_of(plain)
    double.put(store, "/episodic/d/a.json", "a" * 60 + "b")
    with up(workspace):
        told = redact(workspace, "(a+)+c")
        assert told["error"].startswith("timeout")
        assert redact(workspace, "b")["redacted_count"] == 1


def test_without_the_flag_it_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the name of the flag."""
    monkeypatch.delenv("LOKI_MANAGED_MEMORY")
    with up(workspace):
        done = lokictl("managed", "redact", "x", "--yes", at=workspace)
    assert done.returncode == 2
    assert "disabled" in done.stderr
    assert not (workspace.loki / "managed").exists()


def test_versions_tell_who_wrote_when_and_not_what(
    workspace: Workspace, double: Double, plain: Plain
) -> None:
    """A memory that no store has is not found."""
    store = store_of(plain)
    memory = double.put(store, "/episodic/d/a.json", f'{{"a":"{WORD}"}}')["id"]
    double.put(store, "/episodic/d/a.json", "{}")
    with up(workspace):
        done = lokictl("managed", "versions", memory, "--json", at=workspace)
        told = msgspec.json.decode(done.stdout)
        assert (told["memory_id"], told["count"]) == (memory, 2)
        assert [one["operation"] for one in told["versions"]] == ["modified", "created"]
        assert WORD not in done.stdout
        lost = lokictl("managed", "versions", "mem_none", at=workspace)
        assert (lost.returncode, "not found" in lost.stderr) == (1, True)
        bad = lokictl("managed", "versions", "a b", at=workspace)
        assert bad.returncode == 1
