"""What is kept beside the log so that the next start is quick: hints, snapshots.

None of it is truth.  It is written only after the log is durable up to the
position it names, and whatever cannot be written costs time, never an answer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from lokid import snapshot
from lokid.errors import LokidError, StorageError
from lokid.events import Recorded
from lokid.ingest.hints import Hints
from lokid.log import Mark
from lokid.memory import Memory
from lokid.opening import Opened, Remark
from lokid.paths import Workspace

SHARE = 4
"""A daemon's log grows by at least one part in so many between two snapshots."""
_FACT_SECONDS, _FILE_SECONDS = 5e-6, 0.05
"""What saving takes at the very most, on a slow machine: each fact, and the disk."""


class Taken(NamedTuple):
    """What a snapshot is made of; nothing in it changes any more."""

    mark: Mark
    facts: Sequence[Recorded]


class Keeper:
    """See the module; for the thread that writes, but for `keep`."""

    def __init__(
        self, workspace: Workspace, memory: Memory, opened: Opened, remark: Remark
    ) -> None:
        """``opened`` goes on changing; each save takes it as it is then."""
        self.facts = opened.facts
        self._workspace = workspace
        self._memory = memory
        self._log = opened.log
        self._hints = opened.hints
        self._remark = remark
        self._kept = opened.kept
        self._changed = not opened.hints  # all is read once more: save what comes of it
        self._begin = self._log.mark().entered[:1]

    def appended(self, recorded: Sequence[Recorded]) -> None:
        """The log grew by these, which are folded."""
        self.facts.extend(recorded)
        self._changed = True

    def begin_anew(self, facts: list[Recorded]) -> None:
        """The log was compacted: these are its facts, and no snapshot holds them."""
        self.facts = facts
        self._kept = 0
        self._changed = True
        self._begin = self._log.mark().entered[:1]

    # -- hints ------------------------------------------------------------

    def save_hints(self) -> None:
        """Save how far files were read, after making the log durable so far.

        Raises StorageError when the log cannot be made durable.
        """
        if not self._changed:
            return
        hints = Hints(self._hints)
        seq, crc = self._memory.views.position()
        self._changed = False
        self._log.sync(seq)
        self._log.save_watermark()
        hints.save(self._workspace.cache / "seen", seq, crc)

    # -- snapshots --------------------------------------------------------

    @property
    def is_due(self) -> bool:
        """Whether the log of a daemon grew enough for another snapshot."""
        least = self._memory.settings.snapshot_events
        return self._grown >= max(least, self._kept // SHARE)

    def take(self) -> Taken | None:
        """All that there is now, made durable.  Raises StorageError.

        None while a compaction goes on (the log begins anew, our facts not yet),
        and where the last segment is empty: then no line stands at the mark.
        """
        mark = self._log.mark()
        if mark.entered[:1] != self._begin or not mark.offset:
            return None
        self._kept = len(self.facts)
        return Taken(mark, tuple(self.facts))

    def keep(self, taken: Taken | None) -> None:
        """Write a snapshot; any thread, one at a time.  What fails is remarked."""
        if taken is None:
            return
        code = snapshot.code_of(self._memory.views.all())
        try:
            snapshot.save(self._workspace.snapshots, code, taken.mark, taken.facts)
        except snapshot.FAILURES as error:
            self._remark(f"no snapshot at event {taken.mark.seq}: {error}")

    def close(self) -> None:
        """Save what the next start is quicker with, as far as there is time."""
        with suppress(StorageError):
            self.save_hints()
        if self._grown < self._memory.settings.snapshot_close_events:
            return
        ends, cost = self._memory.ends, _FILE_SECONDS + _FACT_SECONDS * len(self.facts)
        if ends is None or time.monotonic() + cost < ends:
            with suppress(LokidError):
                self.keep(self.take())

    @property
    def _grown(self) -> int:
        return len(self.facts) - self._kept


def forget(workspace: Workspace) -> None:
    """Delete what is kept beside the log: it is made again, and costs only time.

    After the log was changed otherwise than by appending.  Raises OSError.
    """
    (workspace.cache / "seen").unlink(missing_ok=True)
    if workspace.snapshots.is_dir():
        for file in workspace.snapshots.iterdir():
            file.unlink(missing_ok=True)
