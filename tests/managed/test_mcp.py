"""An agent's MCP client speaks to `lokictl mcp`, over its standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from double import Double
from lokid.paths import Workspace
from mirror_rig import switch_on
from plain import Plain
from rig import failing_run, put
from shell import COMMAND, lokictl, up

pytest_plugins = ["double_fixtures"]
pytest.importorskip("anthropic", reason="the SDK is not installed")
mcp = pytest.importorskip("mcp", reason="the MCP SDK is not installed")


def talk(at: Workspace, work: Callable[[Any], Awaitable[Any]]) -> Any:
    """What comes of a client's session with the real server."""
    from mcp.client.session import ClientSession
    from mcp.client.stdio import StdioServerParameters, stdio_client

    async def done() -> Any:
        command = StdioServerParameters(
            command=COMMAND[0],
            args=[*COMMAND[1:], "mcp", "-C", str(at.root)],
            env=dict(os.environ),
        )
        async with (
            stdio_client(command) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await work(session)

    return asyncio.run(done())


def call(at: Workspace, name: str, **given: object) -> str:
    """The text that a tool gives."""

    async def work(session: Any) -> str:
        told = await session.call_tool(name, given)
        assert not told.is_error, told
        text: str = told.content[0].text
        return text

    found: str = talk(at, work)
    return found


def test_three_tools_and_no_more(workspace: Workspace) -> None:
    """With what they take, and which of them only reads."""

    async def work(session: Any) -> Any:
        return (await session.list_tools()).tools

    tools = {one.name: one for one in talk(workspace, work)}
    assert set(tools) == {"loki_context", "loki_failures", "loki_memory_redact"}
    given = tools["loki_memory_redact"].input_schema
    assert given["required"] == ["pattern"]
    assert given["properties"]["scope"]["default"] == "all"
    assert tools["loki_context"].annotations.read_only_hint
    assert tools["loki_memory_redact"].annotations.destructive_hint


def test_the_block_is_that_of_the_command(workspace: Workspace) -> None:
    """With a daemon and without one."""
    put(workspace, "events.jsonl", failing_run())
    words = ("context", "--goal", "parse", "--no-managed")
    said = lokictl(*words, at=workspace).stdout
    assert said
    assert call(workspace, "loki_context", goal="parse") == said.rstrip("\n")
    with up(workspace):
        said = lokictl(*words, at=workspace).stdout
        assert call(workspace, "loki_context", goal="parse") == said.rstrip("\n")


def test_failures_are_a_few_small_rows(workspace: Workspace) -> None:
    """At most as many as asked for."""
    put(workspace, "events.jsonl", failing_run(30))
    told = json.loads(call(workspace, "loki_failures", limit=5))
    assert len(told["failures"]) == 5
    assert set(told["failures"][0]) >= {"time", "kind", "message"}
    assert (
        len(json.loads(call(workspace, "loki_failures", limit=999))["failures"]) <= 20
    )


def test_redaction_answers_in_json_whatever_happens(
    workspace: Workspace,
    double: Double,
    plain: Plain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Off, no daemon, a scope that is none, and done."""
    told = json.loads(call(workspace, "loki_memory_redact", pattern="x"))
    assert (told["redacted_count"], told["scanned"], told["errors"]) == (0, 0, [])
    assert "no daemon" in told["error"]
    with up(workspace):
        told = json.loads(call(workspace, "loki_memory_redact", pattern="x"))
        assert "disabled" in told["error"]
    switch_on(monkeypatch, double)
    body = {"name": "loki-memory-user", "metadata": {"loki_scope": "user"}}
    store = plain.post("memory_stores", body=body).id
    double.put(store, "/episodic/d/a.json", '{"a":"hunter2"}')
    with up(workspace):
        bad = call(workspace, "loki_memory_redact", pattern="x", scope="mine")
        assert json.loads(bad)["error"] == "scope must be one of user, org, all"
        told = json.loads(call(workspace, "loki_memory_redact", pattern="hunter2"))
    assert (told["redacted_count"], told["scanned"], told["errors"]) == (1, 1, [])
