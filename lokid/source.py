"""What a source is: one kind of watched file, and which facts it tells.

A source is a pure reader.  ``ingest`` finds the files, opens them safely,
decodes them and decides what is new; the source turns one reading into facts.
It never looks at another file, a clock or the log, and it never interprets:
which iteration a fact belongs to is decided at fold time.

A new source is one new file in ``lokid/sources/`` and one line in its
``SOURCES`` tuple.  The order of that tuple is the order of the scan: effects
before causes (episodes, crashes, ``events.jsonl``, logs last), so that nothing
seen lacks its cause.

Modes, and what ``read`` receives:

=========== ============================== ======================================
mode        for                            ``read`` receives
=========== ============================== ======================================
DOCUMENT    a file written once            `Document`; once per content
TAIL        a file that only grows         `TailLine` for each complete line
LINES       a list that is trimmed         `TextLine` for each line of the file
SESSIONS    a log whose head is cut off    `Chunk`: all that was not consumed yet
STATE       a value that is overwritten    `Document`, or None when it is gone
TABLE       many values, overwritten whole `Document`; gives one event for each
=========== ============================== ======================================

``read`` returns facts (for SESSIONS also how far it consumed).  It raises
`SourceError` for a reading that is complete but not of its shape; that becomes
one ``source.rejected`` and everything else goes on.  Any other exception is a
bug and is treated alike, so that one file can never stop the rest.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from lokid.events import Event, Fact


class Mode(enum.Enum):
    """How a file changes, hence how it is read again."""

    DOCUMENT = "document"
    TAIL = "tail"
    LINES = "lines"
    SESSIONS = "sessions"
    STATE = "state"
    TABLE = "table"


class SourceError(Exception):
    """A reading that is not of the source's shape; the text is the reason token."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One complete file.  ``path`` is relative to ``.loki``, with ``/``.

    ``body`` is the decoded JSON object, or {} for text sources, whose content
    is ``text`` (decoded UTF-8, as it stands).
    """

    path: str
    sha256: str
    body: dict[str, Any]
    text: str = ""


class TailLine(msgspec.Struct, frozen=True, kw_only=True):
    """One complete line of a growing ndjson file, decoded as an object."""

    path: str
    generation: str
    offset: int
    body: dict[str, Any]
    digest: str


class TextLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a trimmed list, without its newline."""

    path: str
    text: str


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a log from ``offset`` on, to its end at the time of reading.

    ``previous`` is the id of the last session read from this file before
    ``offset`` (None at its beginning): the new first session comes after it.
    """

    path: str
    data: bytes
    offset: int
    previous: str | None


class Sessions(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk told.

    Facts in file order, the bytes done with (a boundary from which the next
    chunk starts), and the id of the last session.
    """

    facts: tuple[Fact, ...]
    consumed: int
    last: str | None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file.

    ``globs`` are relative to ``.loki``; ``*`` and ``?`` match within one path
    component only.  ``apart``: file names that a glob means but that are not of
    this source (a diff beside a verdict); they are never opened.  ``json``
    False: a text file (`Document.text`).  A STATE source returns exactly one
    event for a reading (its value), or None for a value that says nothing.  A
    TABLE source returns an event for each row, whose id `lokid.ingest.index`
    knows, and ``read_gone`` says that a row is there no more.
    """

    name: str
    globs: tuple[str, ...]
    mode: Mode
    apart: tuple[str, ...] = ()
    read_document: Callable[[Document], Iterable[Fact]] | None = None
    read_line: Callable[[TailLine], Iterable[Fact]] | None = None
    read_text: Callable[[TextLine], Iterable[Fact]] | None = None
    read_chunk: Callable[[Chunk], Sessions] | None = None
    read_state: Callable[[str, Document | None], Event | None] | None = None
    read_rows: Callable[[Document], Iterable[Event]] | None = None
    read_gone: Callable[[str], Event] | None = None
    json: bool = True
