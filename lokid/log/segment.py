"""Segments: the files of the log, their names and their raw pieces.

Knows names and newlines, nothing of what a line says.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lokid import codec
from lokid.codec import LINE_BYTES
from lokid.errors import StorageError

CHUNK: Final = 256 * 1024
"""How much is read at once: memory stays flat (measured: 64 to 256 KiB)."""

_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NAME: Final = re.compile(r"\d{20}\.ndjson")


def segment_name(seq: int) -> str:
    """The file name of the segment whose first line is ``seq``."""
    return f"{seq:020d}.ndjson"


def segment_seq(name: str) -> int:
    """The seq of the first line of a segment, by its name."""
    return int(name[:20])


def segment_names(directory: Path) -> list[str]:
    """Names of all segments, oldest first; none when there is no directory."""
    try:
        return sorted(filter(_NAME.fullmatch, os.listdir(directory)))  # noqa: PTH208  names alone, at each poll
    except FileNotFoundError:
        return []
    except OSError as error:
        message = f"cannot read the log in {directory}: {error.strerror}"
        raise StorageError(message) from error


class SegmentGone(StorageError):
    """A segment was there when the names were listed, and is not any more."""


def open_segment(directory: Path, name: str) -> int:
    """Open a segment for reading; raises SegmentGone, StorageError."""
    try:
        fd = os.open(directory / name, _READ)
    except FileNotFoundError as error:
        message = f"segment {name} in {directory} is gone"
        raise SegmentGone(message) from error
    except OSError as error:
        message = f"cannot read segment {name} in {directory}: {error.strerror}"
        raise StorageError(message) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        message = f"segment {name} in {directory} is no file"
        raise StorageError(message)
    return fd


def pread(fd: int, length: int, offset: int) -> bytes:
    """At most ``length`` bytes from an offset; raises StorageError."""
    try:
        return os.pread(fd, length, offset)
    except OSError as error:
        message = f"cannot read the log: {error.strerror}"
        raise StorageError(message) from error


def blocks(fd: int, offset: int) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) from ``offset`` to the end, cut behind a newline.

    Only the last block may end without one, and a stretch without any newline
    that is longer than a line can be: that is rot, and is handed on in parts.
    Raises StorageError when reading fails.
    """
    rest = b""
    while True:
        chunk = pread(fd, CHUNK, offset + len(rest))
        if not chunk:
            break
        data = rest + chunk
        cut = data.rfind(b"\n") + 1
        if not cut and len(data) > LINE_BYTES:
            cut = len(data)
        rest = data[cut:]
        if cut:
            yield offset, data[:cut]
            offset += cut
    if rest:
        yield offset, rest


def pieces(directory: Path, name: str, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) of each line of a segment, LF included where there is one."""
    fd = open_segment(directory, name)
    try:
        for start, block in blocks(fd, offset):
            at = start
            while at < start + len(block):
                end = block.find(b"\n", at - start) + 1 or len(block)
                yield at, block[at - start : end]
                at = start + end
    finally:
        os.close(fd)


def contents(
    directory: Path, name: str, begin: int, end: int | None = None
) -> Iterator[bytes]:
    """The bytes of a segment from ``begin`` on, up to ``end`` or to its end.

    Raises StorageError.
    """
    fd = open_segment(directory, name)
    try:
        while end is None or begin < end:
            wanted = CHUNK if end is None else min(CHUNK, end - begin)
            chunk = pread(fd, wanted, begin)
            if not chunk:
                return
            yield chunk
            begin += len(chunk)
    finally:
        os.close(fd)


def first_line(directory: Path, name: str) -> bytes:
    """The first line of a segment without its LF; empty unless whole and intact.

    Raises SegmentGone, StorageError.
    """
    fd = open_segment(directory, name)
    try:
        data = pread(fd, LINE_BYTES, 0)
    finally:
        os.close(fd)
    line, end, _ = data.partition(b"\n")
    return line if end and codec.intact(line) else b""
