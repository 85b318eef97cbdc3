"""`lokictl mcp`: three tools for agents that speak MCP, on standard input and output.

A thin process of its own: it asks the daemon where one runs, else it reads the log
itself, and holds nothing.  The SDK is the extra ``mcp``, imported here and nowhere
else (the daemon never does: 70 MB).

Each answer is small, and text.  What goes wrong is told as text too, so that an
agent reads why; nothing is raised into the protocol.
"""

from __future__ import annotations

import importlib.util
import json
from typing import Any

from cli.options import command, workspace
from lokid.errors import LokidError, UsageError
from lokid.paths import Workspace

NAME = "lokid"
INSTRUCTIONS = (
    "What failed before in this workspace, so that it need not fail again. Ask "
    "loki_context before work, loki_failures for more."
)
MOST_FAILURES = 20


@command("mcp", examples=("lokictl mcp -C ~/src/shop",), answers=False)
def mcp() -> None:
    """Serve an agent's MCP client on standard input and output.

    Tools: loki_context, loki_failures, loki_memory_redact.
    """
    if importlib.util.find_spec("mcp") is None:
        message = "the MCP SDK is not installed"
        raise UsageError(message, "pip install 'lokid[mcp]'")
    server(workspace()).run(transport="stdio")


def server(place: Workspace) -> Any:  # noqa: ANN401  the SDK's, imported below
    """The server of one workspace, not running yet."""
    from mcp.server.mcpserver import MCPServer
    from mcp.types import ToolAnnotations

    found = MCPServer(NAME, instructions=INSTRUCTIONS)
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    ends = ToolAnnotations(destructive_hint=True, open_world_hint=True)

    @found.tool(annotations=reads)
    def loki_context(goal: str = "") -> str:
        """Past failures to avoid, as a short block; empty where there is nothing."""
        params = {"goal": goal} if goal else {}
        return _told(place, "context", params, lambda one: str(one["text"]))

    @found.tool(annotations=reads)
    def loki_failures(limit: int = 10) -> str:
        """The newest failures of this workspace, at most 20, as JSON."""
        most = max(1, min(limit, MOST_FAILURES))
        return _told(place, "failures", {"limit": str(most)}, _rows)

    @found.tool(annotations=ends)
    def loki_memory_redact(pattern: str, scope: str = "all") -> str:
        """Take what a regular expression matches out of managed memory, for good.

        scope: user, org or all. Gives JSON: redacted_count, scanned, errors.
        """
        return json.dumps(_redacted(place, pattern, scope))

    return found


def _told(place: Workspace, name: str, params: dict[str, str], say: Any) -> str:  # noqa: ANN401
    from cli.ask import query

    try:
        return str(say(query(place, name, params)))
    except LokidError as error:
        return f"lokid cannot say: {error.message} ({error.hint})"


def _rows(answer: dict[str, Any]) -> str:
    kept = ("time", "kind", "message", "lesson", "phase", "iteration", "run")
    rows = [
        {name: row[name] for name in kept if row.get(name) is not None}
        for row in answer["failures"]
    ]
    told = {"failures": rows, "stale": answer["stale"], "reason": answer.get("reason")}
    return json.dumps(told)


def _redacted(place: Workspace, pattern: str, scope: str) -> dict[str, Any]:
    from lokid.client import Client

    asked = {"pattern": pattern, "scope": scope, "actor": "mcp"}
    try:
        return Client(place).managed("redact", asked)
    except LokidError as error:
        nothing = {"redacted_count": 0, "scanned": 0, "errors": []}
        return {**nothing, "error": f"{error.message}; {error.hint}"}
