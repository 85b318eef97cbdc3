"""A client without an SDK: plain HTTP, one connection, what came as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from admission import AGENTS_BETA
from calls import Json

SECONDS = 20


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    body: Any

    @property
    def error(self) -> str:
        """The kind of error that it says."""
        assert self.body["type"] == "error"
        assert self.body["request_id"].startswith("req_")
        return str(self.body["error"]["type"])

    @property
    def id(self) -> str:
        """Of the object that it holds."""
        assert self.status == 200, self.body
        return str(self.body["id"])


class Plain:
    """Speaks to a double."""

    def __init__(self, url: str, **headers: str) -> None:
        """``headers`` beside, or instead of, what a good client sends."""
        self._connection = HTTPConnection(url.removeprefix("http://"), timeout=SECONDS)
        self.headers = {
            "x-api-key": "key",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": AGENTS_BETA,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def get(self, *parts: str, **query: Any) -> Told:
        """What is at an address."""
        return self._ask("GET", parts, query)

    def post(self, *parts: str, body: Any = None, **query: Any) -> Told:
        """Make or change something."""
        return self._ask("POST", parts, query, {} if body is None else body)

    def delete(self, *parts: str, **query: Any) -> Told:
        """Take something away."""
        return self._ask("DELETE", parts, query)

    def pages(self, *parts: str, **query: Any) -> Iterator[list[Json]]:
        """Every page of a list."""
        while True:
            told = self.get(*parts, **query)
            assert told.status == 200, told.body
            yield told.body["data"]
            if told.body["next_page"] is None:
                return
            query["page"] = told.body["next_page"]

    def rows(self, *parts: str, **query: Any) -> list[Json]:
        """Every row of a list."""
        return [row for page in self.pages(*parts, **query) for row in page]

    @contextmanager
    def stream(self, *parts: str) -> Iterator[Stream]:
        """A session's events as they come, on a connection of its own."""
        target = self._connection
        link = HTTPConnection(target.host, target.port, timeout=SECONDS)
        try:
            link.request("GET", _target(parts, {}), headers=self.headers)
            yield Stream(link.getresponse())
        finally:
            link.close()

    def _ask(
        self, method: str, parts: tuple[str, ...], query: Json, body: Any = None
    ) -> Told:
        headers = dict(self.headers)
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("content-type", "application/json")
        try:
            self._connection.request(method, _target(parts, query), data, headers)
            response = self._connection.getresponse()
            received = response.read()
        except HTTPException:
            self._connection.close()  # the next request gets a new one
            raise
        return Told(response.status, json.loads(received or b"null"))


class Stream:
    """Server-sent events, read one by one."""

    def __init__(self, response: HTTPResponse) -> None:
        """An answer whose head was read."""
        assert response.status == 200
        self._response = response

    def __iter__(self) -> Iterator[Json]:
        """The events until the end, or until the reader has enough."""
        name = ""
        for line in self._response:
            field, _, value = line.decode().strip().partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                event = json.loads(value)
                assert name == event["type"]
                yield event

    def rest(self) -> bytes:
        """All that comes; IncompleteRead if that is no proper end."""
        return self._response.read()

    def until(self, kind: str) -> list[Json]:
        """The events up to one of this kind, pings left out."""
        seen: list[Json] = []
        for event in self:
            if event["type"] != "ping":
                seen.append(event)
            if event["type"] == kind:
                break
        return seen


def _target(parts: tuple[str, ...], query: Json) -> str:
    path = "/v1/" + "/".join(quote(one, safe="/") for one in parts)
    return f"{path}?{urlencode(query)}" if query else path
