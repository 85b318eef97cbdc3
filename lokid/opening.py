"""How an engine begins: its log opened under the lock and replayed.

Promises: what is folded and what the dedupe index knows come from the same lines
of the log; hints count only where the log still holds the line that they name.
With `Memory.ends` set, a replay that takes longer is given up and nothing of it
is told.
"""

from __future__ import annotations

from typing import NamedTuple

from lokid.config import Settings
from lokid.events import Recorded
from lokid.ingest import hints as seen
from lokid.ingest.hints import Hints
from lokid.ingest.index import Index
from lokid.log import Log, LogReader
from lokid.memory import Memory
from lokid.paths import Workspace


class Opened(NamedTuple):
    """An open log and what was learned from it; ``whole``: in time, to its end."""

    log: Log
    known: Index
    hints: Hints
    whole: bool


def open_log(
    workspace: Workspace, settings: Settings, memory: Memory, lock_wait: float
) -> Opened:
    """Take the log's lock and replay it into ``memory``.

    Raises WriterExists after ``lock_wait`` seconds, StorageError when the state
    cannot be written.
    """
    workspace.create()
    log = Log.open(
        workspace.log, segment_bytes=settings.segment_bytes, lock_wait=lock_wait
    )
    index = Index()
    saved = seen.peek(workspace.cache / "seen")
    remember = saved.seq if saved else 0
    crc_at: dict[int, str] = {}

    def note(recorded: Recorded) -> None:
        index.note(recorded)
        if recorded.seq == remember:
            crc_at[remember] = recorded.crc

    try:
        whole = memory.replay(log.read(), note)
    except BaseException:
        log.close()
        raise
    hints = Hints()
    if whole:
        hints.load(workspace.cache / "seen", crc_at)
    return Opened(log, index, hints, whole)


def read_log(workspace: Workspace, memory: Memory) -> bool:
    """Replay without the lock; False when the time was over before its end."""
    if not workspace.log.is_dir():
        return True
    return memory.replay(LogReader(workspace.log).read(), lambda _recorded: None)
