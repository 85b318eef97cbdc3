"""The double and the real SDK, whichever version of it is installed.

What the SDK reads is held against its own types, so a field that is missing or of
another type here is found here, and not in a test of lokid.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from council_rig import CHAIR, TASK, VERDICT, VOTERS, result
from council_steps import Asks, Calls, Emits, Fails, Says, Until
from double import Double
from fault_rules import Cut, Drop, DropAfter, Half, Sleep, Trickle

pytest_plugins = ["double_fixtures"]
anthropic: Any = pytest.importorskip("anthropic", reason="the SDK is not installed")


def held(thing: Any) -> Any:
    """An object of the SDK, once every field of it has the type that it should."""
    type(thing).model_validate(thing.model_dump(by_alias=True))
    return thing


def sha256(content: str) -> str:
    """The hash that a client computes by itself."""
    return hashlib.sha256(content.encode()).hexdigest()


def guard(content: str) -> dict[str, str]:
    """A precondition: that this is what is stored."""
    return {"type": "content_sha256", "content_sha256": sha256(content)}


def ends_turn(event: Any) -> bool:
    """Whether a council has nothing more to say."""
    idle = event.type == "session.status_idle"
    return bool(idle and event.stop_reason.type == "end_turn")


@pytest.fixture
def client(double: Double) -> Iterator[Any]:
    """The SDK as lokid uses it: its own key, no retries."""
    with anthropic.Anthropic(
        api_key="key", base_url=double.url, max_retries=0, timeout=20
    ) as made:
        yield made


@pytest.fixture
def beta(client: Any) -> Any:
    """Where everything managed is."""
    return client.beta


@pytest.fixture
def store(beta: Any) -> str:
    """The id of a store that is empty."""
    return str(held(beta.memory_stores.create(name="s")).id)


@pytest.fixture
def council(double: Double, beta: Any) -> str:
    """The id of a session with three voters, of whom each says something else."""
    double.councils.stage(
        {
            VOTERS[0]: [Calls("submit_verdict", {"verdict": "APPROVE"})],
            VOTERS[1]: [Says("hm"), Calls("submit_verdict", {"verdict": "REJECT"})],
            CHAIR: [Says("heard")],
        }
    )
    agents = [
        held(beta.agents.create(name=name, model="claude-opus-5", tools=[VERDICT])).id
        for name in VOTERS
    ]
    chair = beta.agents.create(
        name=CHAIR,
        model="claude-opus-5",
        multiagent={"type": "coordinator", "agents": agents},
    )
    environment = held(beta.environments.create(name="e"))
    made = beta.sessions.create(agent=held(chair).id, environment_id=environment.id)
    return str(held(made).id)


def test_one_request_for_each_step(double: Double, beta: Any, store: str) -> None:
    """Every route of memory stores, parsed and held to its types."""
    double.log.clear()
    stores, memories = beta.memory_stores, beta.memory_stores.memories
    versions = beta.memory_stores.memory_versions
    held(stores.retrieve(store))
    held(stores.update(store, metadata={"loki_scope": "user"}))
    made = held(memories.create(store, path="/a/b", content="1"))
    held(memories.retrieve(made.id, memory_store_id=store))
    moved = memories.update(
        made.id, memory_store_id=store, content="2", precondition=guard("1")
    )
    assert held(moved).content_sha256 == sha256("2")
    rows = memories.list(store, depth=1, path_prefix="/", view="full")
    assert [held(row).type for row in rows.data] == ["memory_prefix"]
    listed = versions.list(store, memory_id=made.id, view="full").data
    assert [held(row).content for row in listed] == ["2", "1"]
    held(versions.retrieve(listed[1].id, memory_store_id=store))
    redacted = held(versions.redact(listed[1].id, memory_store_id=store))
    assert (redacted.content, redacted.path) == (None, None)
    gone = memories.delete(
        made.id, memory_store_id=store, expected_content_sha256=sha256("2")
    )
    assert held(gone).type == "memory_deleted"
    held(stores.archive(store))
    held(stores.list(include_archived=True).data[0])
    assert held(stores.delete(store)).type == "memory_store_deleted"
    assert [seen.status for seen in double.log.all()] == [200] * 13


def test_conflicts_are_the_sdks_own(beta: Any, store: str) -> None:
    """Status, kind and what is in the way."""
    memories = beta.memory_stores.memories
    made = memories.create(store, path="/a", content="1")
    with pytest.raises(anthropic.ConflictError) as taken:
        memories.create(store, path="/a", content="2")
    error = taken.value.body["error"]
    assert taken.value.status_code == 409
    assert error["type"] == "memory_path_conflict_error"
    assert error["conflicting_memory_id"] == made.id
    with pytest.raises(anthropic.ConflictError) as lost:
        memories.update(
            made.id, memory_store_id=store, content="2", precondition=guard("x")
        )
    assert lost.value.type == "memory_precondition_failed_error"
    with pytest.raises(anthropic.ConflictError):
        memories.delete(
            made.id, memory_store_id=store, expected_content_sha256=sha256("x")
        )


def test_the_sdk_repeats_a_conflict_unless_told_not_to(
    double: Double, client: Any, store: str
) -> None:
    """Two more requests by default; none with `max_retries=0`."""
    memories = client.beta.memory_stores.memories
    memories.create(store, path="/a", content="1")
    eager = client.with_options(max_retries=2).beta.memory_stores.memories
    for one, requests in ((memories, 1), (eager, 3)):
        double.log.clear()
        with pytest.raises(anthropic.ConflictError):
            one.create(store, path="/a", content="2")
        assert double.log.count() == requests


def test_iterating_follows_the_pages(double: Double, beta: Any, store: str) -> None:
    """`.data` is one of them."""
    for number in range(45):
        double.put(store, f"/{number:02}", "x")
    double.log.clear()
    page = beta.memory_stores.memories.list(store, view="full")
    assert len(page.data) == 20
    assert [row.path for row in page] == [f"/{number:02}" for number in range(45)]
    assert double.log.count() == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (404, "NotFoundError"),
    ],
)
def test_refusals_are_the_sdks_own(
    double: Double, beta: Any, status: int, error: str
) -> None:
    """A retired beta, a wrong key, a store that is not there."""
    if status == 400:
        double.admission.memory_betas = frozenset({"agent-memory-2027-01-01"})
        double.admission.agent_betas = frozenset()
    if status == 401:
        double.admission.keys = frozenset({"other"})
    with pytest.raises(getattr(anthropic, error)) as told:
        beta.memory_stores.retrieve("memstore_1")
    assert told.value.status_code == status


def test_only_a_header_of_the_call_replaces_the_beta(double: Double, beta: Any) -> None:
    """So does a client meet a service that takes a newer one alone."""
    newer = "agent-memory-2027-01-01"
    double.admission.memory_betas = double.admission.agent_betas = frozenset({newer})
    beta.memory_stores.list(extra_headers={"anthropic-beta": newer})
    with pytest.raises(anthropic.BadRequestError):
        beta.memory_stores.list(betas=[newer])


def test_a_council_is_heard_over_the_stream(
    double: Double, beta: Any, council: str
) -> None:
    """Threads, calls, results and the end, each event held to its type."""
    events: list[Any] = []
    names: dict[str, str] = {}
    votes: dict[str, Any] = {}
    with beta.sessions.events.stream(council) as stream:
        held(beta.sessions.events.send(council, events=[TASK]))
        for event in stream:
            events.append(held(event))
            if event.type == "session.thread_created":
                names[event.session_thread_id] = event.agent_name
            elif event.type == "agent.custom_tool_use":
                votes[names[event.session_thread_id]] = event.input["verdict"]
                beta.sessions.events.send(council, events=[result(event.id)])
            elif ends_turn(event):
                break
    assert votes == {VOTERS[0]: "APPROVE", VOTERS[1]: "REJECT"}
    listed = [held(event) for event in beta.sessions.events.list(council)]
    assert [event.id for event in listed] == [event.id for event in events]
    assert double.log.count("POST", "/events$") == 3
    held(beta.sessions.retrieve(council))
    assert held(beta.sessions.archive(council)).status == "terminated"


def test_threads_have_streams_of_their_own(beta: Any, council: str) -> None:
    """With what the main stream leaves out."""
    beta.sessions.events.send(council, events=[TASK])
    threads = [held(one) for one in beta.sessions.threads.list(council)]
    assert [one.agent.name for one in threads] == [CHAIR, *VOTERS[:2]]
    own = beta.sessions.threads.events.list(threads[2].id, session_id=council)
    said = [held(event) for event in own if event.type == "agent.message"]
    assert said[0].content[0].text == "hm"
    held(beta.sessions.threads.retrieve(threads[1].id, session_id=council))
    with beta.sessions.threads.events.stream(
        threads[1].id, session_id=council
    ) as stream:
        beta.sessions.events.send(council, events=[{"type": "user.interrupt"}])
        assert held(next(iter(stream))).type == "session.thread_status_idle"


def test_leave_and_failure_have_the_sdks_types(double: Double, beta: Any) -> None:
    """A tool that asks, a turn that fails."""
    double.councils.stage({"lone": [Asks("bash", {"command": "ls"}), Fails()]})
    lone = beta.agents.create(name="lone", model="claude-opus-5")
    environment = beta.environments.create(name="e")
    made = beta.sessions.create(
        agent=lone.id, environment_id=environment.id, initial_events=[TASK]
    )
    events = [held(event) for event in beta.sessions.events.list(made.id)]
    answer = {"type": "user.tool_confirmation", "tool_use_id": events[2].id}
    held(beta.sessions.events.send(made.id, events=[{**answer, "result": "allow"}]))
    rest = [held(event) for event in beta.sessions.events.list(made.id)]
    assert [event.type for event in rest][-2:] == [
        "session.error",
        "session.status_idle",
    ]


def test_agents_are_listed_and_changed(beta: Any) -> None:
    """Versions, archive, environments."""
    made = beta.agents.create(name="a", model="claude-opus-5")
    changed = held(beta.agents.update(made.id, version=1, system="x"))
    assert changed.version == 2
    assert [held(one).version for one in beta.agents.versions.list(made.id)] == [2, 1]
    assert held(beta.agents.retrieve(made.id, version=1)).system is None
    held(beta.agents.archive(made.id))
    assert beta.agents.list().data == []
    environment = beta.environments.create(name="e")
    held(beta.environments.retrieve(environment.id))
    held(beta.environments.update(environment.id, name="f"))
    held(beta.environments.list().data[0])
    held(beta.environments.archive(environment.id))
    held(beta.environments.delete(environment.id))


@pytest.mark.parametrize(
    "case",
    [
        (Drop(), "APIConnectionError", 0),
        (DropAfter(), "APIConnectionError", 1),
        (Half(torn=True), "APIConnectionError", 1),
        (Half(), "JSONDecodeError", 1),
        (Sleep(30), "APITimeoutError", 0),
        (Trickle(30), "APITimeoutError", 1),
    ],
)
def test_faults_reach_the_sdk(
    double: Double, client: Any, store: str, case: tuple[Any, str, int]
) -> None:
    """As its own errors, but broken JSON, which it lets through; whatever was done."""
    then, error, done = case
    double.faults.add("POST", "/memories$", then)
    late = isinstance(then, Sleep | Trickle)
    hasty = client.with_options(timeout=1 if late else 20)
    memories = hasty.beta.memory_stores.memories
    expected = getattr(anthropic, error, json.JSONDecodeError)
    with pytest.raises(expected):
        memories.create(store, path="/a", content="1")
    found = client.beta.memory_stores.memory_versions.list(store).data
    assert len(found) == done


def test_a_cut_stream_does_not_pass_for_an_end(
    double: Double, beta: Any, council: str
) -> None:
    """The reader gets the transport's own error, after what was sent."""
    double.faults.add("GET", "/events/stream$", Cut(2))
    seen: list[str] = []
    with beta.sessions.events.stream(council) as stream:
        beta.sessions.events.send(council, events=[TASK])
        with pytest.raises(Exception, match="peer closed connection") as cut:
            seen.extend(event.type for event in stream)
    assert seen == ["user.message", "session.status_running"]
    assert not isinstance(cut.value, anthropic.AnthropicError)


def test_an_event_that_the_sdk_does_not_know_is_given_all_the_same(
    double: Double, beta: Any
) -> None:
    """By its `type`: the class that the SDK makes of it may be any."""
    odd = {"id": "sevt_1", "type": "session.brand_new"}
    double.councils.stage({"lone": [Emits(odd)]})
    lone = beta.agents.create(name="lone", model="claude-opus-5")
    environment = beta.environments.create(name="e")
    made = beta.sessions.create(agent=lone.id, environment_id=environment.id)
    with beta.sessions.events.stream(made.id) as stream:
        beta.sessions.events.send(made.id, events=[TASK])
        seen = [event for event, _ in zip(stream, range(3), strict=False)]
    assert [event.type for event in seen][2] == odd["type"]


def test_pings_keep_a_stream_open_past_every_timeout() -> None:
    """The SDK's timeout is one for each read; a budget needs a clock of its own."""
    with (
        Double(ping_seconds=0.05) as double,
        anthropic.Anthropic(api_key="key", base_url=double.url) as client,
    ):
        beta = client.beta
        double.councils.stage({"lone": [Until("now")]})
        lone = beta.agents.create(name="lone", model="claude-opus-5")
        environment = beta.environments.create(name="e")
        made = beta.sessions.create(
            agent=lone.id, environment_id=environment.id, initial_events=[TASK]
        )
        later = threading.Timer(1.5, double.councils.release, ["now"])
        with beta.sessions.events.stream(made.id, timeout=1) as stream:
            later.start()
            assert next(iter(stream)).type == "session.status_idle"
        later.join()
