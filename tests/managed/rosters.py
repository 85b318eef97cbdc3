"""The agents that another one may start as threads: two ways to say it.

``coordinator`` is the older form and names at least one; ``multiagent_20261001`` is
what newer SDKs recommend, and its subagents may be named or made up on the way.
Refuses advisors and workflows: no council of lokid has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bodies import refuse_unknown
from calls import Json, invalid

MEMBERS = 20
NEWER = "multiagent_20261001"
DISABLED = {"type": "disabled"}
Member = tuple[str, int]
"""An agent's id and version; 0 is the newest."""


@dataclass(frozen=True)
class Roster:
    """Who may be started, and how that was said."""

    kind: str
    members: tuple[Member, ...]
    inline: bool = False
    workflows: bool = False

    def told(self, members: list[Json]) -> Json:
        """As the service gives it, around references or whole definitions."""
        if self.kind == "coordinator":
            return {"type": self.kind, "agents": members}
        return {
            "type": self.kind,
            "advisor": DISABLED,
            "workflows": {"type": "enabled" if self.workflows else "disabled"},
            "subagents": {
                "type": "enabled",
                "inline_agents": {"type": "enabled" if self.inline else "disabled"},
                "predefined_agents": members,
            },
        }


def roster_of(asked: Any, own: Member) -> Roster | None:
    """The roster that a body asks for; ``own`` is who ``self`` means."""
    if asked is None:
        return None
    if not isinstance(asked, dict):
        raise invalid("multiagent: Input should be an object")
    if asked.get("type") == "coordinator":
        refuse_unknown(asked, "type", "agents")
        members = _members("multiagent.agents", asked.get("agents"), own)
        if not members:
            raise invalid("multiagent.agents: 1 to 20 entries")
        return Roster("coordinator", members)
    if asked.get("type") != NEWER:
        raise invalid(f"multiagent.type: must be `coordinator` or `{NEWER}`")
    return _newer(asked, own)


def _newer(asked: Json, own: Member) -> Roster:
    refuse_unknown(asked, "type", "advisor", "subagents", "workflows")
    if asked.get("advisor") not in (None, DISABLED):
        raise invalid("multiagent.advisor: the double has `disabled` alone")
    subagents = asked.get("subagents") or {"type": "enabled"}
    if not isinstance(subagents, dict) or subagents.get("type") != "enabled":
        raise invalid("multiagent.subagents.type: the double has `enabled` alone")
    refuse_unknown(subagents, "type", "inline_agents", "predefined_agents")
    place = "multiagent.subagents.predefined_agents"
    members = _members(place, subagents.get("predefined_agents") or [], own)
    inline = subagents.get("inline_agents") != DISABLED
    if not members and not inline:
        raise invalid(f"{place}: must name at least one")
    return Roster(NEWER, members, inline, asked.get("workflows") != DISABLED)


def _members(place: str, asked: Any, own: Member) -> tuple[Member, ...]:
    if not isinstance(asked, list) or len(asked) > MEMBERS:
        raise invalid(f"{place}: a list of at most {MEMBERS}")
    members = tuple(_member(place, one, own) for one in asked)
    if len({agent_id for agent_id, _ in members}) < len(members):
        raise invalid(f"{place}: entries must be distinct agents")
    return members


def _member(place: str, asked: Any, own: Member) -> Member:
    if isinstance(asked, str):
        return asked, 0
    kind = asked.get("type") if isinstance(asked, dict) else None
    if kind == "self":
        return own
    if kind != "agent" or not isinstance(asked.get("id"), str):
        raise invalid(f"{place}: an id, a reference or `self`")
    version = asked.get("version") or 0
    if not isinstance(version, int):
        raise invalid(f"{place}.version: must be a number")
    return asked["id"], version
