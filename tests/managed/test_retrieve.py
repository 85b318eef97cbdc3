"""What other sessions learned comes after the local block, or not at all."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from double import Double
from fault_rules import Answer, Sleep
from lokid.managed import mapping, related
from lokid.managed.related import HEADING, Copy
from lokid.paths import Workspace
from mirror_rig import episode, journal, switch_on, told
from plain import Plain
from rig import failing_run, put
from shell import lokictl, up

pytest_plugins = ["double_fixtures"]
pytest.importorskip("anthropic", reason="the SDK is not installed")

GOAL = ("context", "--goal", "parse the users table", "--deadline", "20000")
NOW = ("--now", "2026-03-02T10:00:00Z")
RETRIEVED, EMPTY = "managed_memory_retrieve", "managed_memory_retrieve_empty"


@pytest.fixture(autouse=True)
def on(monkeypatch: pytest.MonkeyPatch, double: Double) -> None:
    """Everything here has managed memory on."""
    switch_on(monkeypatch, double)


@pytest.fixture
def remote(double: Double, plain: Plain) -> str:
    """The user's store, with three memories of other sessions."""
    body = {"name": "loki-memory-user", "metadata": {"loki_scope": "user"}}
    store: str = plain.post("memory_stores", body=body).id
    for path, content in {
        "/episodic/2026-02-01/iteration-7.json": {"learning": "the users table is big"},
        "/verdicts/other/iteration-1.json": {"reason": "parse once"},
        "/patterns/p.json": {"description": "nothing of it"},
    }.items():
        double.put(store, path, msgspec.json.encode(content).decode())
    return store


def test_local_comes_first_and_whole_then_the_managed_lines(
    workspace: Workspace, remote: str
) -> None:
    """The most words of the goal first; without the flag's option nothing."""
    put(workspace, "events.jsonl", failing_run())
    with up(workspace):
        local = lokictl(*GOAL, *NOW, "--no-managed", at=workspace)
        whole = lokictl(*GOAL, *NOW, at=workspace)
    assert remote
    assert whole.stdout.startswith(local.stdout)
    assert [
        HEADING,
        "- [managed] /episodic/2026-02-01/iteration-7.json: the users table is big",
        "- [managed] /verdicts/other/iteration-1.json: parse once",
    ] == whole.stdout.removeprefix(local.stdout).splitlines()
    assert [(RETRIEVED, None)] == told(workspace)
    said = journal(workspace)[0]["payload"]
    assert (2, 3) == (said["hits"], said["total_candidates"])


def test_local_wins_on_its_path(
    workspace: Workspace, double: Double, remote: str
) -> None:
    """A memory that we have ourselves is not told from there."""
    episode(workspace, 1, 0.1)
    content = '{"learning": "parse the users"}'
    double.put(remote, "/episodic/2026-03-02/iteration-1.json", content)
    with up(workspace):
        said = lokictl(*GOAL, at=workspace).stdout
    assert "iteration-7" in said
    assert "2026-03-02/iteration-1" not in said


def test_only_what_changed_is_read_again(
    workspace: Workspace, double: Double, remote: str
) -> None:
    """Also by the next daemon: the copy is kept by the digest of the content."""
    with up(workspace):
        lokictl(*GOAL, at=workspace)
    assert 3 == double.log.count("GET", "/memories/mem_")
    double.put(remote, "/verdicts/other/iteration-2.json", '{"reason": "users"}')
    double.log.clear()
    with up(workspace):
        said = lokictl(*GOAL, at=workspace).stdout
    assert 1 == double.log.count("GET", "/memories/mem_")
    assert "iteration-2.json: users" in said


def test_more_than_a_page_is_seen(
    workspace: Workspace, double: Double, remote: str
) -> None:
    """The hundred and first memory counts as well."""
    for number in range(101):
        path = f"/verdicts/other/many-{number:03d}.json"
        word = "users parse table" if number == 100 else "nothing"
        double.put(remote, path, f'{{"reason": "{word}"}}')
    with up(workspace):
        said = lokictl(*GOAL, at=workspace).stdout
    assert "many-100.json" in said


def test_a_slow_store_costs_five_seconds_and_no_local_line(
    workspace: Workspace, double: Double, remote: str
) -> None:
    """What was known is told all the same."""
    with up(workspace):
        first = lokictl(*GOAL, at=workspace).stdout
        double.faults.add("GET", "/memory_stores", Sleep(60))
        begun = time.monotonic()
        again = lokictl(*GOAL, at=workspace).stdout
        spent = time.monotonic() - begun
    assert remote
    assert first == again
    assert ("managed_agents_fallback", "timeout") == told(workspace)[-1]
    assert spent > 5.0


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_store_that_refuses_changes_no_local_byte(
    workspace: Workspace, double: Double, status: int
) -> None:
    """Exit 0, one event, the local block."""
    put(workspace, "events.jsonl", failing_run())
    body = {"type": "error", "error": {"type": "x", "message": "no"}}
    double.faults.add("", "/v1/", Answer(status, body))
    with up(workspace):
        local = lokictl(*GOAL, *NOW, "--no-managed", at=workspace)
        whole = lokictl(*GOAL, *NOW, at=workspace)
    assert (0, local.stdout) == (whole.returncode, whole.stdout)
    assert 1 == len(told(workspace))


def test_nothing_that_bears_on_it_is_said_too(workspace: Workspace) -> None:
    """No store, no hit: an event, and no heading."""
    with up(workspace):
        said = lokictl(*GOAL, at=workspace).stdout
    assert HEADING not in said
    assert [(EMPTY, "no_hits")] == told(workspace)


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=2000), max_size=6))
def test_whatever_lies_there_is_a_few_plain_lines(contents: dict[str, str]) -> None:
    """At most three, 800 bytes, one line each, without control characters."""
    copy = Copy(contents={f"/verdicts/{k}": v for k, v in contents.items()})
    found = related.hits(copy, " ".join(contents.values()), lambda _path: False)
    text = related.block(found)
    assert len(text.encode()) <= related.MOST_BYTES
    assert len(text.split("\n")) <= 1 + related.MOST_LINES
    assert all(c.isprintable() or c == "\n" for c in text)


@given(st.text(max_size=200), st.text(max_size=40))
def test_a_path_is_always_one_the_service_takes(task: str, day: str) -> None:
    """Rooted, of clean segments, never one of the organisation's."""
    path = mapping.episode_path(f"2026-03-02{day}", task)
    if path is not None:
        parts = path.split("/")[1:]
        assert mapping.is_writable(path)
        assert all(part.strip(".") and part.isascii() for part in parts)
        assert len(path) <= 1024
