"""Every path lokid uses, as one value per workspace.

The rule where things lie is ``lokid/where.py``; this adds names below the state
directory and the choice of the socket's path.  lokid writes nothing in the
user's tree.

The state directory::

    log/          segments of the event log, and LOCK
    torn/         own log bytes that were set aside
    snapshots/    what a start would else fold anew; deleting them costs time
    cache/        hints that cost time when deleted, never truth
    socket        the path of the daemon's socket: clients read only this
    workspace.json  which workspace this is, for people and for adoption
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lokid import atomic, where
from lokid.errors import DiskFull, StorageError

CARD = "workspace.json"
_PARTS = frozenset({"log", "torn", "snapshots", "cache", "socket", "daemon.log", CARD})
"""What a state directory holds, any of it, however far it was made."""
_PRIVATE = 0o700
SOCKET_BYTES = 107
"""Longest path a Unix socket takes on Linux (measured: 107 works, 108 fails)."""


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace and its state directory; both paths are real paths."""

    root: Path
    state: Path
    id: str

    @property
    def loki(self) -> Path:
        """The harness's state, which lokid only reads."""
        return self.root / ".loki"

    @property
    def log(self) -> Path:
        """Directory of the log's segments."""
        return self.state / "log"

    @property
    def cache(self) -> Path:
        """Directory of hints."""
        return self.state / "cache"

    @property
    def snapshots(self) -> Path:
        """Directory of snapshots: what a start would else fold anew."""
        return self.state / "snapshots"

    @property
    def torn(self) -> Path:
        """Directory of own log bytes that were set aside."""
        return self.state / "torn"

    @property
    def socket_file(self) -> Path:
        """The file that tells clients where the socket is."""
        return self.state / "socket"

    @property
    def daemon_log(self) -> Path:
        """What a daemon in the background says."""
        return self.state / "daemon.log"

    def create(self) -> None:
        """Make the state directory, 0700, and its card, durably.

        One that is there already is held to that.  Raises DiskFull or StorageError
        when it cannot be made, or may not be used (`check`).
        """
        try:
            atomic.make_directory(self.state)
            self.check()
            if stat.S_IMODE(self.state.stat().st_mode) != _PRIVATE:
                self.state.chmod(0o700)
            card = self.state / CARD
            if not card.exists():
                told = msgspec.json.encode({"root": str(self.root), "id": self.id})
                atomic.write_file(card, [told + b"\n"], mark=f".{os.getpid()}")
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                message = f"no room for the state directory {self.state}"
                raise DiskFull(message) from error
            message = f"cannot make the state directory {self.state}: {error.strerror}"
            raise StorageError(message) from error

    def check(self) -> None:
        """Raise StorageError for a state directory that somebody else may have made.

        A symbolic link, a directory of another user, or one that others could
        write and did: what lies there would be told as our own memory.  So would
        the memory of another workspace; and a directory of other things is not ours
        to close and to fill.
        """
        try:
            seen = self.state.lstat()
        except OSError:
            return  # there is none
        ours = {os.getuid()}
        if not stat.S_ISDIR(seen.st_mode):
            reason = "is a symbolic link" if self.state.is_symlink() else "is a file"
        elif seen.st_uid not in ours:
            reason = "is of another user"
        elif stat.S_IMODE(seen.st_mode) & 0o022 and _owners(self.state) - ours:
            reason = "could be written by others, and holds something of theirs"
        else:
            self._check_content()
            return
        message = f"the state directory {self.state} {reason}"
        raise StorageError(message, "set LOKID_STATE_DIR to a directory of yours")

    def _check_content(self) -> None:
        """Raise StorageError where another workspace's state lies, or no state."""
        other = _root_of(self.state / CARD)
        if other is not None and other != str(self.root):
            message = f"the state directory {self.state} is that of {other}"
            hint = (
                f"give each its own LOKID_STATE_DIR; if it was moved, rm {CARD} there"
            )
            raise StorageError(message, hint)
        held = _names(self.state)
        if held and held.isdisjoint(_PARTS):
            message = f"the state directory {self.state} holds {min(held)}, not ours"
            hint = "set LOKID_STATE_DIR to a directory for this workspace alone"
            raise StorageError(message, hint)


def _root_of(card: Path) -> str | None:
    """The workspace that a state directory says it is of."""
    try:
        told = msgspec.json.decode(card.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None
    root = told.get("root") if isinstance(told, dict) else None
    return root if isinstance(root, str) else None


def _names(folder: Path) -> set[str]:
    """What lies in a folder, but for what somebody of ours is writing just now."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  names, no paths
    except OSError:
        return set()
    return {one for one in names if not one.endswith(atomic.TEMPORARY)}


def find_workspace(option: str | None, environ: Mapping[str, str]) -> Workspace:
    """The workspace that an option and an environment mean.

    Raises StorageError for a state directory that may not be used.
    """
    root = where.workspace_root(option, environ)
    found = Workspace(
        root=Path(root),
        state=Path(where.state_dir(root, environ)),
        id=where.workspace_id(root),
    )
    found.check()
    return found


def choose_socket(workspace: Workspace, environ: Mapping[str, str]) -> Path:
    """A path for the daemon's socket, short enough and in a directory of ours.

    ``$XDG_RUNTIME_DIR/lokid/`` when that directory exists, else the state
    directory; where that is too long for a socket, a short directory of our own
    (0700, owned by us).  Raises StorageError when none will do.
    """
    for folder in _socket_folders(workspace, environ):
        path = folder / f"{workspace.id}.sock"
        if len(os.fsencode(path)) > SOCKET_BYTES:
            path = folder / f"{workspace.id[-12:]}.sock"
        if len(os.fsencode(path)) <= SOCKET_BYTES and _own_private(folder):
            return path
    message = f"no directory is short enough for the socket of {workspace.root}"
    raise StorageError(message, "set XDG_RUNTIME_DIR to a short directory of yours")


def _owners(folder: Path) -> set[int]:
    """Whose files lie in a folder; nobody's where it cannot be read."""
    try:
        return {one.lstat().st_uid for one in folder.iterdir()}
    except OSError:
        return set()


def _socket_folders(workspace: Workspace, environ: Mapping[str, str]) -> list[Path]:
    folders = []
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        folders.append(Path(runtime) / "lokid")
    folders.append(workspace.state)
    folders.append(Path("/tmp") / f"lokid-{os.getuid()}")  # noqa: S108  checked below
    return folders


def _own_private(folder: Path) -> bool:
    """Make a folder and hold it to: a real directory, ours, 0700."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        seen = folder.lstat()
    except OSError:
        return False
    ours = stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid()
    return ours and not stat.S_IMODE(seen.st_mode) & 0o077
