"""The one way to an answer, and the place where the parts are put together.

`ask` tries the daemon; with none running it becomes the engine itself, in this
process, over the same log.  For that it takes the log's lock, at the latest
when half of its time is gone; where somebody else keeps the lock it reads the
log as it stands and says ``stale``.  `engine` is the composition root: what a
daemon is made of, an embedded engine is made of.

`record` goes the same two ways with what people say, but takes no half answer:
it comes back when the disk has it, or raises.

With ``LOKI_FAILURE_MEMORY=0`` in our environment nothing is captured and
nothing marked: a daemon may still answer, else the log is read as it stands.
What people say is kept all the same, since that is no capture.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import projections
from cli.options import memory_is_on
from lokid.client import Client
from lokid.compaction import Planner, make_plan
from lokid.config import Settings, load_settings
from lokid.engine import RESERVE, Engine
from lokid.errors import (
    DaemonMissing,
    DiskFull,
    ProtocolMismatch,
    StorageError,
    WriterExists,
)
from lokid.events import Fact
from lokid.ingest.outcome import Scan
from lokid.log import LogReader
from lokid.paths import Workspace
from lokid.projection import Answer
from lokid.retention import limits
from lokid.sources import SOURCES
from lokid.statements import SERVED
from projections.summaries import summaries

Told = TypeVar("Told")
ByDaemon = Callable[[Client, int | None], Told]
"""Asks a daemon; the number is the milliseconds it may take (None: it waits)."""
ByEngine = Callable[[Engine, Scan | str | None], Told]
"""Asks an engine of our own, after this scan or, with a text, without one."""

PATIENCE = 5.0
"""Seconds a question without a deadline waits for a lock whose holder does not
answer: another query of this workspace, or a daemon that is starting."""
_LOCK_STEP = 0.1

plan_here: Planner = partial(make_plan, SOURCES, summaries)
"""Plans a compaction in this process."""
KNOB_OFF = "LOKI_FAILURE_MEMORY=0: nothing new is read"
LOCK_HELD = "lock held"


def settings_of(workspace: Workspace) -> Settings:
    """The settings of a workspace; raises SettingsError on a bad value."""
    return load_settings(workspace.loki, os.environ).settings


def engine(workspace: Workspace, settings: Settings, *, knob: bool = True) -> Engine:
    """An engine with all sources and projections, not yet open."""
    views = partial(projections.build, settings.rules)
    return Engine(workspace, settings, SOURCES, views, knob=knob, planner=plan_here)


def query(
    workspace: Workspace,
    name: str,
    params: Mapping[str, str],
    deadline: int | None = None,
) -> Answer:
    """The answer of projection ``name``, within ``deadline`` ms (None: waits)."""
    return ask(
        workspace,
        lambda client, limit: client.get(name, params, limit),
        lambda own, done: own.query(name, params, done),
        settings=settings_of(workspace),
        deadline=deadline,
        embedded_deadline=deadline,
    )


def queries(
    workspace: Workspace, names: Sequence[str], deadline: int | None = None
) -> list[Answer]:
    """The answers of several projections, in this order, from one opening."""
    return ask(
        workspace,
        lambda client, limit: [client.get(name, {}, limit) for name in names],
        lambda own, done: [own.query(name, {}, done) for name in names],
        settings=settings_of(workspace),
        deadline=deadline,
        embedded_deadline=deadline,
    )


def ask(  # noqa: PLR0913  a question has two ways to be asked and two deadlines
    workspace: Workspace,
    by_daemon: ByDaemon[Told],
    by_engine: ByEngine[Told],
    *,
    settings: Settings,
    deadline: int | None = None,
    embedded_deadline: int | None = None,
) -> Told:
    """Ask the daemon, else an engine of our own (see the module).

    Deadlines in milliseconds; None waits for all that lies on disk.  Raises
    UsageError for parameters that make no sense, StorageError when the state
    directory can be neither written nor read.
    """
    begun = time.monotonic()
    try:
        return by_daemon(Client(workspace), deadline)
    except ProtocolMismatch as mismatch:
        reason = f"{mismatch.message}; {mismatch.hint}"
    except DaemonMissing:
        reason = "" if memory_is_on() else KNOB_OFF
    own = engine(workspace, settings)
    ends = None if embedded_deadline is None else begun + embedded_deadline / 1000
    if reason:
        return _as_it_stands(own, by_engine, reason, ends)
    if not workspace.loki.is_dir() and not workspace.log.is_dir():
        # nothing to capture, nothing captured: leave no trace of having looked
        return by_engine(own, None)
    try:
        return _embedded(own, by_daemon, by_engine, ends)
    except WriterExists:
        reason = LOCK_HELD
    except (StorageError, DiskFull) as error:
        if not workspace.log.is_dir():
            raise
        reason = error.message
    return _as_it_stands(engine(workspace, settings), by_engine, reason, ends)


def record(workspace: Workspace, facts: Sequence[Fact]) -> None:
    """Have facts kept, by the daemon or by an engine of our own.

    Comes back when the disk has them.  Raises UsageError for what may not be
    recorded, ProtocolMismatch, StorageError, DiskFull, and WriterExists when
    somebody who does not answer keeps the lock for `PATIENCE` seconds: then
    nothing was kept.  Who tries again with the same identity says it once.
    """
    kept = [
        fact for fact in facts if memory_is_on() or not isinstance(fact.event, SERVED)
    ]
    until = time.monotonic() + PATIENCE
    own: Engine | None = None
    while kept:
        try:
            Client(workspace).record(kept)
        except ProtocolMismatch:
            raise
        except DaemonMissing:
            own = own or engine(workspace, settings_of(workspace))
        else:
            return
        try:
            with _opened(own, min(_LOCK_STEP, _left(until)), None):
                own.record(kept, durable=True)
        except WriterExists as held:
            if time.monotonic() >= until:
                hint = "nothing was recorded; try again when it has ended"
                raise WriterExists(held.message, hint) from held
        else:
            return


def plan(workspace: Workspace) -> bytes:
    """A packed plan of what would be compacted now; empty where nothing would.

    Takes no lock and writes nothing: for a daemon (``planner.py``).
    """
    facts = list(LogReader(workspace.log).read())
    made = plan_here(workspace, settings_of(workspace), facts, lambda: None)
    return b"" if made is None else made.pack()


def compact(workspace: Workspace, *, dry_run: bool) -> Answer:
    """Compact the log where that is due, or only say what would go.

    Raises ProtocolMismatch, StorageError, DiskFull, and WriterExists when somebody
    who does not answer keeps the lock for `PATIENCE` seconds.
    """
    try:
        return Client(workspace).compact(dry_run=dry_run)
    except ProtocolMismatch:
        raise
    except DaemonMissing:
        settings = settings_of(workspace)
    own, plan = engine(workspace, settings), None
    if workspace.log.is_dir():
        with _opened(own, PATIENCE, None):
            if own.compaction is not None:
                plan = own.compaction.run(dry_run=dry_run)
    told = None if plan is None else plan.told()
    most = limits(settings)
    return {"schema": 1, "dry_run": dry_run, "bound": most, "compaction": told}


def _embedded(
    own: Engine,
    by_daemon: ByDaemon[Told],
    by_engine: ByEngine[Told],
    ends: float | None,
) -> Told:
    """Answer as the writer; raises WriterExists when time is up without the lock."""
    now = time.monotonic()
    # half of the time is for reading the log as it stands, if it comes to that
    until = now + (PATIENCE if ends is None else _left(ends) / 2)
    while True:
        try:
            with _opened(own, min(_LOCK_STEP, _left(until)), ends):
                return by_engine(own, own.scan(_left_of(ends, RESERVE)))
        except WriterExists:
            if time.monotonic() >= until:
                raise
        try:  # whoever holds the lock may be a daemon that answers by now
            return by_daemon(Client(own.workspace), _milliseconds(_left_of(ends)))
        except DaemonMissing:
            continue


@contextmanager
def _opened(own: Engine, lock_wait: float, ends: float | None) -> Iterator[None]:
    own.open(lock_wait, ends)
    try:
        yield
    finally:
        own.close()


def _as_it_stands(
    own: Engine, by_engine: ByEngine[Told], reason: str, ends: float | None = None
) -> Told:
    """Answer from the log alone; nothing is captured, nothing written."""
    own.open_read_only(reason, ends)
    return by_engine(own, reason)


def _left(ends: float) -> float:
    return max(0.0, ends - time.monotonic())


def _left_of(ends: float | None, reserve: float = 0.0) -> float | None:
    return None if ends is None else _left(ends - reserve)


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else max(1, int(seconds * 1000))
