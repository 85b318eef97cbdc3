"""What a daemon says of its own bugs: each once, on standard error.

A bug that every request or every scan meets would otherwise fill the daemon's
log, or a pipe that nobody reads, on which the daemon would then hang.  So would the
event loop, which tells anew each second that there are no file descriptors left.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from typing import Any

MOST = 100
"""After so many different ones the rest is silence; they are one bug by then."""


class Complaints:
    """Tells each bug once; any thread."""

    def __init__(self) -> None:
        """Nothing told yet."""
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def tell(self, error: BaseException) -> None:
        """Print the traceback of an error that was not told before."""
        last = traceback.extract_tb(error.__traceback__)[-1:]
        if self._is_new(f"{type(error).__name__} {last}"):
            traceback.print_exception(error, file=sys.stderr)

    def of_loop(
        self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]
    ) -> None:
        """The event loop's exception handler: what the system lacks is no bug."""
        error = context.get("exception")
        if isinstance(error, OSError):
            if self._is_new(text := f"{context['message']}: {error.strerror}"):
                print(f"lokid: {text}", file=sys.stderr, flush=True)  # noqa: T201  its log
        elif error is not None and not _is_late(error, context["message"]):
            self.tell(error)

    def _is_new(self, what: str) -> bool:
        with self._lock:
            new = what not in self._told and len(self._told) < MOST
            self._told |= {what} if new else set()
            return new


def _is_late(error: BaseException, message: str) -> bool:
    """Whether the loop only wanted to accept again on a socket closed meanwhile."""
    return isinstance(error, ValueError) and "_start_serving" in message
