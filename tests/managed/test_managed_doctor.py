"""Each thing that can be wrong with managed memory has its row, and what helps."""

from __future__ import annotations

import msgspec
import pytest

from double import Double
from lokid import flags
from lokid.managed.journal import NAME
from lokid.paths import Workspace
from mirror_rig import switch_on
from rig import put
from shell import lokictl, up

pytest_plugins = ["double_fixtures"]
pytest.importorskip("anthropic", reason="the SDK is not installed")


def rows(at: Workspace) -> list[tuple[str, str, str]]:
    """Level, words and remedy of what doctor finds of managed memory."""
    told = msgspec.json.decode(lokictl("doctor", "--json", at=at).stdout)
    return [
        (one["level"], one["said"], one["remedy"])
        for one in told["findings"]
        if one["about"] == "managed"
    ]


def test_off_is_one_word(workspace: Workspace) -> None:
    """Nothing is looked for."""
    workspace.loki.mkdir()
    assert rows(workspace) == [("ok", "managed memory is off", "")]


def test_a_missing_key_and_another_daemon_are_problems(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the commands that help."""
    workspace.loki.mkdir()
    with up(workspace):
        switch_on(monkeypatch, double)
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        found = {
            said: remedy
            for level, said, remedy in rows(workspace)
            if level == "problem"
        }
    assert "ANTHROPIC_API_KEY is not set here" in found
    differing = [said for said in found if "other flags" in said]
    assert len(differing) == 1
    assert flags.MEMORY in differing[0]
    assert "lokictl down && lokictl up" in found[differing[0]]


@pytest.mark.parametrize("reason", ["beta_rejected", "auth", "store_archived", "odd"])
def test_the_last_failure_has_its_remedy(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """By its reason; one that is not known is probed."""
    switch_on(monkeypatch, double)
    line = {
        "ts": "2026-03-02T09:19:00Z",
        "type": "managed_agents_fallback",
        "payload": {"op": "retrieve", "reason": reason, "detail": "words"},
    }
    put(workspace, f"managed/{NAME}", msgspec.json.encode(line).decode() + "\n")
    level, said, remedy = rows(workspace)[-1]
    assert (level, f"retrieve: {reason}: words" in said) == ("note", True)
    assert remedy


def test_a_link_is_a_problem(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written through it."""
    switch_on(monkeypatch, double)
    workspace.loki.mkdir()
    (workspace.root / "there").mkdir()
    (workspace.loki / "managed").symlink_to(workspace.root / "there")
    assert [one for one in rows(workspace) if "is a link" in one[1]]
