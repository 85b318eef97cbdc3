"""A server double: the parts of the managed interface that lokid speaks to.

    with Double() as double:
        double.faults.add("POST", "/memories$", DropAfter(), 1)
        double.councils.stage({"test_auditor": [Calls("submit_verdict", {...})]})
        client = Anthropic(api_key="key", base_url=double.url, max_retries=0)
        ...
        assert double.log.count("POST", "/memories$") == 1

Real HTTP on a free port of this machine, so that the real SDK speaks to it, from
other processes too.  It keeps the rules that lokid relies on (see the modules of the
routes), breaks what a test wants broken (`fault_rules`), plays councils
(`council_steps`), and logs every request (`request_log`).

Promises: what the service refuses is refused here, with the service's own error; a
change is whole or not there, whatever happens to its answer; leaving the block ends
all threads and raises what went wrong inside.  Honest limit: no call was ever made
to the live service.  The rules come from its documentation and from the types of
the SDK; where both are silent a docstring says that the rule is our reading.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from admission import Admission
from agents import Agents
from breaking import Breaking
from calls import Call, Feed, Json, Refused, Route, invalid, not_found
from councils import Councils
from environments import Environments
from fault_rules import Answer, Cut, Drop, DropAfter, Faults, Then
from history import History
from memories import Memories
from minting import Mint, utc_now
from request_log import HEADERS, RequestLog, Seen
from session_events import SessionEvents
from sessions import Sessions
from stores import Stores
from streams import Streams
from wire import Asked, Line, Reply, Server, json_reply

NAME = re.compile(r"\\{\w+\\}")
"""A part of an address that stands for an id, as `re.escape` leaves it."""


class Double:
    """See the module."""

    def __init__(
        self,
        *,
        keys: tuple[str, ...] = (),
        ping_seconds: float = 5.0,
        forgives_replays: bool = True,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``keys``: those it knows, none for any; ``now``: another clock.

        ``forgives_replays``: an update whose guard fails is 200 all the same if what
        it asks for is there already, as documented; without, it is a conflict.
        """
        self.log = RequestLog()
        self.faults = Faults()
        self.admission = Admission(keys)
        self._mint = Mint(now)
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._breaking = Breaking(self._closing)
        self._streams = Streams(self._changed, self._closing, ping_seconds)
        self._failures: list[BaseException] = []
        self.councils = Councils(self._mint, self._changed)
        self._stores = Stores(self._mint)
        self._memories = Memories(
            self._mint, self._stores, forgives_replays=forgives_replays
        )
        self._routes = [(_pattern(route), route) for route in self._all_routes()]
        self._server = Server(self._serve, self._failures.append)

    @property
    def url(self) -> str:
        """Its address, for the SDK's ``base_url`` or ``ANTHROPIC_BASE_URL``."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._breaking.close()
        with self._changed:
            self._changed.notify_all()
        self._server.end()
        if self._failures and error is None:
            raise self._failures[0]

    def put(
        self, store_id: str, path: str, content: str, *, session_id: str = ""
    ) -> Json:
        """Write a memory behind the client's back; it is not in the log.

        ``session_id``: as the agent of that session, else as another key.
        """
        actor = {"type": "api_actor", "api_key_id": "apikey_of_another"}
        if session_id:
            actor = {"type": "session_actor", "session_id": session_id}
        with self._changed:
            return self._memories.put(store_id, path, content, actor).told(full=True)

    def versions(self, store_name: str) -> list[Json]:
        """All versions in stores of a name, oldest first, behind the client's back."""
        with self._changed:
            return [
                version.told(full=True)
                for store in self._stores.named(store_name)
                for version in store.versions
            ]

    # -- one request -----------------------------------------------------------

    def _serve(self, line: Line, asked: Asked) -> None:
        target = urlsplit(asked.target)
        seen = Seen(
            number=0,
            at=time.monotonic(),
            method=asked.method,
            path=target.path,
            query=parse_qs(target.query, keep_blank_values=True),
            headers={k: v for k, v in asked.headers.items() if k in HEADERS},
            body=_json_in(asked.body),
            route=self._route_of(asked.method, target.path),
        )
        self.log.add(seen)
        then = self.faults.meet(seen.method, seen.path)
        seen.fault = type(then).__name__ if then is not None else ""
        self._breaking.before(then)
        if isinstance(then, Drop):
            line.drop()
            return
        if isinstance(then, Answer):
            reply = json_reply(then.status, then.body, then.headers)
            seen.status = reply.status
            line.send(reply.whole())
            return
        self._answer(line, asked, seen, then)

    def _answer(self, line: Line, asked: Asked, seen: Seen, then: Then | None) -> None:
        with self._changed:
            request_id = self._mint.new_id("req")
            try:
                status, told = 200, self._handle(asked, seen)
            except Refused as refused:
                status = refused.status
                told = {
                    "type": "error",
                    "error": refused.error,
                    "request_id": request_id,
                }
            self._changed.notify_all()
        seen.status = status
        headers = {"request-id": request_id}
        if isinstance(told, Feed):
            cut = then.events if isinstance(then, Cut) else None
            cut = 0 if isinstance(then, DropAfter) else cut
            headers["Content-Type"] = "text/event-stream"
            self._streams.play(line, Reply(200, b"", headers), told, cut)
            return
        seen.status = self._breaking.send(line, json_reply(status, told, headers), then)

    def _handle(self, asked: Asked, seen: Seen) -> Json | Feed:
        actor = self.admission.admit(seen.path, asked.headers)
        body = _object_in(asked)
        for pattern, route in self._routes:
            found = pattern.fullmatch(seen.path)
            if found and route.method == seen.method:
                ids = tuple(unquote(one) for one in found.groups())
                call = Call(seen.method, seen.path, seen.query, body, ids, actor)
                return route.handle(call)
        if any(pattern.fullmatch(seen.path) for pattern, _ in self._routes):
            raise Refused(405, "invalid_request_error", "Method Not Allowed")
        raise not_found("Address", seen.path)

    # -- routes ----------------------------------------------------------------

    def _all_routes(self) -> list[Route]:
        mint, agents = self._mint, Agents(self._mint)
        environments = Environments(mint)
        sessions = Sessions(mint, self._stores, agents, environments, self.councils)
        parts = (
            *(self._stores, self._memories, History(mint, self._stores)),
            *(agents, environments, sessions, SessionEvents(sessions, self.councils)),
        )
        return [route for part in parts for route in part.routes()]

    def _route_of(self, method: str, path: str) -> str:
        for pattern, route in self._routes:
            if route.method == method and pattern.fullmatch(path):
                return f"{method} {route.address}"
        return ""


def _pattern(route: Route) -> re.Pattern[str]:
    return re.compile(NAME.sub("([^/]+)", re.escape(route.address)))


def _json_in(body: bytes) -> object:
    """What the log keeps of a body: its JSON, else its text."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")


def _object_in(asked: Asked) -> Json:
    """The body that a route gets: an object, empty where none was sent."""
    if not asked.body:
        return {}
    kind = asked.headers.get("content-type", "")
    if not kind.startswith("application/json"):
        raise invalid("content-type: must be application/json")
    body = _json_in(asked.body)
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object")
    return body
