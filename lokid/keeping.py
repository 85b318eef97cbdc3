"""What is kept beside the log so that the next start is quick: hints.

None of it is truth.  It is written only after the log is durable up to the
position it names, and whatever cannot be written costs time, never an answer.
"""

from __future__ import annotations

from lokid.ingest.hints import Hints
from lokid.log import Log
from lokid.memory import Memory
from lokid.paths import Workspace


class Keeper:
    """See the module; for the thread that writes."""

    def __init__(
        self, workspace: Workspace, log: Log, memory: Memory, hints: Hints
    ) -> None:
        """``hints`` go on changing; each save takes them as they are then."""
        self._workspace = workspace
        self._log = log
        self._memory = memory
        self._hints = hints
        self._changed = False

    def appended(self) -> None:
        """The log grew; so there is something to keep."""
        self._changed = True

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


def forget(workspace: Workspace) -> None:
    """Delete what is kept beside the log: it is made again, and costs only time.

    After the log was changed otherwise than by appending.  Raises OSError.
    """
    (workspace.cache / "seen").unlink(missing_ok=True)
    if workspace.snapshots.is_dir():
        for file in workspace.snapshots.iterdir():
            file.unlink(missing_ok=True)
