"""With managed memory off there is nothing of it; on, the SDK is in the child alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from double import Double
from lokid import flags
from lokid.paths import Workspace
from mirror_rig import episode, switch_on, told
from shell import ask, lokictl, until, up

pytest_plugins = ["double_fixtures"]
REPOSITORY = Path(__file__).parents[2]
SDK = ("anthropic", "pydantic", "jiter", "httpx", "httpcore")
ON_LINUX = pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="reads /proc"
)


def loaded(pid: int) -> list[str]:
    """The parts of the SDK that a process has loaded."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return [name for name in SDK if f"/{name}" in maps]


def pid_of(workspace: Workspace) -> int:
    """The daemon's process."""
    return int(ask("status", at=workspace)["daemon"]["pid"])


@ON_LINUX
def test_a_daemon_without_flags_knows_nothing_of_it(workspace: Workspace) -> None:
    """No SDK, no folder, no child."""
    with up(workspace):
        episode(workspace, 1, 0.9)
        lokictl("context", at=workspace)
        pid = pid_of(workspace)
        assert [] == loaded(pid)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        assert not children.strip()
    assert not (workspace.loki / "managed").exists()


@ON_LINUX
def test_the_sdk_is_in_the_child_alone(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And in nobody before there is something to do."""
    pytest.importorskip("anthropic", reason="the SDK is not installed")
    switch_on(monkeypatch, double)
    with up(workspace):
        pid = pid_of(workspace)
        assert not Path(f"/proc/{pid}/task/{pid}/children").read_text().strip()
        episode(workspace, 1, 0.9)
        until(lambda: told(workspace))
        assert [] == loaded(pid)
        child = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert 1 == len(child)
        assert "pydantic" in loaded(int(child[0]))


def test_a_client_imports_nothing_of_it(workspace: Workspace) -> None:
    """Neither the package nor the SDK, with the flags off and on."""
    script = (
        "import sys; sys.argv = ['lokictl', 'failures']\n"
        "from cli import main; main.lokictl()\n"
        "print(sorted(n for n in sys.modules if n.split('.')[0] == 'anthropic'"
        " or n.startswith('lokid.managed')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=workspace.root,
        capture_output=True,
        check=True,
        text=True,
    )
    assert "[]" == done.stdout.splitlines()[-1]


def test_one_module_names_the_sdk() -> None:
    """By any kind of import."""
    found = set()
    for package in ("lokid", "projections", "cli"):
        for file in (REPOSITORY / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                names = [one.name for one in getattr(node, "names", ())]
                names.append(getattr(node, "module", None) or "")
                if any(str(name).split(".")[0] == "anthropic" for name in names):
                    found.add(file.name)
    assert {"api.py"} == found


def test_the_switch_turns_the_answers_back(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes with the flags on and off, and nothing written when off."""
    episode(workspace, 1, 0.9)
    off = lokictl("context", "--now", "2026-03-02T10:00:00Z", at=workspace).stdout
    switch_on(monkeypatch, double)
    on = lokictl("context", "--now", "2026-03-02T10:00:00Z", at=workspace).stdout
    monkeypatch.setenv(flags.AGENTS, "false")
    monkeypatch.setenv(flags.MEMORY, "false")
    again = lokictl("context", "--now", "2026-03-02T10:00:00Z", at=workspace).stdout
    assert off == on == again


def test_what_was_done_can_be_read_without_a_daemon(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flags, header, events by type and number; broken lines are passed over."""
    switch_on(monkeypatch, double)
    folder = workspace.loki / "managed"
    folder.mkdir(parents=True)
    lines = [
        {"ts": f"2026-03-02T09:00:{n:02d}Z", "type": t, "payload": {"op": "x"}}
        for n, t in enumerate(["managed_agents_fallback", "managed_memory_hydrate"])
    ]
    text = b"\n".join(msgspec.json.encode(one) for one in lines)
    (folder / "events.ndjson").write_bytes(text + b"\n{broken\n")
    told_status = ask("managed", "status", at=workspace)
    assert told_status["enabled"]
    assert "2026-03-02T09:00:00Z" == told_status["last_fallback_ts"]
    found = ask("managed", "events", "--limit", "1", at=workspace)
    assert [lines[1]] == found["events"]
    found = ask("managed", "events", "--type", lines[0]["type"], at=workspace)  # type: ignore[arg-type]
    assert [lines[0]] == found["events"]
    assert 2 == lokictl("managed", "events", "--limit", "0", at=workspace).returncode


def test_a_probe_says_whether_it_works(
    workspace: Workspace, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the flags off nothing is asked."""
    off = lokictl("managed", "probe", at=workspace)
    assert 2 == off.returncode
    assert not double.log.all()
    pytest.importorskip("anthropic", reason="the SDK is not installed")
    switch_on(monkeypatch, double)
    done = lokictl("managed", "probe", at=workspace)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "user: no store yet" in done.stdout
