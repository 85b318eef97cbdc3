"""What comes by command into the log: statements, and what was served.

It takes the same corridor as every fact (``pipeline.py``): held to its kinds of
text, appended once per identity, folded.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Mapping, Sequence

from lokid import statements
from lokid.events import Event, Fact, Recorded
from lokid.ingest.index import Index
from lokid.ingest.pipeline import Append, Pipeline
from lokid.projection import Answer

SERVED = "_served"
"""Where an answer brings the event that it was served; never shown to anybody."""
_MOST = 1000
"""Served events that wait; more would mean that nobody can write any longer."""


class Recorder:
    """Appends what comes by command; for the writing thread."""

    def __init__(self, index: Index, append: Append, *, knob: bool) -> None:
        """``knob``: at 0 nothing is kept of what was served."""
        self._index = index
        self._append = append
        self._knob = knob

    def take(self, facts: Sequence[Fact]) -> list[Recorded]:
        """Append what is new of these facts, and give it.

        Raises UsageError for a fact that may not come this way, and what the log
        raises.
        """
        statements.check(facts)
        taken: list[Recorded] = []

        def append(batch: Sequence[tuple[str, Fact]], at: str) -> list[Recorded]:
            recorded = self._append(batch, at)
            taken.extend(recorded)
            return recorded

        pipeline = Pipeline(self._index, append, len(facts) + 1)
        for fact in facts:
            if self._knob or not isinstance(fact.event, statements.SERVED):
                pipeline.propose("record", fact)
        pipeline.flush()
        return taken


class Served:
    """Takes served events out of answers and keeps them; any thread."""

    def __init__(self) -> None:
        """None yet."""
        self._waiting: deque[Fact] = deque(maxlen=_MOST)

    def keep(self, answer: Answer, params: Mapping[str, str]) -> None:
        """Take the event out; it is kept when the request asks for that.

        A question about the past (``now``, ``as_of``) served nobody.
        """
        event = answer.pop(SERVED, None)
        past = "now" in params or "as_of" in params
        if isinstance(event, Event) and params.get("record") == "1" and not past:
            identity = ("served", event.TYPE, secrets.token_hex(16))
            self._waiting.append(Fact(event=event, identity=identity))

    def take(self) -> list[Fact]:
        """All that waits, oldest first; it waits no longer."""
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken
