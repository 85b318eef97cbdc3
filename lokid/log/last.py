"""The last segment: the only file of a log that is written to.

Promises: what `LastSegment.write` returned from is in the file, whole; where the
disk was full nothing of it is (DiskFull).  Any other failure, and any doubt, is
poison for the log's `Commit`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from lokid import atomic
from lokid.errors import DiskFull, LokidError, StorageError
from lokid.log.commit import Commit
from lokid.log.segment import segment_name, segment_names

FULL = (errno.ENOSPC, errno.EDQUOT)


class LastSegment:
    """Open for appending; ``sealed`` are the sizes of all others by name."""

    def __init__(self, directory: Path, name: str, size: int) -> None:
        """``size`` bytes of it are the log's.  Raises OSError."""
        self.name = name
        self.size = size
        self.fd = _open_to_append(directory / name)
        self.sealed = {
            one: (directory / one).stat().st_size
            for one in segment_names(directory)
            if one != name
        }
        self._directory = directory

    def write(self, data: bytes, commit: Commit) -> None:
        """Append bytes, all or (DiskFull) none; raises StorageError."""
        try:
            atomic.write_all(self.fd, data)
        except OSError as error:
            failed = self.failed(error, commit)
            if isinstance(failed, DiskFull):
                self._roll_back(commit)
            raise failed from error
        except BaseException:
            # Interrupted in the middle: how much is in the file is not known.
            commit.poison("a write to the log was interrupted")
            raise
        self.size += len(data)

    def cut(self, seq: int, commit: Commit) -> None:
        """Seal it and begin the next, durably, before anything is in it.

        All must be durable: later damage in a sealed segment is no torn tail.
        Raises DiskFull, StorageError: the latter for good once the next one has its
        name, since what this one then took would stand before it under its numbers.
        """
        path = self._directory / segment_name(seq)
        try:
            atomic.write_file(path)
            fd = _open_to_append(path)
        except OSError as error:
            if path.exists():
                message = f"cannot go on in {path}: {error.strerror}"
                raise commit.poison(message) from error
            raise self.failed(error, commit) from error
        except StorageError as error:
            raise commit.poison(error.message) from error
        os.close(commit.switch(fd))
        self.sealed[self.name] = self.size
        self.fd, self.name, self.size = fd, path.name, 0

    def replaced(self, void: Sequence[str], made: str) -> None:
        """Sealed segments are gone, and one stands in their place."""
        for name in void:
            self.sealed.pop(name, None)
        self.sealed[made] = (self._directory / made).stat().st_size

    def failed(self, error: OSError, commit: Commit) -> LokidError:
        """DiskFull for a full disk; anything else poisons."""
        if error.errno in FULL:
            return DiskFull(f"no room for the log in {self._directory}")
        message = f"cannot write the log in {self._directory}: {error.strerror}"
        return commit.poison(message)

    def _roll_back(self, commit: Commit) -> None:
        """Take back what a full disk left of a batch."""
        try:
            os.ftruncate(self.fd, self.size)
            os.fdatasync(self.fd)
        except OSError as error:
            message = f"cannot take back a half-written batch: {error.strerror}"
            raise commit.poison(message) from error


def _open_to_append(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
