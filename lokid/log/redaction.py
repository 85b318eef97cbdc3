"""Taking a leaked text out of a log for good (decision 0016).

What was written is never changed, but for this: a person names a text that
should not be there, and every string of every line that holds it gets
`REPLACEMENT` in its place.  Numbers, times, ids and order stay, so that nothing
is read or counted again.

In this order, so that a crash leaves each segment as it was or redacted, and
never an unexplained break: the last segment is sealed if it holds the text; one
``log.redacted`` a segment is made durable; then each segment is rewritten whole
(``atomic.py``).  Lines that do not verify keep their length: what they hold of
the text becomes ``x``.

Refuses: a text shorter than `SHORTEST` (it would hit what nobody means), a log
that somebody else writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from lokid import atomic, codec
from lokid.errors import UsageError
from lokid.events import Fact, LogRedacted
from lokid.log.keys import event_id
from lokid.log.reader import LogReader
from lokid.log.segment import pieces, segment_names
from lokid.log.writer import Log

SHORTEST = 4
REPLACEMENT = "redacted"


class Redacted(NamedTuple):
    """A segment without the text: how many of its lines were changed."""

    segment: str
    lines: int


class _Segment(NamedTuple):
    name: str
    content: list[bytes]
    old: bytes
    new: bytes
    lines: int


def occurrences(directory: Path, text: str) -> dict[str, int]:
    """How many lines of each segment hold a text; segments without it left out.

    Raises UsageError for a text that is too short, StorageError.
    """
    _check(text)
    found = {
        name: sum(
            _clean_piece(piece, text) is not None
            for _, piece in pieces(directory, name)
        )
        for name in segment_names(directory)
    }
    return {name: count for name, count in found.items() if count}


def redact(log: Log, directory: Path, text: str, at: str) -> list[Redacted]:
    """Take a text out of every line of an open log; durable on return.

    ``at`` is the present.  The log must be opened anew to be read.  Raises
    UsageError, EventRefused, OSError, StorageError.
    """
    held = occurrences(directory, text)
    if held and max(held) == segment_names(directory)[-1]:
        log.seal()
    done = [_without(directory, name, text) for name in sorted(held)]
    facts = [_told(one) for one in done if one.old != one.new]
    pairs = [(event_id(fact.identity), fact) for fact in facts]
    said = _said(directory)  # by one that a crash ended before it was done
    log.append([pair for pair in pairs if pair[0] not in said], at)
    log.sync()
    for one in done:
        atomic.write_file(directory / one.name, one.content)
    return [Redacted(one.name, one.lines) for one in done]


def blank(path: Path, text: str) -> bool:
    """Overwrite a text in a file that is no log (``torn/``); whether it was there.

    Raises OSError, StorageError.
    """
    data = path.read_bytes()
    changed = _blanked(data, text)
    if changed == data:
        return False
    atomic.write_file(path, [changed])
    return True


def _check(text: str) -> None:
    if len(text) < SHORTEST:
        message = f"a text to redact has at least {SHORTEST} characters"
        raise UsageError(message, "it would be taken out wherever it stands")


def _told(one: _Segment) -> Fact:
    event = LogRedacted(
        segment=one.name, old=one.old.decode(), new=one.new.decode(), lines=one.lines
    )
    return Fact(event=event, identity=(event.TYPE, event.segment, event.old, event.new))


def _said(directory: Path) -> set[str]:
    """The ids of the redactions that a log tells already."""
    lines = LogReader(directory).lines(types=frozenset({LogRedacted.TYPE}))
    return {codec.decode_line(line).id for line in lines}


def _without(directory: Path, name: str, text: str) -> _Segment:
    """A segment's new lines, chained anew behind the first that changed."""
    content: list[bytes] = []
    before: bytes | None = None  # the new checksum of an intact line before
    old = new = codec.NO_CRC
    changed = 0
    for _, piece in pieces(directory, name):
        clean = _clean_piece(piece, text)
        changed += clean is not None
        if not _is_whole(piece):
            content.append(clean or piece)
            before = None
            continue
        head = codec.head_of(piece)
        chain = head.p.encode("ascii", "replace")
        if before is not None and chain == old:
            chain = before
        old = codec.crc_of(piece)
        content.append(codec.rehead(clean or piece, head.seq, chain))
        before = new = codec.crc_of(content[-1])
    return _Segment(name, content, old, new, changed)


def _clean_piece(piece: bytes, text: str) -> bytes | None:
    """A line without the text, its checksum void; None when it does not hold it.

    Our own ``log.*`` lines name segments and checksums, which must stay.
    """
    if not any(shape in piece for shape in _shapes(text)):
        return None
    if not _is_whole(piece):
        return _blanked(piece, text)
    if codec.type_of(piece).startswith(b"log."):
        return None
    told: dict[str, Any] = msgspec.json.decode(piece)
    clean = {**told, **{key: _replaced(told[key], text) for key in ("src", "data")}}
    return None if clean == told else codec.ascii_json(clean)


def _is_whole(piece: bytes) -> bool:
    return piece.endswith(b"\n") and codec.intact(piece[:-1])


def _replaced(value: Any, text: str) -> Any:  # noqa: ANN401  whatever JSON holds
    if isinstance(value, str):
        return value.replace(text, REPLACEMENT)
    if isinstance(value, list):
        return [_replaced(one, text) for one in value]
    if isinstance(value, dict):
        return {
            key.replace(text, REPLACEMENT): _replaced(one, text)
            for key, one in value.items()
        }
    return value


def _blanked(data: bytes, text: str) -> bytes:
    for shape in _shapes(text):
        data = data.replace(shape, b"x" * len(shape))
    return data


def _shapes(text: str) -> Iterator[bytes]:
    """A text as bytes, and as JSON writes it."""
    yield codec.ascii_json(text)[1:-1]
    yield text.encode("utf-8", "surrogatepass")
