"""Small hands for tests of sources: readings as ingest would hand them over."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from lokid.events import Event, Fact
from lokid.source import Chunk, Document, Sessions, Source, TailLine, TextLine


def document(path: str, body: dict[str, Any] | str) -> Document:
    """A complete document, JSON or text."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Document(
        path=path,
        sha256=sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        body={} if isinstance(body, str) else body,
        text=text,
    )


def read_document(source: Source, path: str, body: dict[str, Any] | str) -> list[Fact]:
    """The facts of one document."""
    assert source.read_document is not None
    return list(source.read_document(document(path, body)))


def read_line(source: Source, body: dict[str, Any], offset: int = 0) -> list[Fact]:
    """The facts of one line of a growing file."""
    assert source.read_line is not None
    line = TailLine(
        path=source.globs[0], generation="0a", offset=offset, body=body, digest="0b"
    )
    return list(source.read_line(line))


def read_text(source: Source, text: str, path: str | None = None) -> list[Fact]:
    """The facts of one line of a trimmed list."""
    assert source.read_text is not None
    line = TextLine(path=path or source.globs[0], text=text)
    return list(source.read_text(line))


def read_rows(source: Source, path: str, body: dict[str, Any]) -> list[Event]:
    """The rows of a table."""
    assert source.read_rows is not None
    return list(source.read_rows(document(path, body)))


def read_state(
    source: Source, path: str, body: dict[str, Any] | str | None
) -> Event | None:
    """The value of a file that is overwritten, or of its absence."""
    assert source.read_state is not None
    return source.read_state(path, None if body is None else document(path, body))


def read_chunk(
    source: Source,
    data: bytes,
    offset: int = 0,
    previous: str | None = None,
    path: str = "logs/autonomy-20260301.log",
) -> Sessions:
    """The sessions of a piece of log."""
    assert source.read_chunk is not None
    return source.read_chunk(
        Chunk(path=path, data=data, offset=offset, previous=previous)
    )
