"""What is said by command: kept once, on disk, or refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.ask import record
from house import House, crash, housed
from lokid import statements
from lokid.errors import UsageError, WriterExists
from lokid.events import (
    ContextServed,
    CrashObserved,
    Event,
    Fact,
    LessonMuted,
    LessonResolved,
)
from lokid.log import Log, LogReader
from lokid.paths import Workspace
from lokid.server.protocol import BODY_BYTES
from test_server import linked, reply_of

MEMBER = "0123456789abcdef0123456789abcdef"
RESOLVED = LessonResolved(lesson="L0a1b2c3d", recipe=2, members=(MEMBER,))


def said(event: Event = RESOLVED, *identity: str) -> Fact:
    """A statement with an identity."""
    return Fact(event=event, identity=identity or ("said", "once"))


def events_of(workspace: Workspace) -> list[Event]:
    """What the log holds, apart from what was read from files."""
    found = LogReader(workspace.log).read()
    return [one.event for one in found if one.event and not one.src.path]


def post(house: House, body: bytes) -> tuple[int, dict[str, Any]]:
    """Send a body as it is; status and what is answered."""
    head = "POST /record HTTP/1.1\r\nHost: lokid\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n"
    with linked(house.socket) as link:
        link.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
        status, _, told = reply_of(link)
    return status, json.loads(told or b"{}")


def request(**changes: Any) -> bytes:
    """A good body, with changes."""
    one = {
        "type": "lesson.resolved",
        "data": {"lesson": "L0a1b2c3d", "recipe": 2, "members": [MEMBER]},
        "identity": ["said", "once"],
    }
    return json.dumps({"events": [{**one, **changes}]}).encode()


def test_a_statement_is_kept_once(workspace: Workspace) -> None:
    """The same identity again is the same statement; the answer says so."""
    crash(workspace, "KeyError")
    with housed(workspace) as house:
        first = house.client.record([said()])
        again = house.client.record([said()])
        assert (1, 0) == (len(first["recorded"]), first["left_out"])
        assert (0, 1) == (len(again["recorded"]), again["left_out"])
        [row] = first["recorded"]
        assert "lesson.resolved" == row["type"]
        house.process.kill()
        house.process.wait()
    assert [RESOLVED] == events_of(workspace)


def test_without_a_daemon_it_is_kept_as_well(workspace: Workspace) -> None:
    """And once, when it is said again to a daemon."""
    crash(workspace, "KeyError")
    record(workspace, [said()])
    assert [RESOLVED] == events_of(workspace)
    with housed(workspace):
        record(workspace, [said()])
    assert [RESOLVED] == events_of(workspace)


def test_a_held_lock_is_an_error_with_a_hint(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost without a word: who holds the lock does not answer."""
    monkeypatch.setattr("cli.ask.PATIENCE", 0.2)
    workspace.create()
    holder = Log.open(workspace.log)
    try:
        with pytest.raises(WriterExists) as caught:
            record(workspace, [said()])
    finally:
        holder.close()
    assert "nothing was recorded" in caught.value.hint
    assert [] == events_of(workspace)


@pytest.mark.parametrize("served", [True, False])
def test_with_the_knob_at_0_people_are_still_heard(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, *, served: bool
) -> None:
    """What was served is not kept: nothing is delivered then."""
    monkeypatch.setenv("LOKI_FAILURE_MEMORY", "0")
    facts = [said(), said(ContextServed(size=1), "served")]
    if served:
        with housed(workspace, LOKI_FAILURE_MEMORY="0"):
            record(workspace, facts)
    else:
        record(workspace, facts)
    assert [RESOLVED] == events_of(workspace)


def test_a_daemon_with_the_knob_at_0_keeps_no_served_event(
    workspace: Workspace,
) -> None:
    """Whatever a client sends."""
    with housed(workspace, LOKI_FAILURE_MEMORY="0") as house:
        told = house.client.record([said(ContextServed(size=1), "served")])
    assert ([], 1) == (told["recorded"], told["left_out"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Input data was truncated"),
        (b"[1]", "Expected `object`"),
        (b'{"events":[]}', "length >= 1"),
        (request(type="crash.observed", data={"error_class": "K"}), "read from files"),
        (request(type="lesson.forgotten"), "no event lesson.forgotten"),
        (request(data={"lesson": "L1", "recipe": 2, "why": "x"}), "no field why"),
        (request(data={"lesson": "L1"}), "required field `recipe`"),
        (request(data={"lesson": "see /etc/passwd", "recipe": 2}), "no id"),
        (request(data={"lesson": "L1", "recipe": 2, "members": ["x"]}), "no id"),
        (request(time="yesterday"), "yesterday is no time"),
        (request(identity=[]), "length >= 1"),
        (request(identity=["x" * 300]), "length <= 200"),
        (request(more=1), "unknown field `more`"),
        (
            json.dumps(
                {"events": json.loads(request())["events"] * (statements.MOST + 1)}
            ).encode(),
            f"length <= {statements.MOST}",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    workspace: Workspace, body: bytes, words: str
) -> None:
    """A problem that says what is wrong, and nothing is kept."""
    with housed(workspace) as house:
        status, told = post(house, body)
    assert (400, "UsageError", 2) == (status, told["title"], told["exit_code"])
    assert words in told["detail"]
    assert told["hint"]
    assert [] == events_of(workspace)


def test_a_body_without_end_is_refused(workspace: Workspace) -> None:
    """413, before it is read to its end."""
    with housed(workspace) as house:
        assert 413 == post(house, b" " * (BODY_BYTES + 1))[0]
        assert house.client.ping().pid == house.process.pid


def test_only_statements_may_be_recorded_embedded_either(workspace: Workspace) -> None:
    """The rule is the engine's, not the socket's."""
    with pytest.raises(UsageError) as caught:
        record(workspace, [said(CrashObserved(error_class="K"))])
    assert "read from files" in caught.value.message


def test_encoding_and_decoding_are_one(workspace: Workspace) -> None:
    """What a client sends is what is kept."""
    del workspace
    facts = [said(), said(LessonMuted(lesson="L1", recipe=2, sightings=3), "b")]
    assert (facts, True) == statements.decode(statements.encode(facts, durable=True))


def served(workspace: Workspace) -> list[Event]:
    """The served events in the log."""
    return [one for one in events_of(workspace) if isinstance(one, ContextServed)]


ASKED: tuple[tuple[dict[str, str], int], ...] = (
    ({"record": "1"}, 1),
    ({}, 0),
    ({"record": "1", "now": "2026-03-02T18:00:00Z"}, 0),
    ({"record": "1", "as_of": "1"}, 0),
)


@pytest.mark.parametrize(("params", "count"), ASKED)
def test_an_answer_that_was_served_is_recorded_after_it(
    workspace: Workspace, params: dict[str, str], count: int
) -> None:
    """Only when asked to, and never for a question about the past."""
    crash(workspace, "KeyError")
    with housed(workspace) as house:
        answer = house.client.get("context", params)
        assert "_served" not in answer
        assert 1 == answer["as_of_seq"]
        house.client.record([said()])  # behind it in the engine's one thread
        house.client.shutdown()
        house.process.wait(timeout=30)
    assert count == len(served(workspace))


def test_each_serving_is_one_event(workspace: Workspace) -> None:
    """The same block twice was served twice."""
    crash(workspace, "KeyError")
    with housed(workspace) as house:
        for _ in range(3):
            house.client.get("context", {"record": "1"})
        house.client.shutdown()
        house.process.wait(timeout=30)
    assert 3 == len(served(workspace))


def test_an_embedded_engine_records_before_it_closes(
    workspace: Workspace, engine_of: Callable[[Workspace], Any]
) -> None:
    """The same event by the other way."""
    crash(workspace, "KeyError")
    own = engine_of(workspace)
    own.open()
    answer = own.answer("context", {"record": "1"}, None)
    own.close()
    assert "_served" not in answer
    assert 1 == len(served(workspace))


@pytest.fixture
def engine_of() -> Callable[[Workspace], Any]:
    """Makes engines with the sources and read models of the small house."""
    from house import SOURCES, Block, Crashes
    from lokid.config import Settings
    from lokid.engine import Engine

    def make(workspace: Workspace) -> Engine:
        return Engine(workspace, Settings(), SOURCES, lambda: (Crashes(), Block()))

    return make
