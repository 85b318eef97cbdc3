"""A request as the double's routes see it, and the two ways it can end.

A route takes a `Call` and gives the object to answer with, or raises `Refused`.
Promises: whatever is refused leaves in the service's own error envelope.  Refuses
query parameters that a route does not know: what the service makes of those is not
documented, and a client that sends one has a mistake in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]
IGNORED = "beta"
"""Older SDKs put ``beta=true`` behind every address."""


class Refused(Exception):
    """An answer that is an error; the service's own kinds and texts."""

    def __init__(self, status: int, kind: str, message: str, **more: str) -> None:
        """``more`` goes into the error object, beside its type and message."""
        super().__init__(message)
        self.status = status
        self.error: Json = {"type": kind, "message": message, **more}


def invalid(message: str) -> Refused:
    """The request itself is wrong: 400."""
    return Refused(400, "invalid_request_error", message)


def not_found(what: str, name: str) -> Refused:
    """There is no such thing, or there is none any more: 404."""
    return Refused(404, "not_found_error", f"{what} `{name}` was not found")


@dataclass(frozen=True)
class Call:
    """One request: what was asked, of what, by whom."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    body: Json
    ids: tuple[str, ...]
    actor: Json

    def refuse_unknown(self, *known: str) -> None:
        """Refuse query parameters beside these."""
        for name in self.query:
            if name not in {*known, IGNORED}:
                raise invalid(f"{name}: Extra inputs are not permitted")

    def one(self, name: str) -> str | None:
        """A parameter that may be given once."""
        values = self.query.get(name, ())
        if len(values) > 1:
            raise invalid(f"{name}: must be given once")
        return values[0] if values else None

    def choice(self, name: str, default: str, *others: str) -> str:
        """A parameter that has few values."""
        value = self.one(name) or default
        if value not in {default, *others}:
            raise invalid(f"{name}: must be one of {', '.join((default, *others))}")
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self.one(name)
        if value is None:
            return default
        if not value.isdecimal() or not least <= int(value) <= most:
            raise invalid(f"{name}: must be between {least} and {most}")
        return int(value)

    def moment(self, name: str) -> datetime | None:
        """A time with its zone."""
        value = self.one(name)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise invalid(f"{name}: must be an RFC 3339 time")
        return at

    def within(self, row_time: str) -> bool:
        """Whether a time lies in what ``created_at[...]`` asks for."""
        if not set(CREATED_AROUND) & set(self.query):
            return True
        at = datetime.fromisoformat(row_time)
        since, until = self.moment("created_at[gte]"), self.moment("created_at[lte]")
        after, before = self.moment("created_at[gt]"), self.moment("created_at[lt]")
        return (
            (since is None or at >= since)
            and (until is None or at <= until)
            and (after is None or at > after)
            and (before is None or at < before)
        )


@dataclass(frozen=True)
class Feed:
    """An answer that is a stream: of a list that grows, from a place in it on."""

    events: Sequence[Json]
    begin: int
    ended: Callable[[], bool]


Handle = Callable[[Call], Json | Feed]


@dataclass(frozen=True)
class Route:
    """A method, an address with ``{names}`` for its ids, and what answers it."""

    method: str
    address: str
    handle: Handle


CREATED_AT = ("created_at[gte]", "created_at[lte]")
CREATED_AROUND = (*CREATED_AT, "created_at[gt]", "created_at[lt]")
