"""Facts packed for a snapshot: as bytes that decode in a few strides.

A slice of facts is one msgpack array: their rows (`Recorded` without its event),
the kinds of event among them, the kind of each row, and each kind's events as a
list.  So a slice takes one call for the rows and one for each kind, where the log's
lines take two each.

Promise: what `unpack` gives equals what went into `pack`, and equal facts give
equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lokid.events import EVENT_TYPES, Event, Recorded


class _Slice(msgspec.Struct, array_like=True):
    rows: list[Recorded]
    kinds: list[str | None]
    kind: bytes
    events: list[msgspec.Raw]


_encode = msgspec.msgpack.Encoder().encode
_slice = msgspec.msgpack.Decoder(_Slice)
_events: dict[str | None, msgspec.msgpack.Decoder[list[Event]]] = {
    name: msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]  # one decoder for each class
    for name, kind in EVENT_TYPES.items()
}


def pack(facts: Sequence[Recorded]) -> bytes:
    """Raises MsgspecError, ValueError or OverflowError for what msgpack has not."""
    events: dict[str | None, list[Event]] = {}
    places: dict[str | None, int] = {}
    kind = bytearray()
    for one in facts:
        name = None if one.event is None else one.type
        kind.append(places.setdefault(name, len(places)))
        told = events.setdefault(name, [])
        if one.event is not None:
            told.append(one.event)
    rows = [(r.seq, r.id, r.time, r.at, r.type, None, r.src, r.crc) for r in facts]
    return _encode((rows, list(events), bytes(kind), list(events.values())))


def unpack(data: bytes) -> list[Recorded]:
    """Raises MsgspecError, ValueError or LookupError for what `pack` did not make."""
    packed = _slice.decode(data)
    events = [
        _events[name].decode(told) if name else []
        for name, told in zip(packed.kinds, packed.events, strict=True)
    ]
    taken = [iter(told) for told in events]
    for recorded, number in zip(packed.rows, packed.kind, strict=True):
        event = next(taken[number], None)
        # nobody has seen it yet, so it is still ours to finish
        msgspec.structs.force_setattr(recorded, "event", event)
    return packed.rows
