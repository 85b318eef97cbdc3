"""Why a file is not read, and what the system's errors mean for one."""

from __future__ import annotations

import errno

_REASONS = {
    errno.ELOOP: "symlink",
    errno.ENOTDIR: "symlink",
    errno.EACCES: "unreadable",
    errno.EPERM: "unreadable",
    errno.EIO: "unreadable",
    errno.ENXIO: "not_regular",
    errno.ENODEV: "not_regular",
}


ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE})
"""Errors of a folder that is not there, or no folder (any more)."""
STARVED = frozenset({errno.EMFILE, errno.ENFILE})
"""Errors of a process, or a machine, that has no handle left."""


class Refused(Exception):
    """A path that is not read, with the reason token of ``source.rejected``."""

    def __init__(self, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.size = size


class Vanished(Exception):
    """The file was there when listed and is gone now; no event."""


class Unfinished(Exception):
    """The document is not complete yet; ``reason`` if it stays so."""

    def __init__(self, reason: str, size: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.size = size


def refusal(error: OSError) -> Exception:
    """What an error of opening or reading a file comes to."""
    if error.errno in {errno.ENOENT, errno.ESTALE}:
        return Vanished()
    return Refused(_REASONS.get(error.errno or 0, "unreadable"))
