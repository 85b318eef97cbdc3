"""One workspace's memory: its log, its ingest, its read models.

The daemon and the embedded client run the same engine, so that an answer does
not depend on which of them gave it.  One thread writes (`open`, `scan`,
`record`, `close`); `query`, `sync` and `status` may be called from any.

Promises: a fact is folded only after it is in the log, in order of ``seq``; an
answer names the position it stands on (``as_of_seq``) and says ``stale`` with a
reason when it may lack something that lay on disk when it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from lokid.compacting import Compaction
from lokid.compaction import Planner
from lokid.config import Settings
from lokid.errors import DiskFull, LokidError, StorageError
from lokid.events import Fact, Recorded
from lokid.imports import Found
from lokid.ingest.intake import Intake
from lokid.ingest.outcome import UNSEEN, GivesWay, Scan
from lokid.ingest.record import Recorder, served_of
from lokid.keeping import Keeper
from lokid.log import Log
from lokid.memory import DAMAGED, UNREAD, Freshness, Memory
from lokid.opening import Remark, open_log, read_log, unaccepted
from lokid.paths import Workspace
from lokid.projection import Answer, Projection
from lokid.reload import Reload
from lokid.source import Source
from lokid.status import log_row, source_rows
from lokid.verifying import Verified

RESERVE = 0.03
"""Seconds before its deadline at which an embedded engine stops scanning."""


def _say_nothing(_remark: str) -> None:
    """A client's answer is all that it says."""


class Engine:
    """See the module; ``projections`` makes fresh instances, for a rebuild.

    ``remark`` hears, from any thread, what went another way than it should have
    without harm to any answer.
    ``planner`` plans what is compacted; without it nothing is.
    """

    def __init__(  # noqa: PLR0913  a workspace's parts, put together once
        self,
        workspace: Workspace,
        settings: Settings,
        sources: Sequence[Source],
        projections: Callable[[], Sequence[Projection]],
        *,
        knob: bool = True,
        reload: Reload | None = None,
        remark: Remark = _say_nothing,
        planner: Planner | None = None,
    ) -> None:
        self.workspace = workspace
        self.knob = knob
        self.trouble: str | None = None
        self.compaction: Compaction | None = None
        self._planner = planner
        self._sources = sources
        self._memory = Memory(workspace.log, projections, settings, reload)
        self.remark = remark
        self.verified: Verified | None = None
        self._log: Log | None = None
        self.keeper: Keeper | None = None
        self._intake: Intake | None = None
        self._behind = True
        self._damaged = False
        self._served: list[Fact] = []
        self._listeners: list[Callable[[], None]] = []

    @property
    def settings(self) -> Settings:
        """The settings in force; a scan may renew them."""
        return self._memory.settings

    @property
    def seq(self) -> int:
        """The position that an answer stands on."""
        return self._memory.views.seq

    # -- life -------------------------------------------------------------

    def open(self, lock_wait: float = 0.0, ends: float | None = None) -> None:
        """Take the log's lock and learn what it holds (``opening.py``).

        ``ends`` (monotonic) is when each answer is there (``memory.py``); where
        the replay takes longer, nothing is scanned or written.  Raises
        WriterExists after ``lock_wait`` seconds, StorageError when the state
        cannot be written.
        """
        self._memory.ends = ends
        opened = open_log(
            self.workspace, self.settings, self._memory, lock_wait, self.remark
        )
        self._log = opened.log
        self.trouble = None if opened.whole else UNREAD
        self._damaged = bool(unaccepted(opened.log.damages, opened.facts))
        if not opened.whole:
            return
        self.keeper = Keeper(self.workspace, self._memory, opened, self.remark)
        self.compaction = Compaction(
            self.workspace,
            opened,
            self._memory,
            self.keeper,
            self._planner,
        )
        self._intake = Intake(
            self.workspace.loki,
            self._sources,
            self.settings,
            index=opened.known,
            hints=opened.hints,
            append=self._append,
            knob=self.knob,
        )

    def open_read_only(self, reason: str, ends: float | None = None) -> None:
        """Replay without the lock; every answer is stale for ``reason``."""
        self.trouble = reason
        self._memory.ends = ends
        if not read_log(self.workspace, self._memory):
            self.trouble = UNREAD

    def close(self) -> None:
        """Make everything durable, keep what is kept, give the lock back.

        What was served and not recorded yet is recorded first, if it can be.
        """
        if self._log is None:
            return
        with suppress(LokidError):
            if self._served:
                self.record(self._served, durable=False)
        try:
            if self.keeper is not None:
                self.keeper.close()
        finally:
            self._log.close()
            self._log = self.keeper = self.compaction = None

    def save_hints(self) -> None:
        """Save how far files were read, after making the log durable so far."""
        if self.keeper is not None:
            self.keeper.save_hints()

    # -- writing ----------------------------------------------------------

    def scan(
        self, budget: float | None = None, gives_way: GivesWay | None = None
    ) -> Scan:
        """The barrier: take in all that lies on disk now, within ``budget`` s.

        One that ``gives_way`` ends when that says so: what it did not see is nothing
        that an answer lacks, since the next scan is there for that.

        A full disk is degraded, not an error: nothing is lost, since the files
        are read again.  Raises StorageError when the log is poisoned.
        """
        if self.keeper is None or self._intake is None:
            return UNSEEN
        self._memory.renew(self.keeper.facts)
        done = UNSEEN
        try:
            done = self._intake.scan(budget, gives_way)
        except DiskFull as full:
            self.trouble = full.message
        else:
            self.trouble = None
        finally:
            if done.complete or not done.gave_way:
                self._behind = not done.complete
        return done

    def record(self, facts: Sequence[Fact], *, durable: bool) -> list[Recorded]:
        """Append what people said or what was served; gives what was new.

        ``durable``: return when the disk has it.  With the knob at 0 nothing is
        kept of what was served; what people say is kept all the same.  Raises
        UsageError for other facts (``statements.py``), StorageError or DiskFull
        when nothing can be written.
        """
        taken = self._writer().take(facts)
        if durable:
            self.sync()
        return taken

    def take_in(self, found: Sequence[Found]) -> list[Recorded]:
        """Append what an import read (``imports.py``); gives what was new.

        Raises UsageError with the knob at 0, else as `record`; not durable yet.
        """
        return self._writer().take_in(found)

    def _writer(self) -> Recorder:
        if self._log is None or self._intake is None:
            message = f"nothing can be recorded: {self.trouble or 'no log is open'}"
            raise StorageError(message)
        return self._intake.recorder

    def sync(self) -> None:
        """Make durable all that is written so far; any thread."""
        if self._log is not None:
            self._log.sync()

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back (in the writing thread) after each append."""
        self._listeners.append(callback)

    def _append(self, batch: Sequence[tuple[str, Fact]], at: str) -> list[Recorded]:
        if self._log is None:  # a scanner exists only beside an open log
            message = "the log is not open"
            raise StorageError(message)
        recorded = self._log.append(batch, at)
        if self.keeper is not None:
            self.keeper.appended(recorded)
        self._memory.views.fold(recorded)
        for callback in self._listeners:
            callback()
        return recorded

    # -- reading ----------------------------------------------------------

    def answer(
        self, name: str, params: Mapping[str, str], deadline: float | None
    ) -> Answer:
        """Scan within ``deadline`` seconds (None: to the end), then query."""
        budget = None if deadline is None else max(0.0, deadline - RESERVE)
        done = self.scan(budget)
        return self.query(name, params, done)

    def query(
        self, name: str, params: Mapping[str, str], done: Scan | str | None = None
    ) -> Answer:
        """Answer from the present state; any thread.

        ``done``: the scan this answer stands on, or why there was none.
        Raises UsageError for an unknown name or a ``now`` that is no time.  With
        ``as_of`` the answer is about the past (``past.py``), open or not.

        What an answer brings to be recorded as served waits for `close`.
        """
        answer, fact = self.tell(name, params, done)
        if fact is not None:
            self._served.append(fact)
        return answer

    def tell(
        self, name: str, params: Mapping[str, str], done: Scan | str | None = None
    ) -> tuple[Answer, Fact | None]:
        """The same, and the fact that it was served, for whoever knows that it was.

        None where the request does not ask for it (``record=1``), and where the
        answer is partial: what stands on half of what lies there is no delivery.
        """
        fresh = Freshness.of(self.trouble, done, behind=self._behind)
        if self._is_damaged():
            fresh = fresh.beside_damage()
        answer, partial = self._memory.query(name, params, fresh)
        fact = served_of(answer, params)
        return answer, None if partial else fact

    def _is_damaged(self) -> bool:
        """Whether the log has a damaged place that nobody accepted."""
        return self._damaged or bool(self.verified and self.verified.problems)

    def status(self) -> dict[str, object]:
        """The log's and the sources' part of ``status``; any thread."""
        views = self._memory.views
        return {
            "workspace": str(self.workspace.root),
            "state": str(self.workspace.state),
            "knob": "on" if self.knob else "off",
            "trouble": self.trouble or (DAMAGED if self._is_damaged() else None),
            "log": log_row(self.workspace, self._log, views),
            "verified": self.verified and msgspec.to_builtins(self.verified),
            "settings": self._memory.told(),
            "sources": source_rows(self._sources, self._intake, views),
        }

    def watch_paths(self) -> list[str]:
        """Existing folders worth a watch: the root, ``.loki``, the sources'."""
        below = self._intake.folders() if self._intake else []
        return [str(self.workspace.root), *below]
