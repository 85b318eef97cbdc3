"""The events of a session and of its threads: sent, listed, streamed.

From the documentation alone: the session's own stream is that of its primary
thread, a condensed view of what the others do.  The SDK's own tools ask for 1000
events at a time.  A page holds 20 where nothing else is asked: the service's own
number is not documented, and a reader that takes one page for all should fail here.
"""

from __future__ import annotations

from bodies import listed, refuse_unknown
from calls import CREATED_AROUND, Call, Feed, Json, Route, invalid
from councils import Councils
from incoming import EVENTS, check_events, take_events
from pages import Length, page
from sessions import BASE, Sessions
from threads import Session, Thread

EVENT_ROWS = Length(20, 1000, 1000)
THREAD_ROWS = Length(1000, 1000, 1000)


class SessionEvents:
    """What happens in every session."""

    def __init__(self, sessions: Sessions, councils: Councils) -> None:
        """They live in their sessions."""
        self._sessions = sessions
        self._councils = councils

    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        one = f"{BASE}/{{session}}"
        thread = f"{one}/threads/{{thread}}"
        return (
            Route("POST", f"{one}/events", self._send),
            Route("GET", f"{one}/events", self._list),
            Route("GET", f"{one}/events/stream", self._stream),
            Route("GET", f"{one}/threads", self._threads),
            Route("GET", thread, self._retrieve),
            Route("GET", f"{thread}/events", self._list),
            Route("GET", f"{thread}/stream", self._stream),
        )

    def _send(self, call: Call) -> Json:
        call.refuse_unknown()
        refuse_unknown(call.body, "events")
        session = self._sessions.find(call.ids[0])
        events = listed(call.body, "events", EVENTS)
        if not events:
            raise invalid("events: must not be empty")
        if session.has_ended:
            raise invalid(f"Session `{session.id}` has ended")
        check_events(events, session)
        return {"data": take_events(events, session, self._councils)}

    def _list(self, call: Call) -> Json:
        call.refuse_unknown(
            "limit", "page", "order", "types", "types[]", *CREATED_AROUND
        )
        falling = call.choice("order", "asc", "desc") == "desc"
        given = [*call.query.get("types", ()), *call.query.get("types[]", ())]
        types = {one for value in given for one in value.split(",")}
        rows = {
            f"{place:09}": event
            for place, event in enumerate(self._found(call)[1].events)
            if (not types or event["type"] in types) and _within(call, event)
        }
        if falling:
            rows = dict(reversed(rows.items()))
        return page(call, rows, dict, falling=falling, length=EVENT_ROWS)

    def _stream(self, call: Call) -> Feed:
        call.refuse_unknown("event_deltas", "event_deltas[]")
        session, thread = self._found(call)
        if session.has_ended:
            raise invalid(f"Session `{session.id}` has ended")
        return Feed(thread.events, len(thread.events), lambda: session.has_ended)

    def _threads(self, call: Call) -> Json:
        call.refuse_unknown("limit", "page")
        rows = {one.id: one for one in self._sessions.find(call.ids[0]).threads}
        return page(call, rows, Thread.told, falling=False, length=THREAD_ROWS)

    def _retrieve(self, call: Call) -> Json:
        call.refuse_unknown()
        return self._found(call)[1].told()

    def _found(self, call: Call) -> tuple[Session, Thread]:
        session = self._sessions.find(call.ids[0])
        if len(call.ids) == 1:
            return session, session.primary
        return session, session.thread(call.ids[1])


def _within(call: Call, event: Json) -> bool:
    at = event.get("processed_at")
    return at is None or call.within(at)
