"""How many may be connected at once, and who has to go when it is too many.

A connection costs its holder nothing, so whoever holds one without asking must
not keep out who asks.  Over the limit the connection is hung up on that has gone
longest without a whole request; where every other one is being answered, the
newest is told that there is no room (503), and its client answers by itself.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable
from typing import Protocol, TypeVar

CONNECTIONS = 640
"""The most; soft limits of 1024 open files are usual."""
SPARE_FILES = 128
"""What a daemon opens beside its connections: log, watch, a scan's folders."""
FULL = 503, f"{CONNECTIONS} connections or more are being answered"


class Connection(Protocol):
    """What is asked of a connection."""

    @property
    def waiting_since(self) -> float | None:
        """Since when it has no whole request to be answered; None: it has one."""


C = TypeVar("C", bound=Connection)


def most() -> int:
    """How many there is room for, by the limit of open files too."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return CONNECTIONS
    return max(1, min(CONNECTIONS, files - SPARE_FILES))


def longest_waiting(connections: Iterable[C]) -> C | None:
    """The one to hang up on; None where all are being answered."""
    waiting = [(one.waiting_since, one) for one in connections]
    idle = [(since, one) for since, one in waiting if since is not None]
    return min(idle, key=lambda pair: pair[0], default=(0.0, None))[1]
