"""Facts from what a source was given: identity and place, by mode.

The identities are the design's (section 4): a document by path and content, a
tail's line by generation, offset and digest, a list's line by its text.
"""

from __future__ import annotations

from lokid.events import Event, Fact, Src
from lokid.source import Document, TailLine, TextLine


def of_document(
    source: str,
    document: Document,
    event: Event,
    time: str | None = None,
    identity: tuple[str | int, ...] | None = None,
) -> Fact:
    """A document's fact; ``identity`` where its content may change."""
    return Fact(
        event=event,
        identity=identity or (source, document.path, document.sha256),
        time=time,
        src=Src(path=document.path, sha256=document.sha256),
    )


def of_tail(line: TailLine, event: Event, time: str | None = None) -> Fact:
    """The fact of one line of a growing file."""
    return Fact(
        event=event,
        identity=("tail", line.path, line.generation, line.offset, line.digest),
        time=time,
        src=Src(path=line.path, generation=line.generation, offset=line.offset),
    )


def of_line(
    source: str,
    line: TextLine,
    event: Event,
    time: str | None = None,
    identity: tuple[str | int, ...] | None = None,
) -> Fact:
    """The fact of one line of a trimmed list."""
    return Fact(
        event=event,
        identity=identity or (source, line.path, line.text),
        time=time,
        src=Src(path=line.path),
    )
