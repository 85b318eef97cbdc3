"""One line of the log: from a fact to its bytes, from bytes to `Recorded`.

The byte format is the docstring of ``lokid/log/__init__.py``; this module is
the only place that knows it.

Promises:

* A line is ASCII, ends in one LF, and is at most `LINE_BYTES` long, LF included.
* Its checksum stands at a fixed offset, so it is checked before any parsing.
* An event type that this version does not know, a newer version of a known
  type, and data that no longer fits its type all decode to ``event=None``: the
  line is kept and skipped.

Refuses (`EventRefused`, nothing written): an event that would be longer than a
line, or that JSON cannot hold.
"""

from __future__ import annotations

import re
from typing import Final
from zlib import crc32

import msgspec

from lokid.errors import EventRefused, LogDamaged, StorageError
from lokid.events import EVENT_TYPES, Event, Fact, Recorded, Src

LINE_BYTES: Final = 64 * 1024
"""Longest line, LF included.  Measured: the kernel did not tear one write of
64 KiB when its writer was killed, and a reader's memory stays flat."""

FORMAT: Final = 1
"""``v`` of every line this version writes, and the only one it reads."""

NO_CRC: Final = b"00000000"
"""``p`` of the very first line."""

_BODY: Final = 16  # where the bytes that ``c`` covers begin: after {"c":"xxxxxxxx",
_CRC: Final = slice(6, 14)
_ID: Final = b'"id":"'
_TYPE: Final = b',"type":"'
_TIME: Final = b',"time":"'
_AT: Final = b',"at":"'
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are not what they should be."""
_NOT_ASCII: Final = re.compile("[^\x00-\x7f]")


class _Written(msgspec.Struct, kw_only=True):
    """The envelope without ``c``, in the order of the line."""

    v: int
    seq: int
    p: str
    id: str
    time: str
    at: str
    type: str
    tv: int
    src: Src
    data: Event


class _Envelope(msgspec.Struct, kw_only=True):
    """The envelope as it is read; ``data`` waits until its type is known."""

    c: str
    seq: int
    id: str
    time: str
    at: str
    type: str
    tv: int
    src: Src
    data: msgspec.Raw


class Head(msgspec.Struct, kw_only=True):
    """What recovery needs of a line."""

    v: int
    seq: int
    p: str
    type: str


_encoder = msgspec.json.Encoder()
_envelope = msgspec.json.Decoder(_Envelope)
_head = msgspec.json.Decoder(Head)
_data: dict[tuple[str, int], msgspec.json.Decoder[Event]] = {
    (name, event.VERSION): msgspec.json.Decoder(event)
    for name, event in EVENT_TYPES.items()
}


def encode_line(seq: int, previous: bytes, key: str, fact: Fact, at: str) -> bytes:
    """The line of ``fact`` as event ``seq``, LF included.

    ``previous`` is the ``c`` of the line before, ``key`` the event's id, ``at``
    the time of appending.  Raises EventRefused when the line would be too long or
    the event does not go into JSON.
    """
    event = fact.event
    written = _Written(
        v=FORMAT,
        seq=seq,
        p=previous.decode("ascii"),
        id=key,
        time=fact.time or at,
        at=at,
        type=event.TYPE,
        tv=event.VERSION,
        src=fact.src,
        data=event,
    )
    try:
        body = _encoder.encode(written)[1:]
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        message = f"an event {event.TYPE} ({key}) does not go into JSON: {error}"
        raise EventRefused(message) from error
    body = _ascii(body)
    line = b'{"c":"%08x",%s\n' % (crc32(body), body)
    if len(line) > LINE_BYTES:
        message = (
            f"an event {event.TYPE} ({key}) takes {len(line)} bytes;"
            f" a line of the log holds {LINE_BYTES}"
        )
        raise EventRefused(message)
    return line


def rehead(line: bytes, seq: int, previous: bytes) -> bytes:
    """An intact line under another seq and chain, LF included; all else stays.

    Raises EventRefused when the longer number makes it longer than a line, and
    LogDamaged when it is no envelope at all.
    """
    at = line.find(_ID)
    if at < 0:
        message = f"a line of the log is no envelope: it has no {_ID.decode()}"
        raise LogDamaged(message)
    rest = line[at:].rstrip(b"\n")
    body = b'"v":%d,"seq":%d,"p":"%s",%s' % (FORMAT, seq, previous, rest)
    again = b'{"c":"%08x",%s\n' % (crc32(body), body)
    if len(again) > LINE_BYTES:
        message = f"event {seq} would take {len(again)} bytes under its new number"
        raise EventRefused(message)
    return again


def decode_line(line: bytes) -> Recorded:
    """The line, with or without its LF; its checksum is the caller's to check.

    Raises LogDamaged when it is no envelope at all.
    """
    try:
        envelope = _envelope.decode(line)
    except _UNREADABLE as error:
        message = f"a line of the log is no envelope: {error}"
        raise LogDamaged(message) from error
    event: Event | None = None
    decoder = _data.get((envelope.type, envelope.tv))
    if decoder is not None:
        try:
            event = decoder.decode(envelope.data)
        except _UNREADABLE:
            event = None
    return Recorded(
        seq=envelope.seq,
        id=envelope.id,
        time=envelope.time,
        at=envelope.at,
        type=envelope.type,
        event=event,
        src=envelope.src,
        crc=envelope.c,
    )


def crc_of(line: bytes) -> bytes:
    """The ``c`` a line carries."""
    return line[_CRC]


def intact(line: bytes) -> bool:
    """Whether a line, without its LF, carries the checksum of its bytes."""
    body = line[_BODY:]
    return body.endswith(b"}") and line.startswith(b'{"c":"%08x",' % crc32(body))


def follows(line: bytes, seq: int, previous: bytes) -> bool:
    """Whether an intact line, without its LF, is ``seq`` right after ``previous``.

    One comparison for checksum, format, seq and chain: replay stands on it.
    """
    return count_following([line], seq - 1, previous) == 1


def count_following(lines: list[bytes], seq: int, previous: bytes) -> int:
    """How many of ``lines`` follow event ``seq`` and each other; see `follows`."""
    for count, line in enumerate(lines):
        seq += 1
        if not line.startswith(
            b'{"c":"%08x","v":1,"seq":%d,"p":"%s",'
            % (crc32(line[_BODY:]), seq, previous)
        ):
            return count
        previous = line[_CRC]
    return len(lines)


def head_of(line: bytes) -> Head:
    """Format, seq, chain and type of an intact line.

    Raises StorageError for a line of a newer format: what is intact but not
    understood must be neither served nor repaired.
    """
    try:
        head = _head.decode(line)
    except _UNREADABLE as error:
        message = f"a line of the log is intact but no envelope of ours: {error}"
        raise StorageError(message, "use the lokid that wrote this log") from error
    if head.v != FORMAT:
        message = f"the log holds lines of format {head.v}; this lokid reads {FORMAT}"
        raise StorageError(message, "use the lokid that wrote this log")
    return head


def type_of(line: bytes) -> bytes:
    """The event type of an intact line, without parsing it.

    Text before it cannot hold the mark, since JSON escapes quotes in strings.
    Raises LogDamaged when it is no envelope at all.
    """
    return _behind(line, _TYPE)


def time_of(line: bytes) -> bytes:
    """When what an intact line tells happened, without parsing it (as `type_of`)."""
    return _behind(line, _TIME)


def at_of(line: bytes) -> bytes:
    """When an intact line was appended, without parsing it (as `type_of`)."""
    return _behind(line, _AT)


def _behind(line: bytes, mark: bytes) -> bytes:
    found = line.find(mark)
    start = found + len(mark)
    end = line.find(b'"', start)
    if found < 0 or end < 0:
        message = f"a line of the log is no envelope: it has no {mark.decode()}"
        raise LogDamaged(message)
    return line[start:end]


def ascii_json(value: object) -> bytes:
    """JSON as the log writes it: compact, ASCII only."""
    return _ascii(_encoder.encode(value))


def _ascii(body: bytes) -> bytes:
    if body.isascii():
        return body
    return _NOT_ASCII.sub(_escape, body.decode("utf-8")).encode("ascii")


def _escape(found: re.Match[str]) -> str:
    """One character as JSON escapes it: one UTF-16 unit, or two."""
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
