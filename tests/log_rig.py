"""Samples for tests of the log: facts, filled logs, any event there can be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from lokid.events import (
    EVENTS,
    Event,
    Fact,
    IterationStarted,
    LogCompacted,
    Recorded,
    Src,
)
from lokid.log import Log, LogReader, event_id
from lokid.log.segment import segment_names

AT = "2026-02-03T04:05:06.789Z"
SMALL = 1000
"""Bytes of a segment that holds a few sample lines."""


def pair(number: int) -> tuple[str, Fact]:
    """A small fact, told apart by its number, with its id."""
    identity = ("sample", number)
    fact = Fact(event=IterationStarted(iteration=number), identity=identity)
    return event_id(identity), fact


def pairs(first: int, last: int) -> list[tuple[str, Fact]]:
    """Facts from ``first`` to ``last``."""
    return [pair(number) for number in range(first, last + 1)]


def filled(
    directory: Path, last: int, segment_bytes: int = 8 * 1024 * 1024
) -> list[Recorded]:
    """The log of a killed writer: events 1 to ``last``, one append each."""
    log = Log.open(directory, segment_bytes=segment_bytes)
    for number in range(1, last + 1):
        log.append([pair(number)], AT)
    recorded = list(log.read())
    log.close()
    forget_the_close(directory)
    return recorded


def forget_the_close(directory: Path) -> None:
    """Make a closed log look like one whose writer was killed."""
    (directory / "watermark").unlink()


def served(directory: Path) -> list[Recorded]:
    """What a reader without the lock gets."""
    return list(LogReader(directory).read())


def sample(directory: Path) -> list[Recorded]:
    """A log of five segments, several lines in the last."""
    recorded = filled(directory, 20, SMALL)
    assert 5 == len(segments(directory))
    assert 3 <= len(line_offsets(segments(directory)[-1]))
    return recorded


def segments(directory: Path) -> list[Path]:
    """The log's files, oldest first."""
    return [directory / name for name in segment_names(directory)]


def contents(paths: Sequence[Path]) -> dict[str, bytes]:
    """What files hold, by name."""
    return {path.name: path.read_bytes() for path in paths}


def line_offsets(segment: Path) -> list[int]:
    """Where the lines of a segment begin."""
    offsets = [0]
    for line in segment.read_bytes().splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    return offsets[:-1]


def flip(path: Path, offset: int, mask: int = 1) -> None:
    """Change bits of one byte of a file."""
    data = bytearray(path.read_bytes())
    data[offset] ^= mask
    path.write_bytes(data)


_PLAIN: dict[type[inspect.Type], st.SearchStrategy[object]] = {
    inspect.StrType: st.text(max_size=20),
    inspect.BoolType: st.booleans(),
    inspect.IntType: st.integers(),
    inspect.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    inspect.NoneType: st.none(),
}


def _values(kind: inspect.Type) -> st.SearchStrategy[object]:
    match kind:
        case inspect.Metadata():
            return _values(kind.type)
        case inspect.UnionType():
            return st.one_of([_values(each) for each in kind.types])
        case inspect.StructType():
            return _structs(kind.cls)
        case inspect.VarTupleType():
            return st.lists(_values(kind.item_type), max_size=3).map(tuple)
        case inspect.DictType():
            keys, values = _values(kind.key_type), _values(kind.value_type)
            return st.dictionaries(keys, values, max_size=3)
    return _PLAIN[type(kind)]  # a kind that is not there needs a strategy


def resealed(line: bytes) -> bytes:
    """A changed line under the checksum that it should then carry."""
    body = line[16:-1]
    return b'{"c":"%08x",%s\n' % (crc32(body), body)


def _structs(cls: type) -> st.SearchStrategy[object]:
    fields = {
        field.encode_name: _values(inspect.type_info(field.type))
        for field in msgspec.structs.fields(cls)
    }
    return st.builds(cls, **fields)


def _events(cls: type[Event]) -> st.SearchStrategy[Event]:
    return _structs(cls).map(lambda made: msgspec.convert(made, cls))


any_event = st.one_of([_events(cls) for cls in EVENTS if cls is not LogCompacted])
"""Any event that may be appended."""
any_src = _structs(Src).map(lambda made: msgspec.convert(made, Src))
