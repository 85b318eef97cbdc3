"""Watching is a hint: something changed, look.  The only use of watchfiles.

watchfiles loses files without an error (its queue overflows, a folder is made
and filled at once, a watched folder is replaced) and one name that is not UTF-8
makes every later call fail.  So a change only wakes the scan, which finds out;
and whatever is in doubt wakes it too: new watches, lost ones, any exception.

* Known folders are watched one by one, not recursively, so that a folder that
  is a symbolic link out of the workspace is never followed.  Of the workspace's
  own folder only ``.loki`` counts.
* The watches are set anew when the folders, or what lies under their names, are
  others than those that were watched (`Watch.check`), and when a watched folder
  itself is told of: made again under its name it may get the number of the one
  that was deleted, and looks the same then.
* `Watch.run` ends with its ``stop``, and for no other reason.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import aclosing, suppress

from watchfiles import Change, awatch

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
POLL_DELAY_MS = 2000
LONGEST_STEP_MS = 1000
"""watchfiles cannot be woken within a step, so the daemon's end waits for one."""
MANY = 2000
"""Changes at once that may be what is left of more: the kernel's queue is bounded."""

Places = frozenset[tuple[str, int, int]]
"""What is watched: path, device, inode."""


class Watch:
    """Watches what ``paths`` gives and calls ``wake``, both in the event loop.

    ``mode`` and ``reason`` are for ``status``: ``notify`` (the kernel tells),
    ``poll`` (it refused, so its folders are compared every two seconds), or
    ``none`` (only scans find out), and why it is not ``notify``.
    """

    def __init__(
        self, paths: Callable[[], list[str]], wake: Callable[[], None], step_ms: int
    ) -> None:
        """The first of ``paths`` is the workspace; ``step_ms``: see settings."""
        self.mode = "none"
        self.reason: str | None = "starting"
        self._paths = paths
        self._wake = wake
        self._step = min(step_ms, LONGEST_STEP_MS)
        self._watched: Places = frozenset()
        self._changed = asyncio.Event()
        self._flag: _Flag | None = None
        self._polling = False

    def told(self) -> dict[str, object]:
        """The ``watch`` part of ``status``."""
        return {"mode": self.mode, "reason": self.reason}

    def check(self) -> None:
        """Set the watches anew if others are due; call it after each scan."""
        if _places(self._paths()) != self._watched:
            self._again()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop``."""
        ending = asyncio.create_task(stop.wait())
        ending.add_done_callback(lambda _task: self._again())
        pause = FIRST_PAUSE
        try:
            while not stop.is_set():
                self._changed.clear()
                self._watched = _places(self._paths())
                try:
                    if self._watched:
                        await self._follow()
                        self._polling, pause = False, FIRST_PAUSE
                        continue
                    self._say("none", "the workspace is not there")
                except Exception as error:  # noqa: BLE001  it must never stop
                    if self._failed(error):  # else it would be blind ever longer
                        pause = FIRST_PAUSE
                self._wake()
                await self._rest(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            ending.cancel()

    async def _follow(self) -> None:
        """Watch until `check` or the end; raises whatever watchfiles meets."""
        self._flag = _Flag(self._armed, asyncio.get_running_loop())
        root = self._paths()[0]

        def counts(_change: Change, path: str) -> bool:
            folder, name = os.path.split(path)
            return folder != root or name == ".loki"

        batches = awatch(
            *sorted(path for path, _, _ in self._watched),
            watch_filter=counts,
            debounce=self._step,
            step=self._step,
            rust_timeout=0,  # a timeout may drop what came in meanwhile
            stop_event=self._flag,
            recursive=False,
            force_polling=self._polling,
            poll_delay_ms=POLL_DELAY_MS,
            ignore_permission_denied=False,  # True hides that no watches are left
        )
        folders = {path for path, _, _ in self._watched}
        async with aclosing(batches):
            async for changes in batches:
                if not self._polling and _is_doubtful(changes, folders):
                    self._again()
                self._wake()

    def _armed(self) -> None:
        """The watches stand: what came before them needs a look."""
        if self._polling:
            self.mode = "poll"
        else:
            self._say("notify", None)
        self._wake()

    def _failed(self, error: Exception) -> bool:
        """Say so; where the kernel gives no watches, compare instead.

        Gives whether the watches stood: what fails then comes as a group, also
        before the flag was looked at.
        """
        stood = self._flag is not None and not self._flag.unseen
        cause = error
        if isinstance(error, ExceptionGroup):
            stood, cause = True, error.exceptions[0]
        self._say("none", f"{type(cause).__name__}: {cause}")
        gone = isinstance(error, FileNotFoundError)  # a folder, in this moment
        self._polling = not (stood or gone or self._polling)
        return stood

    def _say(self, mode: str, reason: str | None) -> None:
        self.mode, self.reason = mode, reason

    def _again(self) -> None:
        self._changed.set()
        if self._flag is not None:
            self._flag.set()

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)


class _Flag:
    """The stop event that watchfiles looks at every step, from its own thread.

    Its first look tells that the watches stand.
    """

    def __init__(
        self, armed: Callable[[], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._armed: Callable[[], None] | None = armed
        self._loop = loop
        self._set = False

    @property
    def unseen(self) -> bool:
        """Whether the watches never stood."""
        return self._armed is not None

    def is_set(self) -> bool:
        armed, self._armed = self._armed, None
        if armed is not None and not self._set:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(armed)
        return self._set

    def set(self) -> None:
        self._set = True


def _is_doubtful(changes: set[tuple[Change, str]], folders: set[str]) -> bool:
    """Whether a watch may be blind after this: a folder came or went, or too much."""
    came_or_went = {path for change, path in changes if change is not Change.modified}
    return len(changes) >= MANY or not folders.isdisjoint(came_or_went)


def _places(paths: list[str]) -> Places:
    found = set()
    for path in paths:
        with suppress(OSError):
            seen = os.lstat(path)
            if stat.S_ISDIR(seen.st_mode) and os.access(path, os.R_OK):
                found.add((path, seen.st_dev, seen.st_ino))
    return frozenset(found)
