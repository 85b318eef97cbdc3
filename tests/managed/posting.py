"""Writes events onto threads, in the shapes of the SDK's types.

Promises: an event that is posted on two threads has one id, and the copy on the
main stream names the child it comes from.
"""

from __future__ import annotations

from typing import Any

from calls import Json
from minting import Mint
from threads import Session, Thread

END_TURN: Json = {"type": "end_turn"}


class Posting:
    """Everything that becomes an event goes through here."""

    def __init__(self, mint: Mint) -> None:
        """Whoever posts holds the double's lock."""
        self._mint = mint

    def time(self) -> str:
        """The present."""
        return self._mint.time()

    def post(self, threads: list[Thread], kind: str, **fields: Any) -> Json:
        """The same event on some threads."""
        event = {
            "id": self._mint.new_id("sevt"),
            "type": kind,
            "processed_at": self.time(),
            **fields,
        }
        for thread in threads:
            thread.events.append(event)
        return event

    def crosspost(self, session: Session, thread: Thread, event: Json) -> None:
        """An event on its own thread, and marked on the main stream."""
        thread.events.append(event)
        if thread is not session.primary:
            marked = {**event, "session_thread_id": thread.id}
            session.primary.events.append(marked)

    def own(self, kind: str, **fields: Any) -> Json:
        """An event that is posted later."""
        return self.post([], kind, **fields)

    def status(
        self, session: Session, thread: Thread, status: str, **fields: Any
    ) -> None:
        """A child's status changes: on both its stream and the main one."""
        thread.status = status
        if thread is session.primary:
            return
        self.post(
            [session.primary, thread],
            f"session.thread_status_{status}",
            agent_name=thread.name,
            session_thread_id=thread.id,
            **fields,
        )

    def session_status(self, session: Session, status: str, **fields: Any) -> None:
        """The session's own status changes."""
        session.status = status
        session.updated_at = self.time()
        self.post([session.primary], f"session.status_{status}", **fields)

    def message(self, session: Session, thread: Thread, text: str) -> None:
        """An agent says something; a child says it to the primary thread."""
        content = [{"type": "text", "text": text}]
        self.post([thread], "agent.message", content=content)
        if thread is not session.primary:
            self.post(
                [session.primary],
                "agent.thread_message_received",
                content=content,
                from_session_thread_id=thread.id,
                from_agent_name=thread.name,
            )

    def start(self, session: Session, agent: Json, content: list[Json]) -> Thread:
        """The primary thread starts a child and hands the task over."""
        primary = session.primary
        for thread in session.children:
            if thread.agent["id"] == agent["id"]:
                break
        else:
            thread = Thread(
                id=self._mint.new_id("sthr"),
                agent=agent,
                session_id=session.id,
                parent_id=primary.id,
                created_at=self.time(),
            )
            session.threads.append(thread)
            self.post(
                [primary],
                "session.thread_created",
                agent_name=thread.name,
                session_thread_id=thread.id,
                workflow_run_id=None,
            )
        self.post(
            [primary],
            "agent.thread_message_sent",
            content=content,
            to_session_thread_id=thread.id,
            to_agent_name=thread.name,
        )
        self.post(
            [thread],
            "agent.thread_message_received",
            content=content,
            from_session_thread_id=primary.id,
        )
        self.status(session, thread, "running")
        return thread
