"""What was acknowledged of one log, held against what the log holds later."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import msgspec

from disk_writers import Heard


class Truth(msgspec.Struct, kw_only=True):
    """What was acknowledged of one log, over all its writers."""

    acked: int = 0
    seen: int = 0
    opens: int = 0
    lost: int = 0
    doubled: int = 0

    def judge(self, heard: Heard, where: str) -> Iterator[str]:
        """Hold what a log held against what was acknowledged before; say misses."""
        self.opens += bool(heard.held)
        if heard.ended not in (0, -signal.SIGKILL):
            yield f"{where}: exit {heard.ended} {heard.error}: {heard.message}"
        for held in heard.held:
            for word, found, wanted in (
                ("statements", held.held, self.acked),
                ("source files", held.files, self.seen),
            ):
                lost = wanted - sum(
                    max(0, min(last, wanted) - first + 1) for first, last in found
                )
                if lost:
                    self.lost += lost
                    yield f"{where}: {lost} of {wanted} acknowledged {word} are lost"
            if held.doubled:
                self.doubled += len(held.doubled)
                yield f"{where}: {held.doubled} are there more than once"
            if held.damages:
                yield f"{where}: the log is damaged in {held.damages} places"
        self.acked = max(self.acked, heard.acked)
        self.seen = max(self.seen, heard.seen)
