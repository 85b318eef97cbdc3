"""Places up to which all was durable: the record of a close, and marks.

``log/watermark`` is one JSON line (segment, offset, seq, c, and a checksum ``k``
over them), written whole (``atomic.py``) when the log is closed and now and then
before.  It decides what a bad end of the log is: behind it a tear, before it rot
(decision 0016).  Missing or damaged it costs only that knowledge, so reading it
never fails.

A `Mark` says the same and how to go on from there without reading what lies
before; a snapshot carries one.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from zlib import crc32

import msgspec

from lokid import atomic, codec
from lokid.errors import StorageError
from lokid.log.segment import open_segment, pread
from lokid.log.walk import Damage, Place

NAME = "watermark"
_LOOK = codec.LINE_BYTES


class Watermark(msgspec.Struct, frozen=True):
    """``offset`` in ``segment`` behind the line ``seq``, whose checksum is ``c``."""

    segment: str
    offset: int
    seq: int
    c: str


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A durable place, and what a walk to it found on its way.

    ``sizes`` are the bytes of all earlier segments by name: where one of them
    differs, the log is read from its beginning instead.
    """

    segment: str
    offset: int
    seq: int
    c: str
    sizes: dict[str, int]
    entered: list[Place]
    damages: list[Damage]
    repaired: int

    @property
    def place(self) -> Place:
        """Where a walk goes on."""
        return Place(self.segment, self.offset, self.seq, self.c.encode())


def read(directory: Path) -> Watermark | None:
    """The watermark of a log; None where there is none that can be believed.

    Raises StorageError when it is there and cannot be read: without it rot would be
    taken for a tear.
    """
    path = directory / NAME
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None  # nothing that we wrote
        told = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (FileNotFoundError, msgspec.MsgspecError, RecursionError):
        return None
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise StorageError(message) from error
    return told.mark if told.k == _check(told.mark) else None


def write(directory: Path, mark: Watermark) -> None:
    """Keep it; all up to it must be durable.  Raises OSError, StorageError."""
    kept = _Kept(k=_check(mark), mark=mark)
    atomic.write_file(directory / NAME, [msgspec.json.encode(kept) + b"\n"])


def holds(directory: Path, names: list[str], mark: Mark) -> bool:
    """Whether the log with these segments is still the one that was marked.

    Its earlier segments have their sizes, and the line that ends at the mark is
    intact and the same.
    """
    before = [name for name in names if name < mark.segment]
    if mark.segment not in names or before != sorted(mark.sizes):
        return False
    try:
        if any((directory / one).stat().st_size != mark.sizes[one] for one in before):
            return False
        return mark.offset > 0 and _ends(directory, mark)
    except (OSError, StorageError):
        return False


def _ends(directory: Path, mark: Mark) -> bool:
    start = max(0, mark.offset - _LOOK)
    fd = open_segment(directory, mark.segment)
    try:
        data = pread(fd, mark.offset - start, start)
    finally:
        os.close(fd)
    *_, line, rest = (b"\n" + data).split(b"\n")
    whole = not rest and len(data) == mark.offset - start and codec.intact(line)
    return whole and (codec.crc_of(line), codec.head_of(line).seq) == (
        mark.c.encode(),
        mark.seq,
    )


class _Kept(msgspec.Struct):
    k: str
    mark: Watermark


def _check(mark: Watermark) -> str:
    return f"{crc32(msgspec.json.encode(mark)):08x}"
