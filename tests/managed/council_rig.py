"""A council for tests: reviewers with a tool for verdicts, and who starts them."""

from __future__ import annotations

from typing import Any

from calls import Json
from plain import Plain

VOTERS = ("requirements_verifier", "test_auditor", "devils_advocate")
CHAIR = "chair"
VERDICT: Json = {
    "type": "custom",
    "name": "submit_verdict",
    "description": "Say your verdict.",
    "input_schema": {
        "type": "object",
        "properties": {"verdict": {"type": "string"}},
        "required": ["verdict"],
    },
}
TASK: Json = {
    "type": "user.message",
    "content": [{"type": "text", "text": "Is it done?"}],
}


def agent(plain: Plain, name: str, **body: Any) -> str:
    """The id of a new agent that has the tool."""
    fields = {"name": name, "model": "claude-opus-5", "tools": [VERDICT], **body}
    return plain.post("agents", body=fields).id


def coordinator(plain: Plain, names: tuple[str, ...] = VOTERS) -> str:
    """The id of a new agent that may start these."""
    roster = {"type": "coordinator", "agents": [agent(plain, one) for one in names]}
    return agent(plain, CHAIR, tools=[], multiagent=roster)


def session(plain: Plain, agent_id: str, **body: Any) -> str:
    """The id of a new session."""
    environment = plain.post("environments", body={"name": "council"}).id
    fields = {"agent": agent_id, "environment_id": environment, **body}
    return plain.post("sessions", body=fields).id


def send(plain: Plain, session_id: str, *events: Json) -> list[Json]:
    """Events as they were taken."""
    told = plain.post("sessions", session_id, "events", body={"events": events})
    assert told.status == 200, told.body
    data: list[Json] = told.body["data"]
    return data


def result(event_id: str, text: str = "noted") -> Json:
    """What answers a call."""
    return {
        "type": "user.custom_tool_result",
        "custom_tool_use_id": event_id,
        "content": [{"type": "text", "text": text}],
    }
