"""A write that failed, as an error that names where it was.

What goes through ``atomic.py`` may fail with an OSError that names no file.  For
whoever cannot go on, this makes it one that a person can act on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lokid.errors import DiskFull, StorageError
from lokid.log.last import FULL


@contextmanager
def written(path: Path, hint: str) -> Iterator[None]:
    """A block that writes ``path``: DiskFull where that is full, else StorageError.

    ``hint`` says what to do about a full disk.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            message = f"no room for {path}"
            raise DiskFull(message, hint) from error
        message = f"cannot write {path}: {error.strerror}"
        raise StorageError(
            message, f"check the disk and the rights of {path.parent}"
        ) from error
