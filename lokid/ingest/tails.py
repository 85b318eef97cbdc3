"""Files that grow: ndjson tails and logs, read on from where reading stopped.

The offset is a hint with an anchor, the hash of the bytes just before it.  When
they are others, the file was rotated, trimmed or written anew: reading starts
over, and the keys recognise what was read before.  A rotated sibling
(``events.jsonl.1``) is read first, so that its rest is not lost.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lokid.events import Src
from lokid.ingest.files import Signature
from lokid.ingest.hints import Hint
from lokid.ingest.reading import Reading, digest
from lokid.ingest.refusals import Refused, Vanished
from lokid.source import Chunk, SourceError, TailLine

ANCHOR = 256
"""Bytes before an offset whose hash shows that the file is still the same."""
SLICE = 8 << 20
"""Bytes of a growing file that are held in memory at once.

What is longer without a boundary (a session, a line) is passed over but for its
end: such a session is known by its end marker alone, such a line not at all.
"""
KEPT = 64 << 10


class OutOfTime(Exception):
    """The scan's time is up in the midst of a file; the next one goes on there."""


def read_sessions(reading: Reading) -> Signature:
    """Read a log on; raise Refused and Vanished like the tree does."""
    hint = reading.hint
    if not _is_same(reading, hint):
        _start_over(hint)
    assert reading.source.read_chunk is not None  # noqa: S101  a mode's promise
    while True:
        data, signature = reading.tree.peek(reading.path, SLICE, hint.offset)
        told = reading.source.read_chunk(
            Chunk(
                path=reading.path,
                data=data,
                offset=hint.offset,
                previous=hint.previous,
            )
        )
        reading.tell(told.facts)
        hint.previous = told.last
        consumed = told.consumed
        if len(data) == SLICE and not consumed:
            consumed = SLICE - KEPT
        _advance(reading, hint, data[:consumed])
        if len(data) < SLICE:
            return signature
        if reading.late():
            raise OutOfTime


def read_tail(reading: Reading) -> Signature:
    """Read an ndjson file on, and first what was rotated away from it."""
    hint = reading.hint
    if not _is_same(reading, hint):
        _read_rotated(reading, hint)
        _start_over(hint)
    elif hint.generation is None:
        _read_rotated(reading, hint)
    return _read_lines(reading, reading.path, hint)


def read_rest(reading: Reading) -> None:
    """The last lines of a file that was rotated away, where none took its place yet.

    Raises Refused and Vanished like the tree does, OutOfTime.
    """
    hint = reading.hint
    for path, generation in _siblings(reading):
        if generation == hint.generation:
            followed = Hint(
                generation=generation, offset=hint.offset, anchor=hint.anchor
            )
            _read_lines(reading, path, followed)
            hint.offset, hint.anchor = followed.offset, followed.anchor
            return


def _read_lines(reading: Reading, path: str, hint: Hint) -> Signature:
    while True:
        data, signature = reading.tree.peek(path, SLICE, hint.offset)
        complete = data[: data.rfind(b"\n") + 1]
        if hint.generation is None and complete:
            hint.generation = digest(complete[: complete.index(b"\n")])
        offset = hint.offset
        for raw in complete.split(b"\n")[:-1]:
            _tell_line(reading, hint.generation or "", offset, raw)
            offset += len(raw) + 1
        _advance(reading, hint, complete)
        if len(data) < SLICE:
            return signature
        if not complete:
            _advance(reading, hint, data)
        if reading.late():
            raise OutOfTime


def _tell_line(reading: Reading, generation: str, offset: int, raw: bytes) -> None:
    if not raw.strip():
        return
    src = Src(path=reading.path, generation=generation, offset=offset)
    mark = digest(raw)
    identity = f"{generation}:{offset}:{mark}"
    reason = None
    body: object = None
    if len(raw) > reading.limit:
        reason = "too_large"
    else:
        try:
            body = msgspec.json.decode(raw)
        except UnicodeDecodeError:
            reason = "not_utf8"
        except (msgspec.DecodeError, RecursionError, ValueError):
            reason = "invalid_json"
    if reason is None and not isinstance(body, dict):
        reason = "not_object"
    if isinstance(body, dict) and reason is None:
        line = TailLine(
            path=reading.path,
            generation=generation,
            offset=offset,
            body=body,
            digest=mark,
        )
        assert reading.source.read_line is not None  # noqa: S101  a mode's promise
        try:
            reading.tell(reading.source.read_line(line))
        except SourceError as error:
            reason = str(error)
    if reason is not None:
        reading.reject(reason, identity, len(raw), src)


def _read_rotated(reading: Reading, hint: Hint) -> None:
    """The siblings' lines: of the one that we followed the rest, of others all.

    Another one may have begun and been rotated away since the last scan.  The folder
    is listed anew: it may have been rotated since this scan listed it.
    """
    for path, generation in _siblings(reading):
        offset = hint.offset if generation == hint.generation else 0
        _read_lines(reading, path, Hint(generation=generation, offset=offset))


def _siblings(reading: Reading) -> Iterator[tuple[str, str]]:
    """What was rotated away: path and generation of each."""
    reading.tree.list_anew(reading.path)
    for entry in reading.tree.matching(reading.path + ".*"):
        if entry.refused or entry.path.endswith((".lock", ".tmp")):
            continue
        first, _ = reading.tree.peek(entry.path, reading.limit, 0)
        end = first.find(b"\n")
        if end >= 0:
            yield entry.path, digest(first[:end])


def _is_same(reading: Reading, hint: Hint) -> bool:
    if not hint.offset:
        return True
    start = max(0, hint.offset - ANCHOR)
    try:
        before, _ = reading.tree.peek(reading.path, hint.offset - start, start)
    except (Refused, Vanished):
        return False
    return digest(before) == hint.anchor


def _start_over(hint: Hint) -> None:
    hint.generation, hint.offset, hint.anchor, hint.previous = None, 0, None, None


def _advance(reading: Reading, hint: Hint, consumed: bytes) -> None:
    if not consumed:
        return
    hint.offset += len(consumed)
    anchored = consumed[-ANCHOR:]
    if len(consumed) < min(ANCHOR, hint.offset):
        start = max(0, hint.offset - ANCHOR)
        anchored, _ = reading.tree.peek(reading.path, hint.offset - start, start)
    hint.anchor = digest(anchored)
