"""How an engine compacts its log while it goes on answering.

Four steps, two of them in the thread that writes and short:

1. `Compaction.plan`, any thread: reads the log and the tree (``compaction.py``);
2. `Compaction.replace`, the writing thread: the log begins anew, durably;
3. `Compaction.fold`, any thread: read models and dedupe index, made from the log as
   it is now, so that memory is what the retained events take;
4. `Compaction.take_over`, the writing thread: they get what was appended meanwhile
   and stand in the old ones' place.

Between 2 and 4 the old read models answer: they know all that the new ones will.
A crash anywhere leaves the old log or the new one, and everything else follows
from it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from lokid import clock, codec
from lokid.carried import seq_of
from lokid.compaction import Plan, Planner, worthwhile
from lokid.config import Settings
from lokid.errors import LokidError, UsageError
from lokid.events import Recorded
from lokid.ingest.index import Index
from lokid.keeping import Keeper
from lokid.log import LogReader
from lokid.memory import Memory
from lokid.opening import Opened
from lokid.paths import Workspace
from lokid.retention import Aim, bound, is_old
from lokid.torn import tidy
from lokid.views import Views

SLICE = 50
"""Facts that are folded and joined at once: measured, no more than 3 ms."""
PATIENCE = 0.125
"""Of the bound, by which a log grows before a vain compaction is tried again."""


class Folded(NamedTuple):
    """Read models, index and facts of the log as it is, under these settings.

    ``until``: up to where the compacted beginning stands for the log.
    """

    views: Views
    known: Index
    facts: list[Recorded]
    settings: Settings
    until: int


class Compaction:
    """See the module; of one open log."""

    def __init__(
        self,
        workspace: Workspace,
        opened: Opened,
        memory: Memory,
        keeper: Keeper,
        planner: Planner | None,
    ) -> None:
        """Without a ``planner`` nothing is ever due."""
        self._workspace = workspace
        self._log = opened.log
        self._known = opened.known
        self._memory = memory
        self._keeper = keeper
        self._planner = planner
        self._vain_at = 0
        self.rest: Callable[[], None] = lambda: None
        """Called between slices of what takes long, beside others who answer."""

    def passed(self) -> bool:
        """Whether the log passed its bound in bytes; cheap."""
        most = bound(self._memory.settings)
        again = self._vain_at + int(most * PATIENCE) if self._vain_at else 0
        return self._planner is not None and self._log.bytes > max(most, again)

    def is_due(self) -> bool:
        """The same, or in age; any thread."""
        if self.passed():
            return True
        aim = Aim.of(self._memory.settings, 0, clock.now())
        return self._planner is not None and is_old(self._workspace.log, aim)

    def plan(self) -> Plan | None:
        """What is to go and what stands for it; None: nothing, or not worth it.

        Raises StorageError.
        """
        self._vain_at = self._log.bytes  # also when it raises: not at once again
        facts = tuple(self._keeper.facts)
        plan = None
        if self._planner is not None:
            settings = self._memory.settings
            plan = self._planner(self._workspace, settings, facts, self.rest)
        if plan is None or not worthwhile(plan):
            return None
        self._vain_at = 0
        return plan

    def replace(self, plan: Plan) -> None:
        """Let the log begin anew; for the writing thread.

        Raises UsageError when the log is not the one that was planned for,
        StorageError, DiskFull.
        """
        if self._chain_behind(plan.cut.until) != plan.cut.crc:
            raise UsageError("the log was changed since the compaction was planned")
        self._log.replace(plan.cut, plan.carried, plan.facts, clock.now())
        tidy(self._workspace)

    def _chain_behind(self, seq: int) -> bytes:
        """What the line behind an event chains to, be it there already or not."""
        reader = LogReader(self._workspace.log)
        for line in reader.lines(seq, seq + 1):
            return codec.head_of(line).p.encode()
        return b"".join(codec.crc_of(line) for line in reader.lines(seq - 1, seq))

    def fold(self, plan: Plan) -> Folded:
        """Fold the log anew, beside the read models in use.

        Raises StorageError when it cannot be read.
        """
        until = plan.cut.until
        folded = Folded(self._memory.fresh(), Index(), [], self._memory.settings, until)
        begin = LogReader(self._workspace.log).read(0, until)
        while head := tuple(islice(begin, SLICE)):
            self._learn(folded, head)
            self.rest()
        while facts := self._behind(folded):
            for at in range(0, len(facts), SLICE):
                self._learn(folded, facts[at : at + SLICE])
                self.rest()
            if len(facts) <= SLICE:
                break  # the rest is little enough for the writing thread
        with suppress(LokidError):  # joined now, not within the next deadline
            folded.views.query("context", {}, stale=False, reason=None)
        return folded

    def _behind(self, folded: Folded) -> list[Recorded]:
        """What the read models in use know and these do not yet."""
        facts, known = self._keeper.facts, max(folded.until, folded.views.seq)
        return facts[bisect_right(facts, known, key=seq_of) :]

    def take_over(self, folded: Folded) -> bool:
        """Answer from these from now on; False: settings changed, fold again.

        For the writing thread.
        """
        if folded.settings is not self._memory.settings:
            return False
        self._learn(folded, self._behind(folded))
        self._known.become(folded.known)
        self._keeper.begin_anew(folded.facts)
        self._memory.take_over(folded.views)
        return True

    def run(self, *, dry_run: bool = False) -> Plan | None:
        """All four steps, for who has nobody waiting; the writing thread.

        ``dry_run``: only the first.  Raises what they raise.
        """
        plan = self.plan()
        if plan is not None and not dry_run:
            self.replace(plan)
            self.take_over(self.fold(plan))
        return plan

    @staticmethod
    def _learn(folded: Folded, facts: Sequence[Recorded]) -> None:
        folded.views.fold(facts)
        for recorded in facts:
            folded.known.note(recorded)
        folded.facts.extend(facts)
        with suppress(LokidError):  # joined bit by bit: nobody waits long for it
            folded.views.query("book", {}, stale=False, reason=None)
