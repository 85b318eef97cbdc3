"""How an engine begins: its log opened under the lock, and all of it learned.

From the newest snapshot whose mark the log still holds and the lines behind it,
else from all lines.  Either way every fact goes through the same fold.

Promises: what is folded and what the dedupe index knows come from the same facts;
hints count only where the log still holds the line that they name.  With
`Memory.ends` set, a start that takes longer is given up and nothing of it is told.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from itertools import chain
from typing import NamedTuple

from lokid import snapshot
from lokid.config import Settings
from lokid.events import LogLossAccepted, Recorded
from lokid.ingest import hints as seen
from lokid.ingest.hints import Hints
from lokid.ingest.index import Index
from lokid.log import Damage, Log, LogReader
from lokid.memory import Memory
from lokid.paths import Workspace
from lokid.snapshot import Snapshot

Remark = Callable[[str], None]
"""Hears what a person may want to know of a start that went well all the same."""


class Opened(NamedTuple):
    """An open log and what was learned from it; ``whole``: in time, to its end.

    ``facts`` are all of the log's; the first ``kept`` of them are in a snapshot.
    """

    log: Log
    known: Index
    hints: Hints
    facts: list[Recorded]
    kept: int
    whole: bool


def open_log(
    workspace: Workspace,
    settings: Settings,
    memory: Memory,
    lock_wait: float,
    remark: Remark,
) -> Opened:
    """Take the log's lock and learn all that it holds.

    Raises WriterExists after ``lock_wait`` seconds, StorageError when the state
    cannot be written.
    """
    workspace.create()
    code = snapshot.code_of(memory.views.all())
    kept = snapshot.newest(workspace.snapshots, code, remark)
    with closing(kept) if kept else nullcontext(), _no_collecting():
        log = Log.open(
            workspace.log,
            segment_bytes=settings.segment_bytes,
            lock_wait=lock_wait,
            resume=kept.mark if kept else None,
        )
        try:
            return _learned(workspace, memory, log, kept, remark)
        except BaseException:
            log.close()
            raise


def read_log(workspace: Workspace, memory: Memory) -> bool:
    """Replay without the lock; False when the time was over before its end."""
    if not workspace.log.is_dir():
        return True
    with _no_collecting():
        return memory.replay(LogReader(workspace.log).read(), lambda _batch: None)


def unaccepted(damages: Iterable[Damage], facts: Iterable[Recorded]) -> list[Damage]:
    """The damaged places of a log whose loss nobody accepted."""
    accepted = {
        (one.event.segment, one.event.offset)
        for one in facts
        if isinstance(one.event, LogLossAccepted)
    }
    return [one for one in damages if (one.segment, one.offset) not in accepted]


def _learned(
    workspace: Workspace,
    memory: Memory,
    log: Log,
    kept: Snapshot | None,
    remark: Remark,
) -> Opened:
    begin = _begin(log, kept, memory, remark)
    known = Index()
    facts: list[Recorded] = []
    saved = seen.peek(workspace.cache / "seen")
    crc_at: dict[int, str] = {}

    def note(batch: Sequence[Recorded]) -> None:
        facts.extend(batch)
        for recorded in batch:
            known.note(recorded)
            if saved and recorded.seq == saved.seq:
                crc_at[saved.seq] = recorded.crc

    whole = memory.replay(chain(begin, _behind(workspace, log, kept, begin)), note)
    hints = Hints()
    if whole:
        hints.load(workspace.cache / "seen", crc_at)
    return Opened(log, known, hints, facts, len(begin), whole)


def _begin(
    log: Log, kept: Snapshot | None, memory: Memory, remark: Remark
) -> list[Recorded]:
    """The facts of the snapshot, where they are still the log's; else none."""
    if kept is None:
        return []
    if not log.resumed:
        remark(f"the log does not hold event {kept.mark.seq} of its snapshot any more")
        return []
    facts: list[Recorded] = []
    try:
        for frame in kept.frames():
            facts += frame
            if memory.is_late():
                break  # the replay finds it late as well, and tells nothing of it
    except snapshot.Unfit as unfit:
        remark(f"the snapshot at event {kept.mark.seq} is not used: {unfit}")
        return []
    return facts


def _behind(
    workspace: Workspace, log: Log, kept: Snapshot | None, begin: list[Recorded]
) -> Iterator[Recorded]:
    """The log's own lines behind these facts."""
    if kept is None or not begin:
        return log.read()
    places = [*kept.mark.entered, kept.mark.place]
    return LogReader(workspace.log, places).read(kept.mark.seq, log.seq)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Without looking for garbage: a replay makes only what stays.

    Measured: looking for it takes a fifth of a start.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
