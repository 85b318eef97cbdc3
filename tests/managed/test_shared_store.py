"""What happens to a store beside us: other projects, another header, its archive."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

import msgspec
import pytest

from double import Double
from lokid import flags
from lokid.managed.api import BETA_KEY
from lokid.paths import Workspace, find_workspace
from mirror_rig import episode, switch_on, told
from plain import Plain
from shell import lokictl, until, up

pytest_plugins = ["double_fixtures"]
pytest.importorskip("anthropic", reason="the SDK is not installed")

WRITTEN, FALLBACK = "managed_memory_shadow_write", "managed_agents_fallback"


@pytest.fixture(autouse=True)
def on(monkeypatch: pytest.MonkeyPatch, double: Double) -> None:
    """Everything here has managed memory on."""
    switch_on(monkeypatch, double)


def memories(plain: Plain) -> dict[str, str]:
    """All memories of all stores, by path."""
    found = {}
    for store in plain.rows("memory_stores", include_archived="true"):
        for one in plain.rows("memory_stores", store["id"], "memories", view="full"):
            found[one["path"]] = one["content"]
    return found


def test_two_projects_share_one_store(
    workspace: Workspace, double: Double, plain: Plain, tmp_path: Path
) -> None:
    """Their verdicts lie apart; episodes of one path are laid over each other."""
    root = tmp_path / "other"
    root.mkdir()
    other = find_workspace(str(root), {"LOKID_STATE_DIR": str(tmp_path / "state")})
    with up(workspace):
        episode(workspace, 1, 0.9, learning="here")
        until(lambda: (WRITTEN, None) in told(workspace))
    (root / ".loki").mkdir()
    with up(other):
        episode(other, 1, 0.9, learned="there")
        until(lambda: (WRITTEN, None) in told(other))
    assert len(plain.rows("memory_stores")) == 1
    (content,) = memories(plain).values()
    body = msgspec.json.decode(content)
    assert (body["learning"], body["learned"]) == ("here", "there")
    assert double.log.count("POST", "/v1/memory_stores$") == 1


def test_an_archived_store_takes_no_more(workspace: Workspace, plain: Plain) -> None:
    """Nor is another of its name made, also by who forgot which one it was."""
    with up(workspace):
        episode(workspace, 1, 0.9)
        until(lambda: (WRITTEN, None) in told(workspace))
        (store,) = plain.rows("memory_stores")
        plain.post("memory_stores", store["id"], "archive")
        episode(workspace, 2, 0.9)
        until(lambda: len(told(workspace)) >= 2)
    assert told(workspace)[1] == (FALLBACK, "store_archived")
    (workspace.loki / "managed/stores.json").unlink()
    with up(workspace):
        episode(workspace, 3, 0.9)
        until(lambda: len(told(workspace)) >= 3)
    assert told(workspace)[2:] == [(FALLBACK, "store_archived")]
    assert len(plain.rows("memory_stores", include_archived="true")) == 1
    assert len(memories(plain)) == 1  # what was read can be read


def test_another_header_is_one_event_and_no_storm(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service took ours yesterday; the variable names the one of today."""
    double.admission.memory_betas = frozenset({"agent-memory-2027-01-01"})
    with up(workspace):
        for number in range(1, 6):
            episode(workspace, number, 0.9)
        until(lambda: told(workspace))
        lokictl("status", at=workspace)
    assert told(workspace) == [(FALLBACK, "beta_rejected")]
    assert double.log.count() == 1
    monkeypatch.setenv(BETA_KEY, "agent-memory-2027-01-01")
    with up(workspace):
        episode(workspace, 6, 0.9)
        until(lambda: (WRITTEN, None) in told(workspace))


def get(at: Workspace, target: str) -> tuple[int, str]:
    """What a dashboard gets over the socket."""
    link = http.client.HTTPConnection("lokid")
    link.sock = socket.socket(socket.AF_UNIX)
    link.sock.connect(at.socket_file.read_bytes().rstrip(b"\n"))
    try:
        link.request("GET", target)
        reply = link.getresponse()
        return reply.status, reply.read().decode()
    finally:
        link.close()


def test_a_dashboard_asks_for_versions(
    workspace: Workspace,
    double: Double,
    plain: Plain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each way it can end has its status."""
    body = {"name": "loki-memory-user", "metadata": {"loki_scope": "user"}}
    store = plain.post("memory_stores", body=body).id
    memory = double.put(store, "/episodic/d/a.json", "{}")["id"]
    base = "/api/managed/memory_versions/"
    with up(workspace):
        status, text = get(workspace, base + memory)
        assert (status, msgspec.json.decode(text)["count"]) == (200, 1)
        assert get(workspace, base + "a%20b")[0] == 400
        assert get(workspace, base + "x" * 257)[0] == 400
        status, text = get(workspace, base + "mem_none")
        assert (status, "not found" in text) == (404, True)
    with Double(keys=("another",)) as refuses:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", refuses.url)
        with up(workspace):
            assert get(workspace, base + memory)[0] == 502
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with up(workspace):
        status, text = get(workspace, base + memory)
        assert (status, "disabled" in text) == (503, True)
    monkeypatch.delenv(flags.MEMORY)
    with up(workspace):
        status, text = get(workspace, base + memory)
        assert (status, "disabled" in text) == (503, True)
