"""Agents: saved definitions with versions, alone or with a roster of others.

The shapes are those of the SDK's types.  From the documentation alone: a roster has
1 to 20 distinct agents that exist, are not archived and have no roster themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent_fields import model_of, tools_of
from bodies import listed, optional_text, patched, refuse_unknown, title
from calls import CREATED_AT, Call, Json, Refused, Route, invalid, not_found
from minting import Mint
from pages import page
from rosters import Roster, roster_of

BASE = "/v1/agents"
SYSTEM = 100_000
FIELDS = (
    *("model", "name", "description", "system", "tools", "mcp_servers"),
    *("skills", "multiagent", "metadata", "execution_identity"),
)
IDENTITY: Json = {"type": "service_account"}
"""Who runs: the usual one, and no other here."""


@dataclass(frozen=True)
class Agent:
    """One version of an agent."""

    id: str
    version: int
    name: str
    description: str | None
    model: Json
    system: str | None
    tools: list[Json]
    mcp_servers: list[Json]
    skills: list[Json]
    roster: Roster | None
    metadata: dict[str, str]
    created_at: str
    updated_at: str
    archived_at: str | None = None

    def definition(self) -> Json:
        """What a session or a thread takes a copy of."""
        return {
            "id": self.id,
            "type": "agent",
            "version": self.version,
            "name": self.name,
            "description": self.description,
            "model": self.model,
            "system": self.system,
            "tools": self.tools,
            "mcp_servers": self.mcp_servers,
            "skills": self.skills,
            "execution_identity": IDENTITY,
        }

    def told(self) -> Json:
        """As the service gives it."""
        roster = self.roster
        members = [
            {"type": "agent", "id": agent_id, "version": version}
            for agent_id, version in (roster.members if roster else ())
        ]
        return {
            **self.definition(),
            "multiagent": roster.told(members) if roster else None,
            "metadata": dict(self.metadata),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "archived_at": self.archived_at,
        }


class Agents:
    """All agents of the workspace, each with its versions, oldest first."""

    def __init__(self, mint: Mint) -> None:
        """None yet."""
        self._mint = mint
        self._agents: dict[str, list[Agent]] = {}

    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        one = f"{BASE}/{{agent}}"
        return (
            Route("POST", BASE, self._create),
            Route("GET", BASE, self._list),
            Route("GET", one, self._retrieve),
            Route("POST", one, self._update),
            Route("POST", f"{one}/archive", self._archive),
            Route("GET", f"{one}/versions", self._versions),
        )

    def find(self, agent_id: str, version: int | None = None) -> Agent:
        """A version of an agent that is there; none says the newest."""
        versions = self._agents.get(agent_id)
        if not versions:
            raise not_found("Agent", agent_id)
        if version is None:
            return versions[-1]
        if not 1 <= version <= len(versions):
            raise not_found("Agent version", f"{agent_id} {version}")
        return versions[version - 1]

    def usable(self, agent_id: str, version: int | None = None) -> Agent:
        """One that something new may be made with."""
        agent = self.find(agent_id, version)
        if self.find(agent_id).archived_at is not None:
            raise invalid(f"Agent `{agent_id}` is archived")
        return agent

    def _create(self, call: Call) -> Json:
        call.refuse_unknown()
        refuse_unknown(call.body, *FIELDS)
        now = self._mint.time()
        nobody = Agent(
            id=self._mint.new_id("agent"),
            version=1,
            name=title(call.body, "name"),
            description=None,
            model=model_of(call.body.get("model")),
            system=None,
            tools=[],
            mcp_servers=[],
            skills=[],
            roster=None,
            metadata={},
            created_at=now,
            updated_at=now,
        )
        agent = replace(nobody, **self._given(call.body, nobody))
        self._agents[agent.id] = [agent]
        return agent.told()

    def _update(self, call: Call) -> Json:
        call.refuse_unknown()
        refuse_unknown(call.body, *FIELDS, "version")
        agent = self.usable(call.ids[0])
        if call.body.get("version", agent.version) != agent.version:
            raise Refused(409, "conflict_error", f"it is at version {agent.version}")
        given = self._given(call.body, agent)
        if "name" in call.body:
            given["name"] = title(call.body, "name")
        if "model" in call.body:
            given["model"] = model_of(call.body["model"])
        changed = replace(agent, **given)
        if changed != agent:
            changed = replace(
                changed, version=agent.version + 1, updated_at=self._mint.time()
            )
            self._agents[agent.id].append(changed)
        return changed.told()

    def _given(self, body: Json, agent: Agent) -> dict[str, Any]:
        """The fields that ``body`` sets, but name and model."""
        given: dict[str, Any] = {"metadata": patched(agent.metadata, body)}
        if "description" in body:
            given["description"] = optional_text(body, "description", 2048)
        if "system" in body:
            given["system"] = optional_text(body, "system", SYSTEM)
        if "tools" in body:
            given["tools"] = tools_of(body)
        for name in ("mcp_servers", "skills"):
            if name in body:
                given[name] = listed(body, name, 20)
        if body.get("execution_identity") not in (None, IDENTITY):
            raise invalid("execution_identity: the double has `service_account` alone")
        if "multiagent" in body:
            given["roster"] = self._roster(body["multiagent"], agent)
        return given

    def _roster(self, asked: Any, own: Agent) -> Roster | None:
        roster = roster_of(asked, (own.id, own.version))
        members: list[tuple[str, int]] = []
        for agent_id, version in roster.members if roster else ():
            member = (
                own if agent_id == own.id else self.usable(agent_id, version or None)
            )
            if member is not own and member.roster is not None:
                raise invalid(f"multiagent: `{agent_id}` has a roster itself")
            members.append((member.id, member.version))
        return replace(roster, members=tuple(members)) if roster else None

    def _list(self, call: Call) -> Json:
        call.refuse_unknown("limit", "page", "include_archived", *CREATED_AT)
        archived = call.choice("include_archived", "false", "true") == "true"
        rows = {
            one.created_at: one
            for one in reversed([versions[-1] for versions in self._agents.values()])
            if (archived or one.archived_at is None) and call.within(one.created_at)
        }
        return page(call, rows, Agent.told, falling=True)

    def _retrieve(self, call: Call) -> Json:
        call.refuse_unknown("version")
        version = call.number("version", 0, 1, 1 << 31)
        return self.find(call.ids[0], version or None).told()

    def _archive(self, call: Call) -> Json:
        call.refuse_unknown()
        agent = self.find(call.ids[0])
        if agent.archived_at is None:
            now = self._mint.time()
            agent = replace(agent, archived_at=now, updated_at=now)
            self._agents[agent.id][-1] = agent
        return agent.told()

    def _versions(self, call: Call) -> Json:
        call.refuse_unknown("limit", "page")
        self.find(call.ids[0])
        rows = {f"{one.version:09}": one for one in self._agents[call.ids[0]][::-1]}
        return page(call, rows, Agent.told, falling=True)
