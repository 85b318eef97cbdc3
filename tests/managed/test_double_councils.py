"""What a council does in the double, as its client sees it."""

from __future__ import annotations

from calls import Json
from council_rig import CHAIR, TASK, VOTERS, agent, coordinator, result, send, session
from council_steps import Asks, Calls, Dies, Emits, Fails, Says, Until
from double import Double
from plain import Plain

pytest_plugins = ["double_fixtures"]

APPROVE = Calls("submit_verdict", {"verdict": "APPROVE"})
REJECT = Calls("submit_verdict", {"verdict": "REJECT"})


def kinds(events: list[Json]) -> list[str]:
    """The types of events."""
    return [event["type"] for event in events]


def only(events: list[Json], kind: str) -> list[Json]:
    """Those of a type."""
    return [event for event in events if event["type"] == kind]


def test_a_council_votes_by_its_tool(double: Double, plain: Plain) -> None:
    """Threads tell who calls; each result sets its thread going, the last ends all."""
    double.councils.stage(
        {VOTERS[0]: [APPROVE], VOTERS[1]: [REJECT], CHAIR: [Says("2 votes")]}
    )
    sid = session(plain, coordinator(plain))
    with plain.stream("sessions", sid, "events", "stream") as stream:
        send(plain, sid, TASK)
        first = stream.until("session.status_idle")
        names = {
            event["session_thread_id"]: event["agent_name"]
            for event in only(first, "session.thread_created")
        }
        calls = only(first, "agent.custom_tool_use")
        votes = [(names[e["session_thread_id"]], e["input"]["verdict"]) for e in calls]
        assert votes == [(VOTERS[0], "APPROVE"), (VOTERS[1], "REJECT")]
        ids = [event["id"] for event in calls]
        wanted = {"type": "requires_action", "event_ids": ids}
        assert first[-1]["stop_reason"] == wanted
        taken = send(plain, sid, result(ids[0]))
        assert taken[0]["custom_tool_use_id"] == ids[0]
        second = stream.until("session.status_idle")
        assert second[0]["session_thread_id"] == calls[0]["session_thread_id"]
        assert second[-1]["stop_reason"]["event_ids"] == ids[1:]
        send(plain, sid, result(ids[1]))
        third = stream.until("session.status_idle")
    assert kinds(third) == [
        "user.custom_tool_result",
        "session.status_running",
        "session.thread_status_running",
        "session.thread_status_idle",
        "agent.message",
        "session.status_idle",
    ]
    assert third[-1]["stop_reason"] == {"type": "end_turn"}
    assert plain.get("sessions", sid).body["status"] == "idle"


def test_the_main_stream_is_a_condensed_view(double: Double, plain: Plain) -> None:
    """A child's words come as a message received; on its own stream as its own."""
    double.councils.stage({VOTERS[0]: [Says("I cannot approve"), APPROVE]})
    sid = session(plain, coordinator(plain, VOTERS[:1]))
    send(plain, sid, TASK)
    threads = plain.rows("sessions", sid, "threads")
    assert [row["parent_thread_id"] for row in threads] == [None, threads[0]["id"]]
    main = plain.rows("sessions", sid, "events")
    own = plain.rows("sessions", sid, "threads", threads[1]["id"], "events")
    assert kinds(main) == [
        "user.message",
        "session.status_running",
        "session.thread_created",
        "agent.thread_message_sent",
        "session.thread_status_running",
        "agent.thread_message_received",
        "agent.custom_tool_use",
        "session.thread_status_idle",
        "session.status_idle",
    ]
    assert kinds(own) == [
        "agent.thread_message_received",
        "session.thread_status_running",
        "agent.message",
        "agent.custom_tool_use",
        "session.thread_status_idle",
    ]
    assert main[6] == {**own[3], "session_thread_id": threads[1]["id"]}
    assert main[5]["content"] == own[2]["content"]


def test_who_works_on_keeps_the_session_running(double: Double, plain: Plain) -> None:
    """Others wait meanwhile, and no idle session says so; a word lets it go on."""
    double.councils.stage({VOTERS[0]: [APPROVE], VOTERS[1]: [Until("now"), REJECT]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    main = plain.rows("sessions", sid, "events")
    call = only(main, "agent.custom_tool_use")[0]
    assert plain.get("sessions", sid).body["status"] == "running"
    assert not only(main, "session.status_idle")
    send(plain, sid, result(call["id"]))
    with plain.stream("sessions", sid, "events", "stream") as stream:
        double.councils.release("now")
        events = stream.until("session.status_idle")
    assert only(events, "agent.custom_tool_use")[0]["input"] == {"verdict": "REJECT"}


def test_silence_ends_with_an_interrupt(double: Double, plain: Plain) -> None:
    """A running session is neither archived nor deleted; an interrupted one is."""
    double.councils.stage({VOTERS[0]: [Until()], VOTERS[1]: [APPROVE]})
    sid = session(plain, coordinator(plain))
    with plain.stream("sessions", sid, "events", "stream") as stream:
        send(plain, sid, TASK)
        assert plain.post("sessions", sid, "archive").status == 400
        assert plain.delete("sessions", sid).status == 400
        send(plain, sid, {"type": "user.interrupt"})
        events = stream.until("session.status_idle")
        assert events[-1]["stop_reason"] == {"type": "end_turn"}
        assert plain.post("sessions", sid, "archive").body["status"] == "terminated"
        rest = [event["type"] for event in stream]
    assert rest == ["session.status_terminated"]
    assert plain.post("sessions", sid, "events", body={"events": [TASK]}).status == 400
    assert plain.rows("sessions") == []


def test_one_thread_alone_can_be_interrupted(double: Double, plain: Plain) -> None:
    """The others go on waiting."""
    double.councils.stage({VOTERS[0]: [APPROVE], VOTERS[1]: [APPROVE]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    calls = only(plain.rows("sessions", sid, "events"), "agent.custom_tool_use")
    thread = calls[0]["session_thread_id"]
    send(plain, sid, {"type": "user.interrupt", "session_thread_id": thread})
    last = plain.rows("sessions", sid, "events")[-1]
    assert last["stop_reason"]["event_ids"] == [calls[1]["id"]]


def test_results_must_be_waited_for(double: Double, plain: Plain) -> None:
    """Unknown ids, second answers, and a list with one wrong event: all refused."""
    double.councils.stage({VOTERS[0]: [APPROVE]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    events = plain.rows("sessions", sid, "events")
    call = only(events, "agent.custom_tool_use")[0]["id"]
    good, unknown = result(call), result("sevt_1")
    wrong: list[list[Json]] = [
        [unknown],
        [good, good],
        [good, unknown],
        [TASK],
        [{**good, "session_thread_id": "sthr_1"}],
        [{"type": "user.tool_confirmation", "tool_use_id": call, "result": "allow"}],
        [{"type": "user.define_outcome", "description": "x"}],
        [],
    ]
    for one in wrong:
        told = plain.post("sessions", sid, "events", body={"events": one})
        assert (told.status, told.error) == (400, "invalid_request_error")
    assert plain.rows("sessions", sid, "events") == events
    send(plain, sid, good)
    told = plain.post("sessions", sid, "events", body={"events": [good]})
    assert told.status == 400


def test_a_tool_can_ask_for_leave(double: Double, plain: Plain) -> None:
    """It is answered by a confirmation; a reason goes with a no."""
    double.councils.stage({VOTERS[0]: [Asks("bash", {"command": "ls"}), APPROVE]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    asked = only(plain.rows("sessions", sid, "events"), "agent.tool_use")[0]
    assert asked["evaluated_permission"] == "ask"
    answer = {"type": "user.tool_confirmation", "tool_use_id": asked["id"]}
    wrong = {**answer, "result": "allow", "deny_message": "no"}
    told = plain.post("sessions", sid, "events", body={"events": [wrong]})
    assert told.status == 400
    send(plain, sid, {**answer, "result": "deny", "deny_message": "no"})
    assert only(plain.rows("sessions", sid, "events"), "agent.custom_tool_use")


def test_one_agent_alone_is_a_session_too(double: Double, plain: Plain) -> None:
    """Its events name no thread."""
    double.councils.stage({"lone": [Says("hm"), APPROVE]})
    sid = session(plain, agent(plain, "lone"), initial_events=[TASK])
    events = plain.rows("sessions", sid, "events")
    assert kinds(events) == [
        "user.message",
        "session.status_running",
        "agent.message",
        "agent.custom_tool_use",
        "session.status_idle",
    ]
    assert "session_thread_id" not in events[3]


def test_a_turn_can_fail(double: Double, plain: Plain) -> None:
    """The error says so, nobody waits any more, and a new message begins anew."""
    double.councils.stage({VOTERS[0]: [APPROVE], VOTERS[1]: [Until("x"), Fails()]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    double.councils.release("x")
    error, *_, last = plain.rows("sessions", sid, "events")[-4:]
    assert error["error"]["type"] == "model_overloaded_error"
    assert last["stop_reason"] == {"type": "retries_exhausted"}
    double.councils.stage({VOTERS[1]: [Says("well")]})
    send(plain, sid, TASK)
    events = plain.rows("sessions", sid, "events", limit=100)
    assert events[-1]["stop_reason"] == {"type": "end_turn"}
    assert len(only(events, "session.thread_created")) == 2


def test_a_session_can_die(double: Double, plain: Plain) -> None:
    """Its stream ends."""
    double.councils.stage({VOTERS[0]: [Dies()]})
    sid = session(plain, coordinator(plain))
    with plain.stream("sessions", sid, "events", "stream") as stream:
        send(plain, sid, TASK)
        assert [event["type"] for event in stream][-1] == "session.status_terminated"


def test_an_event_can_be_anything(double: Double, plain: Plain) -> None:
    """A test writes what no service should send."""
    odd = {"type": "session.thread_created", "agent_name": None}
    double.councils.stage({VOTERS[0]: [Emits(odd)]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    assert odd in plain.rows("sessions", sid, "events")


def test_a_message_during_a_turn_is_the_next_turn(double: Double, plain: Plain) -> None:
    """It is taken at once, and processed when the turn is over."""
    double.councils.stage({VOTERS[0]: [Until("go"), Says("done")]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    assert send(plain, sid, TASK)[0]["processed_at"] is None
    double.councils.release("go")
    events = plain.rows("sessions", sid, "events", limit=100)
    assert len(only(events, "user.message")) == 2
    assert len(only(events, "session.status_idle")) == 2


def test_a_stream_begins_where_it_is_opened(double: Double, plain: Plain) -> None:
    """What was before is in the list alone; pings come while nothing happens."""
    double.councils.stage({VOTERS[0]: [APPROVE]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    with plain.stream("sessions", sid, "events", "stream") as stream:
        assert next(iter(stream))["type"] == "ping"
        send(plain, sid, {"type": "user.interrupt"})
        assert stream.until("session.status_idle")[0]["type"] == "user.interrupt"


def test_pings_come_while_nothing_happens() -> None:
    """One when the stream is opened, then one each time."""
    with Double(ping_seconds=0.01) as double, Plain(double.url) as plain:
        sid = session(plain, coordinator(plain))
        with plain.stream("sessions", sid, "events", "stream") as stream:
            pings = [event["type"] for event, _ in zip(stream, range(3), strict=False)]
    assert pings == ["ping"] * 3


def test_events_are_listed_in_pages_both_ways(double: Double, plain: Plain) -> None:
    """By type too, as SDKs write it."""
    double.councils.stage({CHAIR: [Says(str(number)) for number in range(30)]})
    sid = session(plain, coordinator(plain))
    send(plain, sid, TASK)
    where = ("sessions", sid, "events")
    rows = plain.rows(*where)
    assert (len(rows), len(plain.get(*where).body["data"])) == (33, 20)
    assert plain.rows(*where, order="desc", limit=7) == rows[::-1]
    said = {"types[]": "agent.message"}
    assert len(plain.rows(*where, **said)) == 30
    assert len(plain.rows(*where, types="agent.message,user.message")) == 31
