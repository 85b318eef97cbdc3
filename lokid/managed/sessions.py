"""Hold one council: a session with a thread for each member, and their verdicts.

A coordinator hands the question on; each member answers in a thread of its own
through a tool, which is answered as soon as it is seen.  The session is over when
all have voted or nobody works any more; it is interrupted and archived whatever
happens, the end of its budget included, which is held here, since a killed child
could not leave politely.

What agents were made is told in ``known`` and comes back with the next council; an
agent that is gone or archived is made anew, once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from lokid.managed import personas, verdicts
from lokid.managed.api import Api, Conflict, Missing
from lokid.managed.personas import POOLS, Role
from lokid.managed.talking import Event, Listening, Talking
from lokid.managed.verdicts import Verdict
from lokid.managed.wire import Events, Failed, Told

BUDGET = "overall_budget_timeout"
ENVIRONMENT = "lokid-council"
_STALE = {"store_archived", "client_error"}
_ANSWER = "noted"
_NOT_YOURS = "only a member of the council is heard here"
_DENIED = "a member of the council judges from the text it was given"


def council(api: Api, args: Mapping[str, Any], events: Events) -> dict[str, object]:
    """Ask a council of ``kind`` about ``task``.

    ``until`` is when the budget ends, by the machine's monotonic clock; ``budget``
    its seconds, ``model`` the agents', ``known`` the ids of an earlier one under
    ``mark``, which tells account, model and words apart.  Gives
    ``verdicts`` by role (who said nothing is left out), ``session`` and ``known``.
    Raises Failed.
    """
    talking = Talking(api)
    seats = _Seats(talking, args, events)
    session = seats.session()
    payload: dict[str, object] = {
        "op": args["kind"],
        "session_id": session,
        "agent_count": len(seats.roles),
        "timeout_s": args["budget"],
    }
    events.append(Told(type="managed_session_created", payload=payload))
    table = _Table(talking, session, args, seats.roles, events)
    try:
        table.hold()
    except (Missing, Conflict) as error:
        raise Failed("session_unavailable", str(error)) from error
    finally:
        talking.leave(session, interrupt=not table.is_over)
    told = {role: msgspec.to_builtins(one) for role, one in table.verdicts.items()}
    return {"verdicts": told, "session": session, "known": seats.known}


class _Seats:
    """The agents of a council, made where they are not known."""

    def __init__(
        self, talking: Talking, args: Mapping[str, Any], events: Events
    ) -> None:
        self.roles: tuple[Role, ...] = POOLS[args["kind"]]
        self.known: dict[str, str] = dict(args["known"])
        self._talking = talking
        self._kind: str = args["kind"]
        self._model: str = args["model"]
        self._mark: str = args["mark"]
        self._events = events

    def session(self) -> str:
        """A new session of them."""
        before = set(self.known)
        try:
            return self._session()
        except (Failed, Missing) as error:
            if isinstance(error, Failed) and error.reason not in _STALE:
                raise
            if not before & set(self._keys()):
                raise  # nothing was remembered: it is no matter of age
            for key in self._keys():
                self.known.pop(key, None)
            return self._session()

    def _session(self) -> str:
        members = [self._member(role) for role in self.roles]
        key = self._key(f"{self._kind}-{personas.COORDINATOR}")
        if key not in self.known:
            system = personas.coordinator_of(self._kind)
            name = f"lokid {self._kind} {personas.COORDINATOR}"
            made = self._talking.coordinator(name, self._model, system, members)
            self._made(key, made)
        place = self._key(ENVIRONMENT)
        if place not in self.known:
            self.known[place] = self._talking.environment(ENVIRONMENT)
        title = f"lokid {self._kind} council"
        return self._talking.session(self.known[key], self.known[place], title)

    def _member(self, role: Role) -> str:
        key = self._key(role.name)
        if key not in self.known:
            system, tools = (
                personas.system_of(self._kind, role),
                [personas.tool(self._kind)],
            )
            made = self._talking.agent(role.name, self._model, system, tools)
            self._made(key, made)
        return self.known[key]

    def _made(self, key: str, agent: str) -> None:
        self.known[key] = agent
        name = key.partition(":")[0]
        payload: dict[str, object] = {
            "op": self._kind,
            "pool_name": name,
            "agent_id": agent,
        }
        self._events.append(Told(type="managed_agent_materialized", payload=payload))

    def _keys(self) -> list[str]:
        names = [role.name for role in self.roles]
        names += [f"{self._kind}-{personas.COORDINATOR}", ENVIRONMENT]
        return [self._key(name) for name in names]

    def _key(self, name: str) -> str:
        """By account, model and words too: one that was made otherwise is another."""
        return f"{name}:{self._mark}"


class _Table:
    """One session, from the question to the last verdict."""

    def __init__(
        self,
        talking: Talking,
        session: str,
        args: Mapping[str, Any],
        roles: tuple[Role, ...],
        events: Events,
    ) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.is_over = False
        self._talking = talking
        self._session = session
        self._task: str = args["task"]
        self._until: float = args["until"]
        self._op: str = args["kind"]
        self._roles = {role.name for role in roles}
        self._events = events
        self._threads: dict[str, str] = {}

    def hold(self) -> None:
        """Ask, and listen until it is over.  Raises Failed, Missing."""
        listening = self._talking.listen(self._session, self._left())
        content = [{"type": "text", "text": self._task}]
        self._talking.send(self._session, {"type": "user.message", "content": content})
        while not self.is_over and len(self.verdicts) < len(self._roles):
            event = self._next(listening)
            self._on(event)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Failed(BUDGET, "the budget is spent")
        return left

    def _next(self, listening: Listening) -> Any:  # noqa: ANN401  the SDK's
        event = listening.next(self._left())
        if event is None:
            self._left()  # says that it is spent
        return event

    def _on(self, event: Any) -> None:  # noqa: ANN401  the SDK's
        kind = getattr(event, "type", None)
        if kind == "session.thread_created":
            self._started(event)
        elif kind == "agent.custom_tool_use":
            self._called(event)
        elif kind == "agent.tool_use":
            self._asked(event)
        elif kind == "session.thread_status_idle":
            stop = getattr(getattr(event, "stop_reason", None), "type", None)
            self._tell("managed_session_thread_idle", event, stop_reason=stop)
        elif kind == "session.status_idle":
            self._idle(event)
        elif kind in {"session.status_terminated", "session.deleted"}:
            raise Failed("session_runtime_error", "the session was ended")

    def _started(self, event: Any) -> None:  # noqa: ANN401  the SDK's
        thread, name = _text(event, "session_thread_id"), _text(event, "agent_name")
        self._threads[thread] = name
        self._tell("managed_session_thread_created", event)

    def _called(self, event: Any) -> None:  # noqa: ANN401  the SDK's
        """A tool was called; it is answered at once, by whomever it was."""
        role = self._threads.get(getattr(event, "session_thread_id", None) or "")
        given = getattr(event, "input", None)
        name = getattr(event, "name", None)
        is_ours = role in self._roles and name == personas.TOOL_NAME
        if is_ours and role is not None:
            said = verdicts.verdict_of(given if isinstance(given, dict) else {})
            self.verdicts[role] = verdicts.together(self.verdicts.get(role), said)
        answer: Event = {
            "type": "user.custom_tool_result",
            "custom_tool_use_id": _text(event, "id"),
            "content": [{"type": "text", "text": _ANSWER if is_ours else _NOT_YOURS}],
        }
        if not is_ours:
            answer["is_error"] = True
        if len(self.verdicts) < len(self._roles):
            self._talking.send(self._session, answer)

    def _asked(self, event: Any) -> None:  # noqa: ANN401  the SDK's
        """A tool of its own wants leave: there is none."""
        if getattr(event, "evaluated_permission", None) == "ask":
            answer: Event = {
                "type": "user.tool_confirmation",
                "tool_use_id": _text(event, "id"),
                "result": "deny",
                "deny_message": _DENIED,
            }
            self._talking.send(self._session, answer)

    def _idle(self, event: Any) -> None:  # noqa: ANN401  the SDK's
        stop = getattr(getattr(event, "stop_reason", None), "type", None)
        if stop == "end_turn":
            self.is_over = True
        elif stop != "requires_action":
            raise Failed("session_runtime_error", f"the turn ended: {stop}")

    def _tell(self, kind: str, event: Any, **more: object) -> None:  # noqa: ANN401  the SDK's
        thread = getattr(event, "session_thread_id", None)
        payload: dict[str, object] = {
            "op": self._op,
            "session_id": self._session,
            "thread_id": thread,
            "agent_name": self._threads.get(thread or ""),
            **more,
        }
        self._events.append(Told(type=kind, payload=payload))


def _text(event: Any, name: str) -> str:  # noqa: ANN401  the SDK's
    """A field that must be there.  Raises Failed."""
    value = getattr(event, name, None)
    if not isinstance(value, str) or not value:
        raise Failed("session_shape_error", f"{getattr(event, 'type', None)}: {name}")
    return value
