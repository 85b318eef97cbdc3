"""The events that a client sends: checked all before the first is done.

From the documentation alone: a result goes by the id of its call, and no thread is
named.  Our reading: a result that nobody waits for, and a message while a session
waits for a result, are refused.  Refuses outcomes, system messages and results of
self-hosted tools: no council of lokid sends them.
"""

from __future__ import annotations

from typing import Any

from bodies import listed, optional_text, refuse_unknown
from calls import Json, invalid
from councils import CONFIRMATION, RESULT, Councils
from threads import Session, Thread

MESSAGE, INTERRUPT = "user.message", "user.interrupt"
EVENTS = 50
TEXT = 1 << 20
FIELDS = {
    MESSAGE: ("content",),
    INTERRUPT: ("session_thread_id",),
    RESULT: ("custom_tool_use_id", "content", "is_error"),
    CONFIRMATION: ("tool_use_id", "result", "deny_message"),
}
ANSWERS = {RESULT: "custom_tool_use_id", CONFIRMATION: "tool_use_id"}
"""Where an answer names what it answers."""


def check_events(asked: list[Json], session: Session | None) -> None:
    """Refuse the whole list if one is wrong; no session: it is being made."""
    waits_for = session.waits_for if session else {}
    for event in asked:
        kind = event.get("type")
        if kind not in FIELDS or (session is None and kind != MESSAGE):
            raise invalid(f"events.type: `{kind}` cannot be sent here")
        refuse_unknown(event, "type", *FIELDS[kind])
        if kind == MESSAGE:
            _check_content(event, "content", required=True)
            if waits_for:
                raise invalid(f"waiting on responses to events {sorted(waits_for)}")
        elif kind == INTERRUPT:
            if event.get("session_thread_id") is not None and session:
                session.thread(event["session_thread_id"])
            waits_for = {}
        else:
            _check_answer(event, waits_for)


def _check_answer(event: Json, waits_for: dict[str, str]) -> None:
    kind = event["type"]
    event_id = event.get(ANSWERS[kind])
    if waits_for.pop(str(event_id), None) != kind:
        raise invalid(f"events.{ANSWERS[kind]}: nobody waits for `{event_id}`")
    if kind == RESULT:
        _check_content(event, "content", required=False)
        if event.get("is_error") not in {None, True, False}:
            raise invalid("events.is_error: Input should be a valid boolean")
        return
    if event.get("result") not in {"allow", "deny"}:
        raise invalid("events.result: must be one of allow, deny")
    denied = optional_text(event, "deny_message", TEXT)
    if denied is not None and event["result"] != "deny":
        raise invalid("events.deny_message: only with `deny`")


def _check_content(event: Json, name: str, *, required: bool) -> None:
    blocks = listed(event, name, 1000)
    if required and not blocks:
        raise invalid(f"events.{name}: must not be empty")
    for block in blocks:
        if block.get("type") != "text" or not isinstance(block.get("text"), str):
            raise invalid(f"events.{name}: the double has blocks of text alone")


def take_events(asked: list[Json], session: Session, councils: Councils) -> list[Json]:
    """Do what checked events say; gives them as they were taken."""
    taken: list[Json] = []
    for given in asked:
        kind = given["type"]
        fields: dict[str, Any] = {k: v for k, v in given.items() if k != "type"}
        event = councils.posting.own(kind, **fields)
        taken.append(event)
        if kind == MESSAGE:
            event["processed_at"] = None  # until its turn
            councils.begin(session, event)
        elif kind == INTERRUPT:
            session.primary.events.append(event)
            councils.interrupt(session, _meant(event, session))
        else:
            councils.resolve(session, event, given[ANSWERS[kind]])
    councils.go_on(session)
    return taken


def _meant(event: Json, session: Session) -> list[Thread]:
    thread_id = event.get("session_thread_id")
    return session.threads if thread_id is None else [session.thread(thread_id)]
