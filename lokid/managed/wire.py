"""What the daemon and its child say to each other: one JSON object a line.

The daemon asks `Request`; the child answers each with one last `Reply`, in any
order, and before that with as many others as it has something to tell: what was
done is told although the operation is killed afterwards, and each is a sign of life.
``events`` are what the journal shall tell, in order; a failure has its reason there
too, as the event of the failure table says.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

Payload = dict[str, object]

FALLBACK = "managed_agents_fallback"
DETAIL = 300
"""Characters of an error's text that are told."""


class Request(msgspec.Struct, kw_only=True):
    """One operation; ``args`` are its own."""

    id: int
    op: str
    args: dict[str, object] = {}


class Told(msgspec.Struct, kw_only=True):
    """One event for the journal."""

    type: str
    payload: Payload


class Events(Protocol):
    """Where an operation tells what it did."""

    def append(self, told: Told, /) -> None:
        """Tell one event."""

    def alive(self) -> None:
        """Say that something was done, with nothing to tell of it."""


class Reply(msgspec.Struct, kw_only=True):
    """How it ended: a result, or the reason of the failure (a token)."""

    id: int
    last: bool = True
    """Whether the operation is over; else only ``events`` count."""
    result: dict[str, Any] = {}
    events: list[Told] = []
    reason: str | None = None
    detail: str = ""
    """The reason in words."""
    shut: bool = False
    """Whether nothing else will work in this life of the daemon."""


class Failed(Exception):
    """An operation ended without success: a reason (a token) and its words."""

    def __init__(self, reason: str, detail: str = "", *, shut: bool = False) -> None:
        """``shut``: no other operation will work either."""
        super().__init__(reason)
        self.reason = reason
        self.detail = detail[:DETAIL]
        self.shut = shut


def fallback(op: str, failed: Failed) -> Told:
    """The one event of an operation that failed."""
    payload: Payload = {"op": op, "reason": failed.reason, "detail": failed.detail}
    return Told(type=FALLBACK, payload=payload)
