"""What others may append: what people say of lessons, and what was served.

All other facts are read from the harness's files; these come by command, over
``POST /record`` or from an engine in the same process::

    {"events": [{"type": "lesson.resolved", "data": {...},
                 "identity": ["said", "..."], "time": "..."}], "durable": true}

``identity`` makes a fact idempotent, as it does for every other: who sends it
again, not knowing whether it arrived, has said it once.  ``time`` may be left
out: then it is when it is appended.

Refused, with the reason: every other type, fields that a type does not have, and
statements in which something is no id, no time, no word of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from lokid import clock, redact
from lokid.errors import UsageError
from lokid.events import (
    EVENT_TYPES,
    CheckServed,
    ContextServed,
    Event,
    Fact,
    FixServed,
    LessonMerged,
    LessonMuted,
    LessonReopened,
    LessonResolved,
    LessonSaid,
    LessonSplit,
)

STATEMENTS: tuple[type[Event], ...] = (
    LessonResolved,
    LessonReopened,
    LessonMuted,
    LessonMerged,
    LessonSplit,
)
SERVED: tuple[type[Event], ...] = (ContextServed, CheckServed, FixServed)
MOST = 100
"""Events of one request."""

_HINT = "may be recorded: " + ", ".join(one.TYPE for one in (*STATEMENTS, *SERVED))
_Part = Annotated[str, Meta(max_length=200)] | int


class _Told(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One event as it is sent."""

    type: str
    data: dict[str, Any]
    identity: Annotated[tuple[_Part, ...], Meta(min_length=1, max_length=8)]
    time: str | None = None


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    """A whole request."""

    events: Annotated[list[_Told], Meta(min_length=1, max_length=MOST)]
    durable: bool = True


_decoder = msgspec.json.Decoder(_Request)


def encode(facts: Sequence[Fact], *, durable: bool) -> bytes:
    """The body of a request."""
    told = [
        _Told(one.event.TYPE, msgspec.to_builtins(one.event), one.identity, one.time)
        for one in facts
    ]
    return msgspec.json.encode(_Request(told, durable))


def decode(body: bytes) -> tuple[list[Fact], bool]:
    """The facts of a request, and whether they must be durable before the reply.

    Raises UsageError, saying what is wrong.
    """
    try:
        request = _decoder.decode(body)
        return [_fact(one) for one in request.events], request.durable
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"this cannot be recorded: {error}"
        raise UsageError(message, _HINT) from error


def check(facts: Sequence[Fact]) -> None:
    """Raise UsageError for what may not come this way."""
    for fact in facts:
        event = fact.event
        if not isinstance(event, (*STATEMENTS, *SERVED)):
            message = f"{event.TYPE} may not be recorded: it is read from files"
            raise UsageError(message, _HINT)
        if isinstance(event, LessonSaid) and redact.guard(event) != event:
            message = f"{event.TYPE}: it holds what is no id, no time and no word"
            raise UsageError(message, "ids of lessons: lokictl lessons")


def _fact(told: _Told) -> Fact:
    event = event_of(told.type, told.data, told.time, _HINT)
    return Fact(event=event, identity=told.identity, time=told.time)


def event_of(name: str, data: dict[str, Any], time: str | None, hint: str) -> Event:
    """The event that a request names, each of its fields known and of its type.

    Raises UsageError (``hint`` where there is no such event) and msgspec's own.
    """
    kind = EVENT_TYPES.get(name)
    if kind is None:
        message = f"there is no event {name}"
        raise UsageError(message, hint)
    unknown = set(data) - set(kind.__struct_fields__)
    if unknown:
        message = f"{name} has no field {min(unknown)}"
        raise UsageError(message, "docs/events.md lists the fields of each event")
    if time is not None and clock.parse(time) != time:
        message = f"{name}: {time} is no time of the log"
        raise UsageError(message, "write it like 2026-01-31T12:00:00.000Z")
    return msgspec.convert(data, kind)
