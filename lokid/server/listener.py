"""The socket: bound 0600, told to clients, taken away only when still ours.

uvicorn would bind at 0666 and follow whatever lies at the path, so it gets a
socket that is bound here.  Only who holds the log's lock may call `Listener`:
that makes a socket that is already there a stale one, and its replacement safe.

The socket is bound under another name and renamed over the old one, so that a
client finds either the old or the new, and it listens before its path is told,
so that whoever reads ``<state>/socket`` can connect.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from lokid.atomic import write_file
from lokid.errors import StorageError
from lokid.paths import Workspace

BACKLOG = 2048
_PRIVATE = 0o177
_WANTING = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Landmark:
    """A file of ours by name: whether it is still the one that stood there.

    The file must be held open (a bound socket counts) by whoever asks, else its
    inode's number may be given to another one.
    """

    def __init__(self, path: Path) -> None:
        """Remember what lies at ``path``, which must exist."""
        self.path = path
        seen = path.lstat()
        self._identity = seen.st_dev, seen.st_ino

    def stands(self) -> bool:
        """Whether the same file still lies there."""
        try:
            seen = self.path.lstat()
        except OSError:
            return False
        return (seen.st_dev, seen.st_ino) == self._identity

    def remove(self) -> None:
        """Remove it, if it is still that file."""
        if self.stands():
            with suppress(OSError):
                self.path.unlink()


class Listener:
    """A bound, listening socket and the file that tells where it is."""

    def __init__(self, workspace: Workspace, path: Path) -> None:
        """Bind ``path`` and tell it.

        The umask is the process's: call this before other threads make files.
        Raises StorageError when the socket cannot be made.
        """
        self._open = ExitStack()
        self._landmarks: list[Landmark] = []
        try:
            self.socket = self._open.enter_context(_bound(path))
            self._landmarks.append(Landmark(path))
            write_file(workspace.socket_file, [os.fsencode(path) + b"\n"])
            self._open.enter_context(workspace.socket_file.open("rb"))
            self._landmarks.append(Landmark(workspace.socket_file))
        except OSError as error:
            self.close()
            message = f"cannot make the socket {path}: {error.strerror}"
            raise StorageError(message) from error

    def is_ours(self) -> bool:
        """Whether clients still find this socket."""
        return all(landmark.stands() for landmark in self._landmarks)

    def close(self) -> None:
        """Stop listening; remove what is still ours."""
        for landmark in reversed(self._landmarks):
            landmark.remove()
        self._open.close()


class _Patient(socket.socket):
    """Says once that there is no descriptor for a client, then that nobody waits.

    The event loop asks again after a second; but before that it would ask, and
    complain, `BACKLOG` times on end (measured: a fifth of a processor).
    """

    _wanting = False

    def accept(self) -> tuple[socket.socket, Any]:
        """As a socket's, else."""
        if self._wanting:
            self._wanting = False
            raise BlockingIOError
        try:
            return super().accept()
        except OSError as error:
            self._wanting = error.errno in _WANTING
            raise


def _bound(path: Path) -> socket.socket:
    made = _Patient(socket.AF_UNIX, socket.SOCK_STREAM)
    shorter = path.with_name(f"{os.getpid()}")  # the limit of 107 bytes holds
    before = os.umask(_PRIVATE)
    try:
        shorter.unlink(missing_ok=True)
        made.bind(os.fsencode(shorter))
        made.listen(BACKLOG)
        made.setblocking(False)  # noqa: FBT003  the standard library's signature
        shorter.replace(path)
    except OSError:
        made.close()
        with suppress(OSError):
            shorter.unlink()
        raise
    finally:
        os.umask(before)
    return made
