"""What comes by command into the log: statements, and what was served.

It takes the same corridor as every fact (``pipeline.py``): held to its kinds of
text, appended once per identity, folded.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from lokid import imports, statements
from lokid.errors import UsageError
from lokid.events import Event, Fact, Recorded
from lokid.imports import Found
from lokid.ingest.index import Index
from lokid.ingest.pipeline import Append, Pipeline
from lokid.log import event_id
from lokid.projection import Answer

SERVED = "_served"
"""Where an answer brings the event that it was served; never shown to anybody."""


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
        wanted = [
            (event_id(fact.identity), fact)
            for fact in facts
            if self._knob or not isinstance(fact.event, statements.SERVED)
        ]
        return self._taken("record", wanted)

    def take_in(self, found: Sequence[Found]) -> list[Recorded]:
        """Append what is new of an import, and give it.

        Raises UsageError with the knob at 0 and for a fact that is not read from
        files, and what the log raises.
        """
        if not self._knob:
            message = "the memory is off: nothing is imported"
            raise UsageError(message, "unset LOKI_FAILURE_MEMORY, or set it to 1")
        imports.check(found)
        return self._taken("import", found)

    def _taken(self, source: str, found: Sequence[Found]) -> list[Recorded]:
        taken: list[Recorded] = []

        def append(batch: Sequence[Found], at: str) -> list[Recorded]:
            recorded = self._append(batch, at)
            taken.extend(recorded)
            return recorded

        pipeline = Pipeline(self._index, append, len(found) + 1)
        for key, fact in found:
            pipeline.accept(source, key, fact)
        pipeline.flush()
        return taken


def served_of(answer: Answer, params: Mapping[str, str]) -> Fact | None:
    """Take the event that it was served out of an answer.

    It is given back as a fact when the request asks for a record.  A question
    about the past (``now``, ``as_of``) served nobody.
    """
    event = answer.pop(SERVED, None)
    past = "now" in params or "as_of" in params
    if not isinstance(event, Event) or params.get("record") != "1" or past:
        return None
    identity = ("served", event.TYPE, secrets.token_hex(16))
    return Fact(event=event, identity=identity)
