"""What an answer says of itself: the event that it was served.

It goes with the answer under `SERVED`; the engine takes it out and appends it
when whoever asked wants it recorded.  Nothing shown, nothing served.  The event
holds no word of the text, only its digest: with the log's position, the
parameters and ``now`` the same renderer gives the same bytes again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

from lokid.events import CheckServed, ContextServed, FixServed, Served
from lokid.projection import Answer
from projections.here import Here

RENDERER = 2
"""Rises with every change of what the block, a check or a fix reads like."""
SERVED = "_served"
"""The key under which an answer brings it (`lokid.ingest.record` takes it)."""
_MARK = 8


def digest_of(text: str) -> str:
    """The name of these bytes, 16 hex digits."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def mark_of(text: str, seq: int) -> str:
    """The line of ``--mark``: position and the first half of the digest."""
    return f"[lokid seq={seq} h={digest_of(text)[:_MARK]}]"


def as_served(answer: Answer, event: Served) -> Answer:
    """The answer with its event, where it says something or held it back."""
    told = bool(answer["text"]) or bool(event.held)
    return {**answer, SERVED: event} if told else answer


class Shown(Protocol):
    """A line of a block, as far as it is recorded."""

    @property
    def kind(self) -> str:
        """Recent, prior or council."""

    @property
    def lesson(self) -> str | None:
        """The lesson it tells."""


class Serving:
    """What every served event of one question has in common."""

    def __init__(self, here: Here, position: int, now: str) -> None:
        """``position`` is the seq that the answer stands on."""
        self._here = here
        self._common = {"position": position, "now": now, "renderer": RENDERER}

    def context(
        self, text: str, lines: Sequence[Shown], held: Sequence[str], goal: str | None
    ) -> ContextServed:
        """A block; lines with a lesson come first, ``kinds`` are those of all."""
        return ContextServed(
            **self._told(text, [one.lesson for one in lines if one.lesson], held),
            kinds=tuple(one.kind for one in lines),
            phase=self._here.phase,
            goal=digest_of(goal) if goal else None,
        )

    def check(
        self, text: str, lessons: Sequence[str], held: Sequence[str], head: str | None
    ) -> CheckServed:
        """A warning."""
        return CheckServed(
            **self._told(text, lessons, held), head=head, session=self._here.session
        )

    def fix(
        self, text: str, lessons: Sequence[str], held: Sequence[str], head: str | None
    ) -> FixServed:
        """A known fix."""
        return FixServed(
            **self._told(text, lessons, held), head=head, session=self._here.session
        )

    def _told(
        self, text: str, lessons: Sequence[str], held: Sequence[str]
    ) -> dict[str, Any]:
        return {
            **self._common,
            "lessons": tuple(lessons),
            "held": tuple(held),
            "digest": digest_of(text),
            "size": len(text.encode()),
            "run": self._here.run,
            "iteration": self._here.iteration,
        }
