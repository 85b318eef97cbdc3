"""Stop a daemon, for `down` and `demo`: it is asked, and ended where it hangs.

One that is asked ends by itself, with all it saw on disk.  One that neither
answers nor lets go of the log's lock is ended by a signal: SIGTERM, then SIGKILL;
what it acknowledged is on disk all the same.  A signal goes only to the daemon of
ours that holds the lock by the kernel's word (``lokid/holder.py``).
"""

from __future__ import annotations

import os
import signal
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lokid.client import Client
from lokid.errors import DaemonMissing, ProtocolMismatch, WriterExists
from lokid.holder import holder
from lokid.log.lock import take_lock
from lokid.paths import Workspace

DOWN_SECONDS = 10.0
"""How long `down` waits for a daemon that was asked to end."""
NOBODY_SECONDS = 2.0
"""How long it waits for a lock whose holder answers no question."""
SIGNALS = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))
"""What a daemon that hangs is ended with, and how long each is waited for."""
_LOCK_STEP = 0.5


class Ending(NamedTuple):
    """Whether a daemon was there and ended; by which signal, where it hung.

    ``swept``: a dead one had left its socket.
    """

    stopped: bool
    pid: int | None = None
    forced: str | None = None
    swept: bool = False


def stop(place: Workspace) -> Ending:
    """End the daemon and wait until it is gone.

    One that is just starting is asked again.  Raises WriterExists when something
    keeps the log's lock all the same.
    """
    begun = time.monotonic()
    asked = False
    while True:
        try:
            Client(place).shutdown()
            asked = True
        except ProtocolMismatch:
            asked = True  # a daemon of another version understood that much
        except DaemonMissing:
            pass
        if not place.log.is_dir():
            return Ending(asked)
        try:
            lock = take_lock(place.log, _LOCK_STEP)
        except WriterExists as held:
            patience = DOWN_SECONDS if asked else NOBODY_SECONDS
            if time.monotonic() - begun >= patience:
                return _forced(place, held)
        else:
            swept = _sweep(place)
            os.close(lock)
            return Ending(asked, swept=swept)


def _forced(place: Workspace, held: WriterExists) -> Ending:
    """End a daemon that hangs; raises WriterExists where the holder is none."""
    pid = holder(place)
    if pid is None:
        hint = "it is no daemon that hangs: wait until it has ended, or end it yourself"
        raise WriterExists(held.message, hint)
    try:
        handle = os.pidfd_open(pid)  # from here on the pid means this process alone
    except ProcessLookupError:
        return Ending(stopped=True, pid=pid)
    try:
        if holder(place) != pid:
            raise held
        for number, patience in SIGNALS:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
            if _let_go(place, patience):
                return Ending(stopped=True, pid=pid, forced=number.name)
    finally:
        os.close(handle)
    message = f"the daemon (pid {pid}) does not end, though it was killed"
    raise WriterExists(message, "it waits for the disk: see the system's own messages")


def _let_go(place: Workspace, patience: float) -> bool:
    try:
        lock = take_lock(place.log, patience)
    except WriterExists:
        return False
    _sweep(place)
    os.close(lock)
    return True


def _sweep(place: Workspace) -> bool:
    """Remove the socket of a dead daemon; who calls this holds the log's lock."""
    told = place.socket_file
    try:
        path = Path(os.fsdecode(told.read_bytes().rstrip(b"\n")))
        seen = path.lstat() if place.id.endswith(path.stem[-12:]) else None
    except (OSError, ValueError):
        seen = None
    with suppress(OSError):
        if seen and stat.S_ISSOCK(seen.st_mode) and seen.st_uid == os.getuid():
            path.unlink()
    try:
        told.unlink()
    except OSError:
        return False
    return True
