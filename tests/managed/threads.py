"""A session and its threads: the state that a council's events tell about.

The primary thread is the session's own; its events are the main stream.  A child
has events of its own, and what others must see of it is posted on both.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from calls import Json, not_found
from council_steps import Step


@dataclass
class Thread:
    """One agent at work."""

    id: str
    agent: Json
    session_id: str
    parent_id: str | None
    created_at: str
    status: str = "idle"
    events: list[Json] = field(default_factory=list)
    steps: deque[Step] = field(default_factory=deque)
    waits_for: dict[str, str] = field(default_factory=dict)
    """Events that a client must answer, each with the type of the answer."""

    @property
    def name(self) -> str:
        """Its agent's."""
        return str(self.agent["name"])

    @property
    def is_over(self) -> bool:
        """Whether it did all it had to do."""
        return not self.steps and not self.waits_for and self.status != "running"

    def told(self) -> Json:
        """As the service gives it."""
        return {
            "id": self.id,
            "type": "session_thread",
            "agent": self.agent,
            "session_id": self.session_id,
            "parent_thread_id": self.parent_id,
            "status": self.status,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "archived_at": None,
            "stats": None,
            "usage": None,
            "workflow_run_id": None,
        }


@dataclass
class Session:
    """One session; its first thread is the primary one."""

    id: str
    agent: Json
    members: list[Json]
    environment_id: str
    resources: list[Json]
    title: str | None
    metadata: dict[str, str]
    budget: Json | None
    created_at: str
    updated_at: str
    threads: list[Thread]
    status: str = "idle"
    archived_at: str | None = None
    is_deleted: bool = False
    queued: list[Json] = field(default_factory=list)

    @property
    def primary(self) -> Thread:
        """The session's own thread."""
        return self.threads[0]

    @property
    def children(self) -> list[Thread]:
        """The threads that the primary one started."""
        return self.threads[1:]

    @property
    def waits_for(self) -> dict[str, str]:
        """What a client must answer, over all threads."""
        return {
            event_id: kind
            for thread in self.threads
            for event_id, kind in thread.waits_for.items()
        }

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen in it any more."""
        return self.is_deleted or self.status == "terminated"

    def thread(self, thread_id: str) -> Thread:
        """One that is there."""
        for thread in self.threads:
            if thread.id == thread_id:
                return thread
        raise not_found("Session thread", thread_id)

    def told(self) -> Json:
        """As the service gives it."""
        return {
            "id": self.id,
            "type": "session",
            "agent": self.agent,
            "environment_id": self.environment_id,
            "resources": self.resources,
            "title": self.title,
            "metadata": dict(self.metadata),
            "budget": self.budget,
            "status": self.status,
            "outcome_evaluations": [],
            "stats": {},
            "usage": {},
            "vault_ids": [],
            "deployment_id": None,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "archived_at": self.archived_at,
        }
