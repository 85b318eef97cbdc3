"""Plays a script in a session, as far as it goes without the client.

A user's message begins a turn: the primary thread starts the agents of its roster
that have a script, their steps are taken in turns, and the primary agent's own steps
come last.  A thread that called a tool waits for its result.  When nobody works any
more the session is idle: ``requires_action`` with what it waits for, or the turn's
end.  While somebody works (`Until`) it is running, also if others wait: so a client
must answer a call when it sees it.  All of it happens within the request that allows
it: nothing here has a clock, and the same requests give the same events.
"""

from __future__ import annotations

import threading

from calls import Json
from council_steps import Asks, Calls, Dies, Emits, Fails, Says, Script, Step, Until
from minting import Mint
from posting import END_TURN, Posting
from threads import Session, Thread

RESULT, CONFIRMATION = "user.custom_tool_result", "user.tool_confirmation"


class Councils:
    """What the agents of a test do."""

    def __init__(self, mint: Mint, changed: threading.Condition) -> None:
        """No agent has a script."""
        self.posting = Posting(mint)
        self._changed = changed
        self._script: Script = {}
        self._released: set[str] = set()
        self._sessions: dict[str, Session] = {}

    def stage(self, script: Script) -> None:
        """What agents do in turns that begin from now on, by their names."""
        with self._changed:
            self._script = dict(script)

    def release(self, word: str) -> None:
        """Let go on who works `Until` this word; in sessions to come as well."""
        with self._changed:
            self._released.add(word)
            for session in self._sessions.values():
                if session.status == "running":
                    self.go_on(session)
            self._changed.notify_all()

    # -- called by the routes, with the lock held --------------------------------

    def begin(self, session: Session, message: Json) -> None:
        """A user's message is there: a turn begins, or will after this one."""
        if session.status == "running":
            session.queued.append(message)
            return
        self._sessions[session.id] = session
        primary = session.primary
        message["processed_at"] = self.posting.time()
        primary.events.append(message)
        self.posting.session_status(session, "running")
        for agent in session.members:
            if agent["name"] in self._script:
                child = self.posting.start(session, agent, message["content"])
                child.steps.extend(self._script[agent["name"]])
        primary.steps.extend(self._script.get(primary.name, ()))
        self.go_on(session)

    def resolve(self, session: Session, event: Json, event_id: str) -> None:
        """A client answered what a thread waits for."""
        thread = next(one for one in session.threads if event_id in one.waits_for)
        del thread.waits_for[event_id]
        self.posting.crosspost(session, thread, event)
        if session.status != "running":
            self.posting.session_status(session, "running")
        self.posting.status(session, thread, "running")

    def interrupt(
        self, session: Session, threads: list[Thread], stop: Json = END_TURN
    ) -> None:
        """These drop what they do."""
        dropped = [one for one in threads if not one.is_over]
        for thread in dropped:
            thread.steps.clear()
            thread.waits_for.clear()
            self.posting.status(session, thread, "idle", stop_reason=stop)
        if dropped and session.status == "idle":
            self._settle(session)

    def go_on(self, session: Session) -> None:
        """Take steps until each thread waits, works or is over; then settle."""
        while sum(self._took_step(session, thread) for thread in session.threads):
            pass
        if session.status == "running" and not _works(session):
            self._settle(session)

    # -- steps -------------------------------------------------------------------

    def _took_step(self, session: Session, thread: Thread) -> bool:
        if thread.waits_for or session.has_ended:
            return False
        if thread is session.primary and not all(
            child.is_over for child in session.children
        ):
            return False
        if not thread.steps:
            if thread.status == "running":
                self.posting.status(session, thread, "idle", stop_reason=END_TURN)
                return True
            return False
        step = thread.steps[0]
        if isinstance(step, Until) and step.word not in self._released:
            thread.status = "running"
            return False
        thread.steps.popleft()
        self._take(session, thread, step)
        return True

    def _take(self, session: Session, thread: Thread, step: Step) -> None:
        posting = self.posting
        if isinstance(step, Says):
            posting.message(session, thread, step.text)
        elif isinstance(step, Calls | Asks):
            self._wait(session, thread, step)
        elif isinstance(step, Fails):
            self._fail(session, step)
        elif isinstance(step, Dies):
            posting.session_status(session, "terminated")
        elif isinstance(step, Emits):
            session.primary.events.append(step.event)

    def _wait(self, session: Session, thread: Thread, step: Calls | Asks) -> None:
        called = {"name": step.tool, "input": step.input}
        if isinstance(step, Calls):
            event, answer = self.posting.own("agent.custom_tool_use", **called), RESULT
        else:
            event = self.posting.own(
                "agent.tool_use", **called, evaluated_permission="ask"
            )
            answer = CONFIRMATION
        thread.waits_for[event["id"]] = answer
        self.posting.crosspost(session, thread, event)
        self.posting.status(session, thread, "idle", stop_reason=_action([event["id"]]))

    def _fail(self, session: Session, step: Fails) -> None:
        error = {
            "type": step.kind,
            "message": step.message,
            "retry_status": {"type": "exhausted"},
        }
        self.posting.post([session.primary], "session.error", error=error)
        session.queued.clear()
        stop = {"type": "retries_exhausted"}
        self.interrupt(session, session.threads, stop)
        self.posting.session_status(session, "idle", stop_reason=stop)

    def _settle(self, session: Session) -> None:
        waits_for = list(session.waits_for)
        stop = _action(waits_for) if waits_for else END_TURN
        self.posting.session_status(session, "idle", stop_reason=stop)
        if session.queued and not waits_for:
            self.begin(session, session.queued.pop(0))


def _works(session: Session) -> bool:
    return session.has_ended or any(one.status == "running" for one in session.threads)


def _action(event_ids: list[str]) -> Json:
    return {"type": "requires_action", "event_ids": event_ids}
