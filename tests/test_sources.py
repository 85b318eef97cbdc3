"""The tuple of sources: its order, and what each of them is."""

from __future__ import annotations

import re

import pytest

from lokid.redact import token
from lokid.source import Mode, Source
from lokid.sources import SOURCES

READERS = {
    Mode.DOCUMENT: "read_document",
    Mode.TAIL: "read_line",
    Mode.LINES: "read_text",
    Mode.SESSIONS: "read_chunk",
    Mode.STATE: "read_state",
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_source_reads_by_its_mode_and_by_nothing_else(source: Source) -> None:
    """Exactly the reader of its mode is there, and its name fits in an event."""
    present = {name for name in READERS.values() if getattr(source, name)}
    assert {READERS[source.mode]} == present
    assert source.name == token(source.name)


def test_names_and_files_are_not_shared() -> None:
    """One file belongs to one source."""
    names = [source.name for source in SOURCES]
    globs = [pattern for source in SOURCES for pattern in source.globs]
    assert len(names) == len(set(names))
    assert len(globs) == len(set(globs))
    assert not [pattern for pattern in globs if re.match(r"/|\.\.|.*\*\*", pattern)]


def test_effects_are_read_before_their_causes() -> None:
    """What is seen must not lack its cause, which was written before it."""
    order = [source.name for source in SOURCES]
    assert order.index("episodes") < order.index("crashes") < order.index("events")
    assert order.index("council_transcripts") < order.index("events")
    assert order.index("trust_events") < order.index("events")
    assert "sessions" == order[-1]
