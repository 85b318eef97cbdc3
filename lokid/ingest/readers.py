"""How each mode of source is read again: one reader per mode.

A reader gets a file whose signature changed, proposes what it holds and says
how far it got.  It raises `Unfinished` for a document that is still being
written (a dict written by ``json.dump`` is complete exactly when it parses as
an object: measured, 0 of 20,848 proper prefixes parsed).  What grows is in
``tails``.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Collection, Iterator
from typing import Any

import msgspec

from lokid import redact
from lokid.events import EpisodeRecorded, Event, Fact, Src
from lokid.ingest import tails
from lokid.ingest.files import Signature
from lokid.ingest.index import Index, row_of
from lokid.ingest.reading import Reading, digest
from lokid.ingest.refusals import Unfinished
from lokid.source import Document, Mode, Source, SourceError, TextLine

TABLE_BYTES = 8 << 20
"""Largest table that is read: ten thousand rows of the harness's own size."""
_ROWS_REMEMBERED = 1 << 14


def read(reading: Reading) -> Signature:
    """Read one file by its source's mode; return the signature it had."""
    return _BY_MODE[reading.source.mode](reading)


def document_of(source: Source, path: str, data: bytes) -> Document:
    """A complete document, or Unfinished with the reason it is not one."""
    sha256 = hashlib.sha256(data).hexdigest()
    if not data.strip():
        if not source.json and source.mode is Mode.STATE:
            return Document(path=path, sha256=sha256, body={}, text="")
        raise Unfinished("empty", len(data))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Unfinished("not_utf8", len(data)) from None
    if not source.json:
        return Document(path=path, sha256=sha256, body={}, text=text)
    return Document(path=path, sha256=sha256, body=_object(text, len(data)))


def _object(text: str, size: int) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise Unfinished("torn", size) from None
    if not isinstance(body, dict):
        raise Unfinished("not_object", size)
    return body


def _read_document(reading: Reading) -> Signature:
    data, signature = reading.tree.read(reading.path, reading.limit)
    document = document_of(reading.source, reading.path, data)
    assert reading.source.read_document is not None  # noqa: S101  a mode's promise
    try:
        facts = list(reading.source.read_document(document))
    except SourceError as error:
        if str(error) == "torn":
            raise Unfinished("torn", len(data)) from error
        src = Src(path=reading.path, sha256=document.sha256)
        reading.reject(str(error), document.sha256, len(data), src)
        return signature
    for fact in facts:
        if isinstance(fact.event, EpisodeRecorded):
            event = redact.guard(fact.event)
            weighed = reading.index.reweighed(event, fact.src)
            reading.tell([weighed] if weighed else [])
    reading.tell(facts)
    return signature


def _read_state(reading: Reading) -> Signature:
    data, signature = reading.tree.read(reading.path, reading.limit)
    document = document_of(reading.source, reading.path, data)
    assert reading.source.read_state is not None  # noqa: S101  a mode's promise
    try:
        event = reading.source.read_state(reading.path, document)
    except SourceError as error:
        src = Src(path=reading.path, sha256=document.sha256)
        reading.reject(str(error), document.sha256, len(data), src)
        return signature
    if event is not None:
        fact = reading.index.state_fact(reading.path, redact.guard(event))
        reading.tell([fact] if fact else [])
    return signature


def _read_table(reading: Reading) -> Signature:
    limit = max(reading.limit, TABLE_BYTES)
    data, signature = reading.tree.read(reading.path, limit)
    document = document_of(reading.source, reading.path, data)
    assert reading.source.read_rows is not None  # noqa: S101  a mode's promise
    try:
        rows = [_guarded(event) for event in reading.source.read_rows(document)]
    except SourceError as error:
        src = Src(path=reading.path, sha256=document.sha256)
        reading.reject(str(error), document.sha256, len(data), src)
        return signature
    facts = [reading.index.state_fact(reading.path, event) for event in rows]
    reading.tell(fact for fact in facts if fact)
    reading.tell(_gone_rows(reading.source, reading.index, reading.path, rows))
    return signature


def gone(source: Source, index: Index, path: str) -> Iterator[Fact]:
    """What the absence of a file of values says (of a table: of each row)."""
    if source.mode is Mode.TABLE:
        yield from _gone_rows(source, index, path, ())
        return
    assert source.read_state is not None  # noqa: S101  a mode's promise
    event = source.read_state(path, None)
    fact = event and index.state_fact(path, redact.guard(event))
    if fact:
        yield fact


def _gone_rows(
    source: Source, index: Index, path: str, rows: Collection[Event]
) -> Iterator[Fact]:
    assert source.read_gone is not None  # noqa: S101  a mode's promise
    left = dict.fromkeys(index.rows(path))
    for event in rows:
        left.pop(row_of(event), None)
    for row in left:
        fact = index.state_fact(path, redact.guard(source.read_gone(row)))
        if fact:
            yield fact


@functools.lru_cache(_ROWS_REMEMBERED)
def _guarded(event: Event) -> Event:
    """A table is rewritten whole when one row changes; the others cost nothing."""
    return redact.guard(event)


def _read_lines(reading: Reading) -> Signature:
    data, signature = reading.tree.read(reading.path, reading.limit)
    assert reading.source.read_text is not None  # noqa: S101  a mode's promise
    for raw in data[: data.rfind(b"\n") + 1].split(b"\n"):
        if not raw.strip():
            continue
        src = Src(path=reading.path)
        try:
            line = TextLine(path=reading.path, text=raw.decode())
            reading.tell(reading.source.read_text(line))
        except UnicodeDecodeError:
            reading.reject("not_utf8", digest(raw), len(raw), src)
        except SourceError as error:
            reading.reject(str(error), digest(raw), len(raw), src)
    return signature


_BY_MODE: dict[Mode, Callable[[Reading], Signature]] = {
    Mode.DOCUMENT: _read_document,
    Mode.STATE: _read_state,
    Mode.TABLE: _read_table,
    Mode.LINES: _read_lines,
    Mode.TAIL: tails.read_tail,
    Mode.SESSIONS: tails.read_sessions,
}
