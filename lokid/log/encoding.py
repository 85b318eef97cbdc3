"""From facts to the lines that an append writes, and to what reading gives later."""

from __future__ import annotations

from collections.abc import Sequence

from lokid import codec
from lokid.errors import EventRefused
from lokid.events import Fact, LogCompacted, Recorded


def encoded(
    facts: Sequence[tuple[str, Fact]], seq: int, crc: bytes, at: str
) -> tuple[list[bytes], list[Recorded]]:
    """The lines of (id, fact) pairs behind event ``seq``, and what they read back as.

    ``crc`` is the checksum of that event's line.  Raises EventRefused when one of
    them fits no line or may not be appended.
    """
    lines: list[bytes] = []
    recorded: list[Recorded] = []
    for number, (key, fact) in enumerate(facts, seq + 1):
        line = codec.encode_line(number, crc, key, fact, at)
        crc = codec.crc_of(line)
        lines.append(line)
        recorded.append(_read_back(line, fact))
    return lines, recorded


def _read_back(line: bytes, fact: Fact) -> Recorded:
    """What a later read gives; EventRefused when that is not an event."""
    recorded = codec.decode_line(line)
    if isinstance(recorded.event, LogCompacted):
        message = f"{fact.event.TYPE} begins a log; it is never appended"
        raise EventRefused(message)
    if recorded.event is None:
        message = f"an event {fact.event.TYPE} ({recorded.id}) would not read back"
        raise EventRefused(message)
    return recorded
