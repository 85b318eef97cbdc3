"""What was set aside in ``torn/``: own bytes of the log that a repair took out.

They are evidence for a person, not needed by anything, so they may take `MOST`
bytes and no more: beyond that the oldest are deleted, never the newest.
"""

from __future__ import annotations

from contextlib import suppress

from lokid.paths import Workspace

MOST = 64 << 20
"""Bytes that lie there at the most, but for the newest file."""


def tidy(workspace: Workspace) -> None:
    """Delete the oldest of what lies there beyond the limit."""
    with suppress(OSError):  # what cannot be deleted now is so the next time
        held = [(one.stat(), one) for one in workspace.torn.iterdir()]
        held.sort(key=lambda pair: pair[0].st_mtime_ns, reverse=True)
        size = 0
        for place, (found, file) in enumerate(held):
            size += found.st_size
            if place and size > MOST:
                file.unlink()
