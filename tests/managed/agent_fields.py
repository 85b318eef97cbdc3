"""An agent's model and tools: what may be asked for, and what is made of it.

Refuses connector toolsets: no council of lokid has one.
"""

from __future__ import annotations

import re
from typing import Any

from bodies import listed, refuse_unknown, required_text
from calls import Json, invalid

TOOLS = 256
TOOL_NAME = re.compile("[A-Za-z0-9_-]{1,128}")
TOOLSET = "agent_toolset_20260401"
LEVELS = ("low", "medium", "high", "xhigh", "max")


def model_of(asked: Any) -> Json:
    """A model's name, or an object with one, as the object that is kept."""
    if isinstance(asked, str):
        asked = {"id": asked}
    if not isinstance(asked, dict):
        raise invalid("model: Field required")
    refuse_unknown(asked, "id", "effort", "inference_geo", "speed")
    effort = asked.get("effort") or "high"
    level = effort.get("type") if isinstance(effort, dict) else effort
    if level not in LEVELS:
        raise invalid(f"model.effort: must be one of {', '.join(LEVELS)}")
    return {
        "id": required_text(asked, "id", 256),
        "effort": {"type": level},
        "inference_geo": asked.get("inference_geo"),
        "speed": asked.get("speed") or "standard",
    }


def tools_of(body: Json) -> list[Json]:
    """The tools of an agent, each as it is kept."""
    tools = [_tool(one) for one in listed(body, "tools", TOOLS)]
    names = [one["name"] for one in tools if one["type"] == "custom"]
    if len(set(names)) < len(names):
        raise invalid("tools: names must be unique")
    return tools


def _tool(asked: Json) -> Json:
    kind = asked.get("type")
    if kind == TOOLSET:
        refuse_unknown(asked, "type", "configs", "default_config")
        usual = {"enabled": True, "permission_policy": {"type": "always_allow"}}
        return {
            "type": TOOLSET,
            "configs": listed(asked, "configs", TOOLS),
            "default_config": {**usual, **(asked.get("default_config") or {})},
        }
    if kind != "custom":
        raise invalid(f"tools.type: the double has `custom` and `{TOOLSET}`")
    refuse_unknown(asked, "type", "name", "description", "input_schema")
    name = required_text(asked, "name", 128)
    if not TOOL_NAME.fullmatch(name):
        raise invalid("tools.name: letters, digits, underscores and hyphens")
    required_text(asked, "description", 4096)
    schema = asked.get("input_schema")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise invalid("tools.input_schema.type: must be `object`")
    return asked
