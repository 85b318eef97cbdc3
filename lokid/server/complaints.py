"""What a daemon says of its own bugs: each once, on standard error.

A bug that every request or every scan meets would otherwise fill the daemon's
log, or a pipe that nobody reads, on which the daemon would then hang.
"""

from __future__ import annotations

import sys
import threading
import traceback

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
        place = f"{type(error).__name__} {last}"
        with self._lock:
            if place in self._told or len(self._told) >= MOST:
                return
            self._told.add(place)
        traceback.print_exception(error, file=sys.stderr)
