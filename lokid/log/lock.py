"""One writer: ``LOCK``, held by flock for the life of a `Log`.

The file is never unlinked (a second one of the same name would be a second
lock).  The pid in it is a hint for people; only the lock itself decides.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from lokid.errors import StorageError, WriterExists

_PAUSE = 0.01  # seconds between two tries


def take_lock(directory: Path, wait: float) -> int:
    """The open, locked file; closing it releases the lock.

    Raises WriterExists when another process holds it for ``wait`` seconds, and
    StorageError when it cannot be opened.
    """
    path = directory / "LOCK"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"cannot open {path}: {error.strerror}"
        raise StorageError(message) from error
    try:
        _acquire(fd, directory, wait)
    except BaseException:
        os.close(fd)
        raise
    with contextlib.suppress(OSError):
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
    return fd


def _acquire(fd: int, directory: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                who = os.pread(fd, 20, 0).strip().decode("ascii", "replace")
                message = f"process {who or '?'} writes the log in {directory}"
                raise WriterExists(message) from error
        except OSError as error:
            message = f"cannot lock the log in {directory}: {error.strerror}"
            raise StorageError(message) from error
        else:
            return
        time.sleep(_PAUSE)  # flock has no wait with an end
