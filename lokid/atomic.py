"""Files that are there whole or not at all, also after a power cut.

The order is the promise: write under a temporary name, fsync the file, rename,
fsync the directory.  A failed fsync is never tried again, here or by a caller:
the kernel may drop the pages and call the next one a success (measured).  It
raises StorageError; every other failure passes through as OSError, so that the
caller can tell a full disk from a broken one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from lokid.errors import StorageError

TEMPORARY = ".tmp"
"""Ending of a file that is not there yet; what a crash leaves may be deleted."""


def write_file(path: Path, chunks: Iterable[bytes] = (), *, mark: str = "") -> None:
    """Write a file (0600) so that a crash leaves the old one or the new one.

    ``mark`` sets the temporary name apart, for who holds no lock and so may not be
    alone in writing this file.
    Raises StorageError when an fsync fails, OSError for the rest; a failure
    before the rename leaves nothing behind.
    """
    temporary = path.with_name(path.name + mark + TEMPORARY)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    fd = os.open(temporary, flags, 0o600)
    try:
        try:
            for chunk in chunks:
                write_all(fd, chunk)
            fsync(fd, path)
        finally:
            os.close(fd)
        temporary.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    fsync_dir(path.parent)


def write_all(fd: int, data: bytes, slice_bytes: int = 1024 * 1024) -> None:
    """Write all of ``data`` in slices, going on after short writes."""
    view = memoryview(data)
    done = 0
    while done < len(view):
        done += os.write(fd, view[done : done + slice_bytes])


def make_directory(path: Path) -> None:
    """Make a directory and its missing parents, 0700 each, durably.

    An empty one may have been left by somebody who died before its name was
    durable; whoever puts something into one has made it so before.
    """
    if path.is_dir() and any(path.iterdir()):
        return
    make_directory(path.parent)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not path.is_dir():
            raise
    fsync_dir(path.parent)


def fsync_dir(path: Path) -> None:
    """Make the names in a directory durable; StorageError when that fails."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fsync(fd, path)
    finally:
        os.close(fd)


def fsync(fd: int, path: Path) -> None:
    """Make an open file durable; StorageError when that fails, never retried."""
    try:
        os.fsync(fd)
    except OSError as error:
        message = f"cannot make {path} durable: {error.strerror}"
        raise StorageError(message) from error
