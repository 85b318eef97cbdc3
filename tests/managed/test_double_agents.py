"""What the double holds to be an agent, an environment and a session of them."""

from __future__ import annotations

from typing import Any

import pytest

from council_rig import VERDICT, agent, coordinator, session
from plain import Plain

pytest_plugins = ["double_fixtures"]


def test_an_agent_has_versions(plain: Plain) -> None:
    """A change makes one, the same again none; an old version is refused."""
    made = agent(plain, "auditor", system="Be strict.")
    same = plain.post("agents", made, body={"name": "auditor"}).body
    assert (same["version"], same["model"]["id"]) == (1, "claude-opus-5")
    new = plain.post("agents", made, body={"system": "Be fair.", "version": 1}).body
    assert (new["version"], new["tools"]) == (2, [VERDICT])
    lost = plain.post("agents", made, body={"system": "x", "version": 1})
    assert (lost.status, lost.error) == (409, "conflict_error")
    assert plain.get("agents", made, version=1).body["system"] == "Be strict."
    rows = plain.rows("agents", made, "versions")
    assert [row["version"] for row in rows] == [2, 1]
    assert [row["version"] for row in plain.rows("agents")] == [2]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a"},
        {"model": "m"},
        {"name": "", "model": "m"},
        {"name": "a", "model": {"effort": "high"}},
        {"name": "a", "model": {"id": "m", "effort": "huge"}},
        {"name": "a", "model": "m", "callable_agents": []},
        {"name": "a", "model": "m", "tools": [{**VERDICT, "name": "a b"}]},
        {"name": "a", "model": "m", "tools": [VERDICT, VERDICT]},
        {"name": "a", "model": "m", "tools": [{**VERDICT, "input_schema": {}}]},
        {"name": "a", "model": "m", "tools": [{"type": "custom", "name": "x"}]},
        {"name": "a", "model": "m", "tools": [{"type": "bash"}]},
        {"name": "a", "model": "m", "multiagent": {"type": "coordinator"}},
        {"name": "a", "model": "m", "multiagent": {"type": "swarm"}},
    ],
)
def test_a_wrong_agent_is_refused(plain: Plain, body: Any) -> None:
    """Model and name are required; older fields are unknown."""
    told = plain.post("agents", body=body)
    assert (told.status, told.error) == (400, "invalid_request_error")


def test_a_roster_has_distinct_agents_that_may_be_started(plain: Plain) -> None:
    """Not twice, not archived, not unknown, not another coordinator, 20 at most."""
    one, gone, many = (agent(plain, name) for name in ("one", "gone", "many"))
    chair = coordinator(plain)
    plain.post("agents", gone, "archive")
    twice = [one, {"type": "agent", "id": one, "version": 1}]
    for agents in (twice, [gone], [chair], [one] * 21, [], [7]):
        body = {"multiagent": {"type": "coordinator", "agents": agents}}
        assert plain.post("agents", many, body=body).status == 400
    body = {"multiagent": {"type": "coordinator", "agents": ["agent_1"]}}
    assert plain.post("agents", many, body=body).status == 404
    roster = {"type": "coordinator", "agents": [one, {"type": "self"}]}
    told = plain.post("agents", many, body={"multiagent": roster}).body
    assert [entry["id"] for entry in told["multiagent"]["agents"]] == [one, many]


def test_a_roster_can_be_said_in_the_newer_form(plain: Plain) -> None:
    """Named agents under `subagents`; a session gives them whole."""
    one = agent(plain, "one")
    subagents = {
        "type": "enabled",
        "inline_agents": {"type": "disabled"},
        "predefined_agents": [one],
    }
    roster = {"type": "multiagent_20261001", "subagents": subagents}
    chair = agent(plain, "chair", multiagent=roster)
    told = plain.get("sessions", session(plain, chair)).body["agent"]
    members = told["multiagent"]["subagents"]["predefined_agents"]
    assert [member["name"] for member in members] == ["one"]
    subagents["predefined_agents"] = []
    body = {"name": "a", "model": "m", "multiagent": roster}
    assert plain.post("agents", body=body).status == 400


def test_a_session_has_stores_with_their_access(plain: Plain, store: str) -> None:
    """Read and write unless somebody says otherwise; the mount goes by the name."""
    attached = {"type": "memory_store", "memory_store_id": store}
    readable = {**attached, "access": "read_only"}
    told = [
        plain.get("sessions", session(plain, agent(plain, "a"), resources=[one])).body
        for one in (attached, readable)
    ]
    accesses = [one["resources"][0]["access"] for one in told]
    assert accesses == ["read_write", "read_only"]
    assert told[0]["resources"][0]["mount_path"] == "/mnt/memory/a-store"
    assert len(plain.rows("sessions", memory_store_id=store)) == 2
    assert plain.rows("sessions", memory_store_id="memstore_1") == []


def test_a_wrong_session_is_refused(plain: Plain, store: str) -> None:
    """Unknown parts, archived parts, too many stores, fields of older harnesses."""
    one, gone = agent(plain, "a"), agent(plain, "b")
    plain.post("agents", gone, "archive")
    environment = plain.post("environments", body={"name": "e"}).id
    archived = plain.post("memory_stores", body={"name": "old"}).id
    plain.post("memory_stores", archived, "archive")
    good = {"agent": one, "environment_id": environment}
    attached = {"type": "memory_store", "memory_store_id": store}
    wrong: list[dict[str, Any]] = [
        {"agent": one},
        {"environment_id": environment},
        {**good, "agent": gone},
        {**good, "agent": {"id": one}},
        {**good, "timeout": 300},
        {**good, "callable_agents": [one]},
        {**good, "resources": [attached, attached]},
        {**good, "resources": [attached] * 9},
        {**good, "resources": [{**attached, "access": "all"}]},
        {**good, "resources": [{**attached, "memory_store_id": archived}]},
        {**good, "initial_events": [{"type": "user.interrupt"}]},
    ]
    for body in wrong:
        told = plain.post("sessions", body=body)
        assert (told.status, told.error) == (400, "invalid_request_error")
    for part in ({"agent": "agent_1"}, {"environment_id": "env_1"}):
        assert plain.post("sessions", body={**good, **part}).status == 404
    assert plain.rows("sessions") == []
    plain.post("environments", environment, "archive")
    assert plain.post("sessions", body=good).status == 400


def test_a_session_keeps_the_agent_that_it_was_made_with(plain: Plain) -> None:
    """A version can be named, a part can be replaced, a later change is not seen."""
    made = agent(plain, "a", system="one")
    plain.post("agents", made, body={"system": "two"})
    asked: list[Any] = [
        made,
        {"type": "agent", "id": made, "version": 1},
        {"type": "agent_with_overrides", "id": made, "system": "three"},
    ]
    sessions = [session(plain, one) for one in asked]
    plain.post("agents", made, body={"system": "four"})
    told = [plain.get("sessions", one).body["agent"]["system"] for one in sessions]
    assert told == ["two", "one", "three"]


def test_a_session_can_be_renamed_and_deleted(plain: Plain) -> None:
    """A deleted one is not found any more."""
    sid = session(plain, agent(plain, "a"), metadata={"run": "1"})
    told = plain.post("sessions", sid, body={"title": "t", "metadata": {"run": None}})
    assert (told.body["title"], told.body["metadata"]) == ("t", {})
    gone = plain.delete("sessions", sid)
    assert gone.body == {"id": sid, "type": "session_deleted"}
    assert plain.get("sessions", sid).status == 404


def test_an_environment_comes_with_its_defaults(plain: Plain) -> None:
    """It can be changed, archived and deleted; a self-hosted one is refused."""
    made = plain.post("environments", body={"name": "e"})
    assert made.body["config"]["networking"] == {"type": "unrestricted"}
    where = ("environments", made.id)
    limited = {"type": "cloud", "networking": {"type": "limited"}}
    told = plain.post(*where, body={"name": "f", "config": limited}).body
    assert told["config"]["networking"] == {"type": "limited"}
    plain.post(*where, "archive")
    assert plain.rows("environments") == []
    assert len(plain.rows("environments", include_archived="true")) == 1
    assert plain.delete(*where).body["type"] == "environment_deleted"
    body = {"name": "e", "config": {"type": "self_hosted"}}
    assert plain.post("environments", body=body).status == 400
