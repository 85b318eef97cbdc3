"""Group commit: threads that wait for the disk share one fdatasync.

Measured: a durable append costs the same for one event and for a thousand.  The
first waiter becomes the leader and syncs all that is written by then; whoever
comes meanwhile waits for it, and the next of them leads the next round.

Any failure of fdatasync, and any doubt about it, poisons for ever: the kernel
may have dropped the pages and would call the next one a success.
"""

from __future__ import annotations

import os
import threading

from lokid.errors import StorageError, UsageError


class Commit:
    """What is written and what of it is durable; ``sync`` from any thread."""

    def __init__(self, fd: int, seq: int) -> None:
        """``fd`` of the last segment, durable up to ``seq``."""
        self._turn = threading.Condition()
        self._fd = fd
        self._written = seq
        self._synced = seq
        self._leading = False
        self._poison = ""

    @property
    def synced(self) -> int:
        """The seq up to which all is durable."""
        return self._synced

    @property
    def poisoned(self) -> bool:
        """Whether an error ended all writing."""
        return bool(self._poison)

    def check(self) -> None:
        """Raise StorageError once poisoned."""
        if self._poison:
            raise StorageError(self._poison)

    def poison(self, reason: str) -> StorageError:
        """End all writing for ever; the first reason stays.  Returns the error."""
        with self._turn:
            self._poison = self._poison or reason
            self._turn.notify_all()
        return StorageError(self._poison)

    def wrote(self, seq: int) -> None:
        """All up to ``seq`` is written (the appending thread's word)."""
        with self._turn:
            self._written = seq

    def switch(self, fd: int) -> int:
        """Go on in another segment; returns the old one.  All must be synced.

        No fdatasync can be under way then: a leader leads only for what is not
        synced yet.
        """
        with self._turn:
            old, self._fd = self._fd, fd
            return old

    def sync(self, seq: int | None = None) -> None:
        """Wait until all up to ``seq`` (all written, by default) is durable."""
        with self._turn:
            target = self._written if seq is None else seq
            if target > self._written:
                message = f"event {target} is not in the log yet"
                raise UsageError(message)
            while True:
                self.check()
                if self._synced >= target:
                    return
                if not self._leading:
                    break
                self._turn.wait()
            self._leading = True
            fd, goal = self._fd, self._written
        self._lead(fd, goal)

    def _lead(self, fd: int, goal: int) -> None:
        reason = "it was interrupted"
        try:
            os.fdatasync(fd)
            reason = ""
        except OSError as error:
            reason = error.strerror or type(error).__name__
        finally:
            with self._turn:
                self._leading = False
                if reason:
                    self._poison = self._poison or (
                        f"the log could not be made durable: {reason};"
                        f" nothing after event {self._synced} is acknowledged"
                    )
                else:
                    self._synced = goal
                self._turn.notify_all()
        self.check()
