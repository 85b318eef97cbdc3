"""What a scan comes to, and where it takes what it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from lokid.events import Fact


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan did.

    ``complete``: everything was looked at in time.  ``pending``: documents that
    are being written.  ``unreadable``: what is there but may not be read.
    ``starved``: some of that for want of handles.  ``gave_way``: it ended in the
    midst, since somebody waits for another that begins after it.
    """

    complete: bool
    pending: tuple[str, ...]
    unreadable: tuple[str, ...] = ()
    starved: bool = False
    gave_way: bool = False
    appended: int
    seconds: float


GivesWay = Callable[[], bool]
"""Whether a scan that nobody waits for should end: asked at each file."""

UNSEEN = Scan(complete=False, pending=(), appended=0, seconds=0.0)
"""That of who could not look at all."""


class Corridor(Protocol):
    """Where facts go: the pipeline, or an import that only looks first."""

    @property
    def rejected(self) -> dict[str, int]:
        """Rejections by source."""

    def propose(self, source: str, fact: Fact) -> None:
        """Take a fact if it is new."""

    def flush(self) -> int:
        """Append what waits; how many facts it was."""


class SourceStatus(msgspec.Struct, kw_only=True):
    """One row of ``status``: files seen at the last scan, and what is open."""

    name: str
    files: int = 0
    pending: int = 0
    rejected: int = 0
