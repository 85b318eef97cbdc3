"""The calls that a council is made of: agents, an environment, a session, its stream.

As in ``api.py`` each is one request; only a stream stays open.  The header is the
SDK's own: these routes have another than the memory routes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from lokid.managed.api import Api, Conflict, Missing
from lokid.managed.wire import Failed

CLOSING_SECONDS = 0.5
"""Of each of the last two requests, which end a session."""
Event = dict[str, object]


class Talking:
    """See the module."""

    def __init__(self, api: Api) -> None:
        """Over the same client."""
        self._api = api
        self._beta: Any = api.client.beta

    def agent(self, name: str, model: str, system: str, tools: Sequence[Event]) -> str:
        """The id of a new agent."""
        made = self._api.call(
            lambda: self._beta.agents.create(
                name=name, model=model, system=system, tools=list(tools)
            )
        )
        return str(made.id)

    def coordinator(
        self, name: str, model: str, system: str, members: Sequence[str]
    ) -> str:
        """The id of a new agent that may hand on to these, and has no tool."""
        roster = {"type": "coordinator", "agents": list(members)}
        made = self._api.call(
            lambda: self._beta.agents.create(
                name=name, model=model, system=system, multiagent=roster
            )
        )
        return str(made.id)

    def environment(self, name: str) -> str:
        """The id of a new environment; a session must name one."""
        made = self._api.call(lambda: self._beta.environments.create(name=name))
        return str(made.id)

    def session(self, agent: str, environment: str, title: str) -> str:
        """The id of a new session; no store is attached to it."""
        made = self._api.call(
            lambda: self._beta.sessions.create(
                agent=agent, environment_id=environment, title=title
            )
        )
        return str(made.id)

    def send(self, session: str, *events: Event) -> None:
        """Send events; all of them are taken or none."""
        self._api.call(
            lambda: self._beta.sessions.events.send(session, events=list(events))
        )

    def leave(self, session: str, *, interrupt: bool) -> None:
        """End a session, whatever it does; never raises."""
        sessions, stop = self._beta.sessions, [{"type": "user.interrupt"}]
        soon = {"timeout": CLOSING_SECONDS}
        if interrupt:
            with suppress(Failed, Missing, Conflict):
                self._api.call(
                    lambda: sessions.events.send(session, events=stop, **soon)
                )
        with suppress(Failed, Missing, Conflict):
            self._api.call(lambda: sessions.archive(session, **soon))

    def listen(self, session: str, seconds: float) -> Listening:
        """Open the main stream: what comes from now on.  Raises as `Api.call`."""
        stream = self._api.call(
            lambda: self._beta.sessions.events.stream(session, timeout=seconds)
        )
        return Listening(stream)


class Listening:
    """A stream that is read beside: who waits for an event waits no longer than told.

    The SDK's own wait ends when a byte comes, and a ping is one: no deadline can be
    held by it (measured).
    """

    def __init__(self, stream: Any) -> None:  # noqa: ANN401  the SDK's
        """Begin to read."""
        self._stream = stream
        self._heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self, seconds: float) -> Any:  # noqa: ANN401  the SDK's
        """The next event; None where none came in time.

        Raises Failed when the stream has ended.
        """
        try:
            heard = self._heard.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        if isinstance(heard, Failed):
            raise heard
        return heard

    def _read(self) -> None:
        words = "the stream ended"
        try:
            for event in self._stream:
                self._heard.put(event)
        except Exception as error:  # noqa: BLE001  the transport's own, of any kind
            words = f"{type(error).__name__}: {error}"
        self._heard.put(Failed("session_unavailable", words))
