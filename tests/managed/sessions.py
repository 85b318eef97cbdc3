"""Sessions: made from an agent and an environment, with stores attached.

The shapes are those of the SDK's types.  From the documentation alone: one that is
running cannot be deleted (interrupt it first), and an archived one has ended.  Our
reading: nor can it be archived.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent_fields import model_of, tools_of
from agents import SYSTEM, Agent, Agents
from bodies import listed, optional_text, patched, refuse_unknown, required_text
from calls import CREATED_AROUND, Call, Json, Route, invalid, not_found
from councils import Councils
from environments import Environments
from incoming import EVENTS, check_events, take_events
from minting import Mint
from pages import page
from resources import resources_of
from stores import Stores
from threads import Session, Thread

BASE = "/v1/sessions"
FIELDS = (
    *("agent", "environment_id", "resources", "initial_events"),
    *("budget", "metadata", "title", "vault_ids"),
)


class Sessions:
    """All sessions of the workspace."""

    def __init__(
        self,
        mint: Mint,
        stores: Stores,
        agents: Agents,
        environments: Environments,
        councils: Councils,
    ) -> None:
        """None yet."""
        self._mint = mint
        self._stores = stores
        self._agents = agents
        self._environments = environments
        self._councils = councils
        self._sessions: dict[str, Session] = {}

    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        one = f"{BASE}/{{session}}"
        return (
            Route("POST", BASE, self._create),
            Route("GET", BASE, self._list),
            Route("GET", one, lambda call: self._called(call).told()),
            Route("POST", one, self._update),
            Route("DELETE", one, self._delete),
            Route("POST", f"{one}/archive", self._archive),
        )

    def find(self, session_id: str) -> Session:
        """One that is there."""
        try:
            return self._sessions[session_id]
        except KeyError:
            raise not_found("Session", session_id) from None

    def _create(self, call: Call) -> Json:
        call.refuse_unknown()
        body = call.body
        refuse_unknown(body, *FIELDS)
        agent = self._agent(body.get("agent"))
        members = [
            self._agents.usable(*member).definition()
            for member in (agent.roster.members if agent.roster else ())
        ]
        environment = self._environments.find(
            required_text(body, "environment_id", 128)
        )
        if environment.archived_at is not None:
            raise invalid(f"Environment `{environment.id}` is archived")
        if listed({"vault_ids": body.get("vault_ids")}, "vault_ids", 0):
            raise invalid("vault_ids: the double has no vaults")
        events = listed(body, "initial_events", EVENTS)
        check_events(events, None)
        now, session_id = self._mint.time(), self._mint.new_id("sesn")
        definition = agent.definition()
        primary = Thread(
            id=self._mint.new_id("sthr"),
            agent=definition,
            session_id=session_id,
            parent_id=None,
            created_at=now,
        )
        session = Session(
            id=session_id,
            agent={
                **definition,
                "multiagent": agent.roster.told(members) if agent.roster else None,
            },
            members=members,
            environment_id=environment.id,
            resources=resources_of(body, self._stores),
            title=optional_text(body, "title", 512),
            metadata=patched({}, body),
            budget=body.get("budget"),
            created_at=now,
            updated_at=now,
            threads=[primary],
        )
        self._sessions[session.id] = session
        take_events(events, session, self._councils)
        return session.told()

    def _agent(self, asked: Any) -> Agent:
        """The agent of a new session, with what it is overridden by."""
        if isinstance(asked, str):
            return self._agents.usable(asked)
        kind = asked.get("type") if isinstance(asked, dict) else None
        if kind not in {"agent", "agent_with_overrides"}:
            raise invalid("agent: an id, or an object of type `agent`")
        more = ("model", "system", "tools") if kind != "agent" else ()
        refuse_unknown(asked, "type", "id", "version", *more)
        name = required_text(asked, "id", 128)
        agent = self._agents.usable(name, asked.get("version"))
        if "model" in asked:
            agent = replace(agent, model=model_of(asked["model"]))
        if "system" in asked:
            agent = replace(agent, system=optional_text(asked, "system", SYSTEM))
        if "tools" in asked:
            agent = replace(agent, tools=tools_of(asked))
        return agent

    def _called(self, call: Call) -> Session:
        call.refuse_unknown()
        return self.find(call.ids[0])

    def _list(self, call: Call) -> Json:
        filters = ("agent_id", "memory_store_id", "include_archived")
        call.refuse_unknown("limit", "page", *filters, *CREATED_AROUND)
        archived = call.choice("include_archived", "false", "true") == "true"
        agent_id, store_id = call.one("agent_id"), call.one("memory_store_id")
        rows = {
            one.created_at: one
            for one in reversed(self._sessions.values())
            if (archived or one.archived_at is None)
            and agent_id in {None, one.agent["id"]}
            and store_id in {None, *(kept["memory_store_id"] for kept in one.resources)}
            and call.within(one.created_at)
        }
        return page(call, rows, Session.told, falling=True)

    def _update(self, call: Call) -> Json:
        refuse_unknown(call.body, "title", "metadata")
        session = self._called(call)
        if session.has_ended:
            raise invalid(f"Session `{session.id}` has ended")
        if "title" in call.body:
            session.title = optional_text(call.body, "title", 512)
        session.metadata = patched(session.metadata, call.body)
        session.updated_at = self._mint.time()
        return session.told()

    def _archive(self, call: Call) -> Json:
        session = self._rested(call)
        if session.archived_at is None:
            session.archived_at = self._mint.time()
            if not session.has_ended:
                self._councils.posting.session_status(session, "terminated")
        return session.told()

    def _delete(self, call: Call) -> Json:
        session = self._rested(call)
        self._councils.posting.post([session.primary], "session.deleted")
        session.is_deleted = True
        del self._sessions[session.id]
        return {"id": session.id, "type": "session_deleted"}

    def _rested(self, call: Call) -> Session:
        session = self._called(call)
        if session.status == "running":
            raise invalid(f"Session `{session.id}` is running; interrupt it first")
        return session
