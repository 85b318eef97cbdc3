"""Which daemon holds a log's lock, whether it answers or not.

Not by a pid in a file, which may be old, but by the kernel's word: the process
that listens on the workspace's socket, is of our user, and has ``LOCK`` open and
locked.  Where the system does not say (no ``/proc``), nobody is named.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import closing
from pathlib import Path

from lokid.errors import DaemonMissing
from lokid.paths import Workspace

_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid
_CONNECT_SECONDS = 1.0


def holder(place: Workspace) -> int | None:
    """The pid of the daemon of ours that holds the lock; None when there is none."""
    pid = _listening(place)
    return pid if pid is not None and _locks(pid, place.log / "LOCK") else None


def hanging(place: Workspace, missing: DaemonMissing) -> int | None:
    """The pid of a daemon that was asked, holds the lock and did not answer in time."""
    return holder(place) if isinstance(missing.__cause__, TimeoutError) else None


def _listening(place: Workspace) -> int | None:
    """Who listens on the socket of a workspace: a process of our user, or None."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    try:
        path = place.socket_file.read_bytes().rstrip(b"\n")
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as link:
            link.settimeout(_CONNECT_SECONDS)
            link.connect(path)
            raw = link.getsockopt(socket.SOL_SOCKET, option, _PEER.size)
    except (OSError, ValueError):
        return None
    pid, uid, _ = _PEER.unpack(raw)
    return pid if pid > 0 and uid == os.getuid() else None


def _locks(pid: int, path: Path) -> bool:
    """Whether a process has this very file open, with a lock on it."""
    root = Path("/proc") / str(pid)
    try:
        wanted = path.stat()
        numbers = [one.name for one in (root / "fd").iterdir()]
    except OSError:
        return False
    return any(_is_lock(root, number, wanted) for number in numbers)


def _is_lock(root: Path, number: str, wanted: os.stat_result) -> bool:
    try:
        seen = (root / "fd" / number).stat()
        if (seen.st_dev, seen.st_ino) != (wanted.st_dev, wanted.st_ino):
            return False
        return "FLOCK" in (root / "fdinfo" / number).read_text("ascii", "replace")
    except OSError:
        return False  # closed meanwhile
