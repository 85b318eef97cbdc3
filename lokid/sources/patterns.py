"""``memory/semantic/patterns.json``: what the harness's own memory believes.

One file, rewritten whole whenever one pattern changes (9.x even when it reads
them), so each pattern is a row with a history of its own: an event when what we
keep of it changes, and one when it is gone.  Kept are its category, how sure
the harness is, how many episodes it was drawn from, and the error class that an
anti-pattern names (``Avoid: TestFailure``).  Its prose stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lokid.events import Event, PatternRecorded
from lokid.redact import token
from lokid.source import Document, Mode, Source, SourceError
from lokid.sources.values import MALFORMED, number, rows, table, text

_AVOID = re.compile(r"\s*avoid\s*:\s*([\w.:-]{1,64})\s*", re.IGNORECASE)
_DIGITS = 4


def _read(document: Document) -> Iterable[Event]:
    """One event for each pattern with an id that can be kept; the last one wins."""
    if not isinstance(document.body.get("patterns"), list):
        raise SourceError(MALFORMED)
    told: dict[str, Event] = {}
    for entry in map(table, rows(document.body["patterns"])):
        name = text(entry.get("id"))
        if name and token(name):
            told[name] = _pattern(name, entry)
    return told.values()


def _pattern(name: str, entry: dict[str, Any]) -> PatternRecorded:
    avoids = _AVOID.fullmatch(text(entry.get("pattern")) or "")
    confidence = number(entry.get("confidence"))
    return PatternRecorded(
        pattern=name,
        category=text(entry.get("category")),
        avoids=avoids[1] if avoids else None,
        confidence=None if confidence is None else round(confidence, _DIGITS),
        episodes=len(rows(entry.get("source_episodes"))),
    )


def _gone(name: str) -> Event:
    return PatternRecorded(pattern=name, gone=True)


PATTERNS = Source(
    name="patterns",
    globs=("memory/semantic/patterns.json",),
    mode=Mode.TABLE,
    read_rows=_read,
    read_gone=_gone,
)
