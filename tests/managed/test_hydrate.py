"""What an organisation shares comes into the local memory once a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from double import Double
from fault_rules import Answer, Sleep
from lokid import flags
from lokid.managed import hydrate, mirror
from lokid.paths import Workspace
from mirror_rig import journal, switch_on, told
from plain import Plain
from rig import put
from shell import lokictl, until, up

pytest_plugins = ["double_fixtures"]
pytest.importorskip("anthropic", reason="the SDK is not installed")

DONE, LATE = "managed_memory_hydrate", "managed_memory_hydrate_timeout"
FALLBACK = "managed_agents_fallback"


@pytest.fixture(autouse=True)
def on(monkeypatch: pytest.MonkeyPatch, double: Double) -> None:
    """Hydration is on, in a session with a name."""
    switch_on(monkeypatch, double)
    monkeypatch.setenv(flags.HYDRATE, "true")
    monkeypatch.setenv("LOKI_SESSION_ID", "s-1")


@pytest.fixture
def shared(double: Double, plain: Plain) -> str:
    """An organisation's store with 45 patterns and one of each of the others."""
    body = {"name": "loki-memory-org", "metadata": {"loki_scope": "org"}}
    store: str = plain.post("memory_stores", body=body).id
    for number in range(45):
        put_there(double, store, f"/patterns/p{number}.json", {"id": f"p{number}"})
    put_there(double, store, "/skills/deploy it.json", {"name": "deploy"})
    put_there(double, store, "/anti_patterns/a.json", {"pattern": "Avoid: E"})
    double.put(store, "/skills/broken.json", "{no json")
    return store


def put_there(double: Double, store: str, path: str, body: dict[str, Any]) -> None:
    """A memory that somebody shared."""
    double.put(store, path, msgspec.json.encode(body).decode())


def patterns(workspace: Workspace) -> Any:
    """What the harness's file holds now."""
    file = workspace.loki / "memory/semantic/patterns.json"
    return msgspec.json.decode(file.read_bytes())["patterns"]


def sentinel(workspace: Workspace) -> Path:
    """The file that says that it was done."""
    return workspace.loki / "managed" / hydrate.SENTINEL


def test_all_that_is_shared_comes_and_local_wins(
    workspace: Workspace, shared: str
) -> None:
    """More than a page; what is broken is counted and left; each says where from."""
    mine = {"patterns": [{"id": "p3", "category": "mine"}], "version": 2}
    put(workspace, "memory/semantic/patterns.json", mine)
    with up(workspace):
        until(lambda: told(workspace))
    assert shared
    rows = {one["id"]: one for one in patterns(workspace)}
    assert 45 == len(rows)
    assert {"id": "p3", "category": "mine"} == rows["p3"]
    assert "managed" == rows["p4"]["origin"]
    skill = workspace.loki / "memory/skills/deploy_it.json"
    assert "deploy" == msgspec.json.decode(skill.read_bytes())["name"]
    assert (workspace.loki / "memory/anti_patterns/a.json").exists()
    said = journal(workspace)[0]["payload"]
    counts = [said[n] for n in ("patterns", "skills", "anti_patterns", "skipped")]
    assert [44, 1, 1, 2] == counts
    assert "s-1" == msgspec.json.decode(sentinel(workspace).read_bytes())["session_id"]


def test_once_a_session(
    workspace: Workspace, double: Double, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second start asks nobody; another session does."""
    with up(workspace):
        until(lambda: told(workspace))
    double.log.clear()
    with up(workspace):
        until(lambda: len(told(workspace)) == 2)
    assert shared
    assert 0 == double.log.count()
    assert (DONE, hydrate.ALREADY) == told(workspace)[-1]
    monkeypatch.setenv("LOKI_SESSION_ID", "s-2")
    with up(workspace):
        until(lambda: len(told(workspace)) == 3)
    assert double.log.count()


def test_a_failure_leaves_no_sentinel(
    workspace: Workspace, double: Double, shared: str
) -> None:
    """So the next start tries again."""
    body = {"type": "error", "error": {"type": "x", "message": "no"}}
    double.faults.add("GET", "/memories", Answer(500, body), 1)
    with up(workspace):
        until(lambda: told(workspace))
        assert not sentinel(workspace).exists()
    assert shared
    with up(workspace):
        until(lambda: len(told(workspace)) == 2)
    assert [(FALLBACK, "server_error"), (DONE, None)] == told(workspace)


def test_ten_seconds_are_the_end(
    workspace: Workspace, double: Double, shared: str
) -> None:
    """Told as what it is, and nothing is kept of it."""
    double.faults.add("GET", "/memories", Sleep(60))
    with up(workspace):
        until(lambda: told(workspace))
        assert not sentinel(workspace).exists()
    assert shared
    assert [LATE] == [one["type"] for one in journal(workspace)]
    assert 10.0 == mirror.CLOCKS["hydrate"].seconds


@pytest.mark.parametrize("content", ["{torn", '{"patterns": 7}', "[]"])
def test_a_file_of_another_shape_is_not_written_over(
    workspace: Workspace, shared: str, content: str
) -> None:
    """It is the harness's; we say that we could not."""
    file = put(workspace, "memory/semantic/patterns.json", content)
    with up(workspace):
        until(lambda: told(workspace))
    assert shared
    assert content == file.read_text()
    assert [(FALLBACK, "cache_write_failed")] == told(workspace)
    assert not sentinel(workspace).exists()


def test_nothing_is_written_through_a_link(
    workspace: Workspace, shared: str, tmp_path: Path
) -> None:
    """A folder that leads out of the workspace is not ours."""
    outside = tmp_path / "outside"
    outside.mkdir()
    workspace.loki.mkdir()
    (workspace.loki / "memory").symlink_to(outside)
    with up(workspace):
        until(lambda: told(workspace))
    assert shared
    assert [] == list(outside.iterdir())
    assert [(FALLBACK, "cache_write_failed")] == told(workspace)


def test_without_its_flag_nothing_comes(
    workspace: Workspace, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mirroring alone writes nothing into the local memory."""
    monkeypatch.delenv(flags.HYDRATE)
    with up(workspace):
        lokictl("status", at=workspace)
    assert shared
    assert not (workspace.loki / "memory").exists()
