"""``logs/autonomy-*.log``: what the provider printed, one session a call.

Of each finished session only its clock, phase and exit code are kept, of a
failed one the error line and frames, scrubbed, and the heads of the commands
that the agent ran (``commands.py``).  The log itself is unscrubbed: nothing
else of it leaves these modules.

The Claude provider prints stream-json.  Errors lie in its JSON lines as often
as in plain ones: in a ``result`` with ``is_error`` and in ``tool_result``
blocks with ``is_error``.  What the agent says, and what a tool that worked
printed, is never taken for an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

from lokid.events import Event, Fact, OutputFailed, OutputPassed, Src
from lokid.extract import FAILED, PART, Error, error_of
from lokid.log import event_id
from lokid.redact import line, symbol
from lokid.source import Chunk, Mode, Sessions, Source
from lokid.sources import commands
from lokid.sources.markers import Reading, day_of
from lokid.sources.sessions import Session, split
from lokid.sources.tool_calls import texts
from lokid.sources.values import rows, table

_SIGNALS = (130, 137, 143)
"""Exit codes of a provider ended from outside: its output is no cause."""


def _read(chunk: Chunk) -> Sessions:
    continued = chunk.offset > 0 and chunk.previous is not None
    cut = split(chunk.data, day_of(chunk.path), continued=continued)
    facts: list[Fact] = []
    last = chunk.previous
    for session in cut.sessions:
        fact = _fact(chunk, session, last)
        last = event_id(fact.identity)
        facts += commands.facts_of(chunk, session, last, fact.time)
        facts.append(fact)
    return Sessions(facts=tuple(facts), consumed=cut.consumed, last=last)


def _fact(chunk: Chunk, session: Session, after: str | None) -> Fact:
    started = session.start.reading if session.start else None
    ended = session.end.reading
    utc = bool(ended and ended.utc and (session.start is None or _is_utc(started)))
    identity = (
        "session",
        chunk.path,
        session.start.text if session.start else "",
        session.end.text,
        sha256(session.tail(chunk.data)).hexdigest(),
    )
    return Fact(
        event=_event(
            chunk.data,
            session,
            {
                "started": started.stamp if started else None,
                "ended": ended.stamp if ended else None,
                "utc": utc,
                "phase": session.phase,
                "exit_code": session.end.exit_code,
                "after": after,
            },
        ),
        identity=identity,
        time=ended.stamp if ended and utc else None,
        src=Src(path=chunk.path),
    )


def _is_utc(reading: Reading | None) -> bool:
    return reading is not None and reading.utc


def _event(data: bytes, session: Session, common: dict[str, Any]) -> Event:
    empty = session.empty(data)
    exit_code = session.end.exit_code
    if exit_code == 0 and not empty:
        return OutputPassed(**common)
    error = None
    if exit_code != 0 and exit_code not in _SIGNALS:
        error = error_of(list(_error_lines(session.own_lines(data))))
    told = _told(error)
    if session.start is None:
        # the head was cut off: frames may be missing, and half a stack is another's
        told = {"error_line": told.get("error_line")}
    return OutputFailed(**common, empty=empty, **told)


def _told(error: Error | None) -> dict[str, Any]:
    """The error's fields, scrubbed here already; the guard sees them again."""
    if error is None:
        return {}
    return {
        "error_line": None if error.line is None else line(error.line),
        "symbols": tuple(name for raw in error.symbols if (name := symbol(raw))),
        "near": tuple(name for raw in error.near if (name := symbol(raw))),
        "places": tuple(name for raw in error.places if (name := symbol(raw))),
    }


# -- stream-json ---------------------------------------------------------------


def _error_lines(lines: list[str]) -> Iterator[str]:
    """The lines in which an error may stand, JSON text decoded."""
    for written in lines:
        if not written.lstrip().startswith("{"):
            yield written
            continue
        try:
            body = msgspec.json.decode(written)
        except (msgspec.DecodeError, RecursionError):
            continue  # half a JSON line: the agent's own words, most likely
        if isinstance(body, dict) and isinstance(body.get("type"), str):
            part = PART if body["type"] == "result" else FAILED
            for told in _told_errors(body):
                yield part
                yield from told.splitlines()
                yield PART
        else:
            yield written


def _told_errors(body: dict[str, Any]) -> Iterator[str]:
    if body["type"] == "result" and body.get("is_error") is True:
        yield from texts(body.get("result"))
        yield from texts(body.get("errors"))
    if body["type"] == "user":
        for block in map(table, rows(table(body.get("message")).get("content"))):
            if block.get("type") == "tool_result" and block.get("is_error") is True:
                yield from texts(block.get("content"))


SESSIONS = Source(
    name="sessions",
    globs=("logs/autonomy-*.log",),
    mode=Mode.SESSIONS,
    read_chunk=_read,
)
