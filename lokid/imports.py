"""What an import hands over: facts that were read elsewhere, with their ids.

``POST /import`` takes what ``lokictl import`` read in its own process (another
``.loki`` tree, an agent's transcripts), so that a running daemon need not stop,
and no file that somebody names is opened in it::

    {"facts": [{"id": "<32 hex>", "type": "command.failed", "data": {...},
                "time": "...", "src": {...}}], "durable": true}

The facts pass the same corridor as every other: held to their kinds of text,
appended once per id, oldest first.

Refused, with the reason: what is not read from files (what people say and what
lokid says of itself), and fields or values that a type does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from lokid.errors import UsageError
from lokid.events import (
    Event,
    Fact,
    LogGapFound,
    LogRepaired,
    SourceRejected,
    SourceSkipped,
    Src,
)
from lokid.statements import SERVED, STATEMENTS, event_of

MOST = 500
"""Facts of one request."""
BODY_BYTES = 56 << 10
"""Bytes of one request, below what the server takes."""

Found = tuple[str, Fact]
"""A fact's id, and the fact."""

_OWN: tuple[type[Event], ...] = (
    *STATEMENTS,
    *SERVED,
    SourceRejected,
    SourceSkipped,
    LogRepaired,
    LogGapFound,
)
_HINT = "lokictl import hands over what it reads from files"
_Id = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class _Told(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One fact as it is sent."""

    id: _Id
    type: str
    data: dict[str, Any]
    time: str | None = None
    src: Src = Src()


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    """A whole request."""

    facts: Annotated[list[_Told], Meta(min_length=1, max_length=MOST)]
    durable: bool = True


_decoder = msgspec.json.Decoder(_Request)


def bodies(found: Iterable[Found]) -> Iterator[bytes]:
    """The requests that hand these facts over, in their order.

    Only the last one asks to be durable, which covers all.
    """
    waiting: list[bytes] = []
    size = 0
    for key, fact in found:
        told = msgspec.json.encode(
            _Told(
                key,
                fact.event.TYPE,
                msgspec.to_builtins(fact.event),
                fact.time,
                fact.src,
            )
        )
        if waiting and (size + len(told) > BODY_BYTES or len(waiting) == MOST):
            yield _body(waiting, durable=False)
            waiting, size = [], 0
        waiting.append(told)
        size += len(told) + 1
    if waiting:
        yield _body(waiting, durable=True)


def decode(body: bytes) -> tuple[list[Found], bool]:
    """The facts of a request, and whether they must be durable before the reply.

    Raises UsageError, saying what is wrong.
    """
    try:
        request = _decoder.decode(body)
        return [(one.id, _fact(one)) for one in request.facts], request.durable
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"this cannot be imported: {error}"
        raise UsageError(message, _HINT) from error


def check(found: Sequence[Found]) -> None:
    """Raise UsageError for what is not read from files."""
    for _, fact in found:
        if isinstance(fact.event, _OWN):
            message = f"{fact.event.TYPE} may not be imported"
            raise UsageError(message, _HINT)


def _body(told: Sequence[bytes], *, durable: bool) -> bytes:
    ending = b"true" if durable else b"false"
    return b'{"facts":[%s],"durable":%s}' % (b",".join(told), ending)


def _fact(told: _Told) -> Fact:
    event = event_of(told.type, told.data, told.time, _HINT)
    return Fact(event=event, identity=(told.id,), time=told.time, src=told.src)
