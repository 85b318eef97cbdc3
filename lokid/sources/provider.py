"""Why the provider failed, and whether a signal ended it.

``LAST_ERROR.json`` is one slot that the next error overwrites; when it does,
the harness (9.x) moves the old record to ``failure-history.jsonl``.  Both tell
one fact, so its identity is the record, not the file.  An interruption is told
in ``events/pending`` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from lokid import clock
from lokid.events import Fact, IterationInterrupted, ProviderFailed
from lokid.source import Document, Mode, Source, SourceError, TextLine
from lokid.sources.facts import of_document, of_line
from lokid.sources.values import integer, required, table, text

_Identity = tuple[str | int, ...]


def _failure(body: dict[str, Any]) -> tuple[ProviderFailed, str | None, _Identity]:
    """The event, its time and the record's identity, whichever file holds it."""
    kind, said = required(text(body.get("error_class"))), text(body.get("timestamp"))
    iteration = integer(body.get("iteration"))
    identity = ("last_error", "" if iteration is None else iteration, kind, said or "")
    event = ProviderFailed(error_class=kind, iteration=iteration)
    return event, clock.parse(said), identity


def _last_error(document: Document) -> Iterable[Fact]:
    event, time, identity = _failure(document.body)
    yield of_document(LAST_ERROR.name, document, event, time, identity)


def _history(line: TextLine) -> Iterable[Fact]:
    try:
        body = msgspec.json.decode(line.text)
    except (msgspec.DecodeError, RecursionError):
        raise SourceError("invalid_json") from None
    if not isinstance(body, dict):
        raise SourceError("not_object")
    event, time, identity = _failure(body)
    yield of_line(HISTORY.name, line, event, time, identity)


def _pending(document: Document) -> Iterable[Fact]:
    body = document.body
    if body.get("type") != "provider_interrupted":
        return
    payload = table(body.get("payload", body.get("data")))
    event = IterationInterrupted(
        signal=text(payload.get("signal")), exit_code=integer(payload.get("exit_code"))
    )
    time = clock.parse(body.get("timestamp"))
    yield of_document(PENDING.name, document, event, time)


LAST_ERROR = Source(
    name="last_error",
    globs=("state/LAST_ERROR.json",),
    mode=Mode.DOCUMENT,
    read_document=_last_error,
)
HISTORY = Source(
    name="failure_history",
    globs=("state/failure-history.jsonl",),
    mode=Mode.LINES,
    read_text=_history,
)
PENDING = Source(
    name="pending_events",
    globs=("events/pending/*.json",),
    mode=Mode.DOCUMENT,
    read_document=_pending,
)
