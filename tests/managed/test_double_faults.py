"""What goes wrong on purpose, and what the log says of it."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead, RemoteDisconnected
from typing import Any

import pytest

from council_rig import TASK, VOTERS, coordinator, send, session
from council_steps import Says
from double import Double
from fault_rules import (
    Answer,
    Cut,
    Drop,
    DropAfter,
    Half,
    Hold,
    Malformed,
    Sleep,
    Trickle,
)
from plain import Plain

pytest_plugins = ["double_fixtures"]

MEMORY = {"path": "/a", "content": "x"}


def create(plain: Plain, store: str) -> Any:
    """A new memory."""
    return plain.post("memory_stores", store, "memories", body=MEMORY)


def paths(plain: Plain, store: str) -> list[str]:
    """Where the memories of a store are."""
    return [row["path"] for row in plain.rows("memory_stores", store, "memories")]


def test_a_fault_can_be_an_answer(double: Double, plain: Plain, store: str) -> None:
    """Nothing is done then; the rule counts what it met and what it fired for."""
    error = {"type": "error", "error": {"type": "api_error", "message": "x"}}
    then = Answer(503, {**error, "request_id": "req_1"}, {"retry-after": "1"})
    rule = double.faults.add("POST", "/memories$", then, 1, 3)
    statuses = [create(plain, store).status for _ in range(4)]
    assert statuses == [503, 200, 503, 409]
    assert (rule.seen, rule.fired) == (4, 2)
    assert [seen.fault for seen in double.log.all("POST", "/memories$")] == [
        *("Answer", "", "Answer", "")
    ]


def test_rules_are_looked_at_in_order(double: Double, plain: Plain) -> None:
    """The first that fires is the only one; the next does not count it."""
    first = double.faults.add("", "", Answer(500, "{}"), 2)
    second = double.faults.add("GET", "stores", Answer(529, "{}"))
    statuses = [plain.get("memory_stores").status for _ in range(3)]
    assert statuses == [529, 500, 529]
    assert (first.seen, first.fired, second.seen, second.fired) == (3, 1, 2, 2)
    double.faults.clear()
    assert plain.get("memory_stores").status == 200


@pytest.mark.parametrize(("then", "done"), [(Drop(), []), (DropAfter(), ["/a"])])
def test_a_connection_is_dropped_before_or_after(
    double: Double, plain: Plain, store: str, then: Any, done: list[str]
) -> None:
    """The client cannot tell which; the store can."""
    double.faults.add("POST", "/memories$", then)
    with pytest.raises(RemoteDisconnected):
        create(plain, store)
    assert paths(plain, store) == done
    assert [seen.status for seen in double.log.all("POST", "memories")] == [None]


def test_half_of_an_answer_is_broken_json_or_a_broken_body(
    double: Double, plain: Plain, store: str
) -> None:
    """It was done all the same."""
    double.faults.add("POST", "/memories$", Half(), 1)
    double.faults.add("POST", "/memories$", Half(torn=True))
    with pytest.raises(json.JSONDecodeError):
        create(plain, store)
    with pytest.raises(IncompleteRead):
        create(plain, store)
    assert paths(plain, store) == ["/a"]


def test_content_can_be_malformed(double: Double, plain: Plain, store: str) -> None:
    """The hash stays that of what is stored."""
    made = create(plain, store).body
    double.faults.add("GET", "/memories", Malformed("{no json"))
    where = ("memory_stores", store, "memories")
    told = [
        plain.get(*where, made["id"]).body,
        *plain.rows(*where, view="full"),
    ]
    assert [one["content"] for one in told] == ["{no json"] * 2
    assert told[0]["content_sha256"] == made["content_sha256"]
    assert plain.rows(*where)[0]["content"] is None


def test_an_answer_can_be_late(double: Double, plain: Plain, store: str) -> None:
    """By so many seconds, all at once or piece by piece."""
    double.faults.add("GET", "stores/", Sleep(0.05), 1)
    double.faults.add("GET", "stores/", Trickle(0.001, piece=8))
    for _ in range(2):
        begun = time.monotonic()
        assert plain.get("memory_stores", store).status == 200
        assert time.monotonic() - begun >= 0.02


@pytest.mark.parametrize(("done", "before"), [(False, []), (True, ["/a"])])
def test_an_answer_can_wait_for_the_test(
    double: Double, plain: Plain, store: str, *, done: bool, before: list[str]
) -> None:
    """At a gate before it is done, or after."""
    gate = threading.Event()
    double.faults.add("POST", "/memories$", Hold(gate, done=done))
    with Plain(double.url) as other, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(create, other, store)
        double.log.wait(1, "POST", "/memories$")
        while done and double.log.all("POST", "/memories$")[0].status is None:
            assert plain.get("memory_stores").status == 200
        assert paths(plain, store) == before
        gate.set()
        assert answer.result().status == 200


def test_a_stream_can_be_cut(double: Double, plain: Plain) -> None:
    """In the midst, and without an end that could pass for one."""
    double.councils.stage({VOTERS[0]: [Says("x")]})
    sid = session(plain, coordinator(plain))
    double.faults.add("GET", "/events/stream$", Cut(2))
    with plain.stream("sessions", sid, "events", "stream") as stream:
        send(plain, sid, TASK)
        with pytest.raises(IncompleteRead) as cut:
            stream.rest()
    assert cut.value.partial.count(b"event: ") == 3
    assert cut.value.partial.endswith(b"}\n\n")


def test_leaving_ends_what_waits(double: Double) -> None:
    """Sleepers, gates, trickles, open streams and idle connections."""
    with Double() as other:
        other.faults.add("GET", "sleep", Sleep(60))
        other.faults.add("GET", "hold", Hold(threading.Event()))
        other.faults.add("GET", "trickle", Trickle(60))
        before = threading.active_count()
        links = []
        for path in ("sleep", "hold", "trickle", "idle"):
            link = socket.create_connection(
                ("127.0.0.1", int(other.url.rpartition(":")[2]))
            )
            link.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            links.append(link)
        other.log.wait(4)
        assert threading.active_count() > before
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    assert threading.active_count() <= before - 1
    for link in links:
        link.close()
    assert double.log.count() == 0


def test_the_log_knows_every_request(double: Double, plain: Plain, store: str) -> None:
    """What was asked, with its body and headers, by route, in order."""
    created = double.log.all()
    assert [seen.body for seen in created] == [{"name": "a store"}]
    double.log.clear()
    create(plain, store)
    plain.get("memory_stores", store, "memories", view="full")
    plain.get("nothing")
    assert [seen.number for seen in double.log.all()] == [1, 2, 3]
    assert double.log.routes() == {
        "POST /v1/memory_stores/{store}/memories": 1,
        "GET /v1/memory_stores/{store}/memories": 1,
        "": 1,
    }
    listed = double.log.all("GET", "/memories$")[0]
    assert (listed.query, listed.status) == ({"view": ["full"]}, 200)
    assert listed.headers["anthropic-beta"] == plain.headers["anthropic-beta"]
    with pytest.raises(TimeoutError):
        double.log.wait(4, patience=0.01)


def test_a_bug_of_the_double_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is raised when the block ends, and the client is hung up on."""
    double = Double()
    monkeypatch.setattr(double.admission, "admit", None)

    def ask() -> None:
        with double, Plain(double.url) as plain, pytest.raises(RemoteDisconnected):
            plain.get("memory_stores")

    with pytest.raises(TypeError):
        ask()


def test_racing_writers_never_lose_what_was_acknowledged(
    double: Double, plain: Plain, store: str
) -> None:
    """Of eight that create one path one wins; of eight guarded updates one wins."""
    start = threading.Barrier(8)

    def race(ask: Any) -> list[int]:
        def one(number: int) -> int:
            with Plain(double.url) as client:
                start.wait()
                return int(ask(client, number).status)

        with ThreadPoolExecutor(8) as pool:
            return sorted(pool.map(one, range(8)))

    won = [200, *[409] * 7]
    assert race(lambda client, _: create(client, store)) == won
    made = plain.rows("memory_stores", store, "memories")[0]
    guard = {"type": "content_sha256", "content_sha256": made["content_sha256"]}
    where = ("memory_stores", store, "memories", made["id"])
    bodies = [{"content": f"by {one}", "precondition": guard} for one in range(8)]
    assert race(lambda client, one: client.post(*where, body=bodies[one])) == won
    assert len(plain.rows("memory_stores", store, "memory_versions")) == 2


def test_an_answer_leaves_in_one_buffer(double: Double) -> None:
    """Head and body are read at once: two would cost 40 ms each time."""
    head = "GET /v1/memory_stores HTTP/1.1\r\nHost: x\r\n\r\n"
    address = ("127.0.0.1", int(double.url.rpartition(":")[2]))
    with socket.create_connection(address) as link:
        for _ in range(20):
            link.sendall(head.encode())
            received = link.recv(1 << 16)
            assert received.startswith(b"HTTP/1.1 401 ")
            assert json.loads(received.partition(b"\r\n\r\n")[2])["type"] == "error"
