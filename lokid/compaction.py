"""What a compaction keeps of the old lines, and what it writes in their place.

Kept as they are or as ids: see ``carried.py``.  Kept in sum: lessons, by the pure
function that the composition root hands in.

A plan is made beside a writer from lines that do not change any more; only
`Log.replace` needs the writing thread.  Summaries get at most half of the bound:
the lessons that were last seen the longest ago are forgotten first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from msgspec import convert

from lokid import clock
from lokid.carried import Old, lines_of, seq_of
from lokid.config import Settings
from lokid.errors import StorageError
from lokid.events import (
    EVENT_TYPES,
    Fact,
    LessonSummarised,
    LogIdsCarried,
    Recorded,
    RunStarted,
)
from lokid.ingest.guarded import told_by_tree
from lokid.log import Cut, cut_behind, event_id
from lokid.paths import Workspace
from lokid.retention import KEPT, Aim, bound, find_until
from lokid.rules import Rule
from lokid.source import Source

Summarise = Callable[
    [Iterable[Recorded], Iterable[Recorded], Sequence[Rule]], list[Fact]
]
"""The facts that stand for those of the first that are not in the second."""
SUMMARY_SHARE = 0.5
"""Of the bound, what summaries may take."""
TRIES = 3
"""Times that more is let go, where what stands for it leaves the log too large."""
_ENVELOPE = 300  # bytes of a line beside its data, about


class Plan(NamedTuple):
    """A compaction that is ready to be written.

    ``first`` and ``newest`` are times of what goes; ``before`` and ``after`` the
    log's bytes; ``forgotten``: summaries that found no room.
    """

    cut: Cut
    carried: list[bytes]
    facts: list[tuple[str, Fact]]
    first: str
    before: int
    after: int
    forgotten: int

    @property
    def events(self) -> int:
        """How many lines go."""
        return self.cut.lines - len(self.carried)

    @property
    def lessons(self) -> int:
        """How many causes keep their record in summaries."""
        return sum(isinstance(one.event, LessonSummarised) for _, one in self.facts)

    def pack(self) -> bytes:
        """The plan for another process."""
        facts = [
            (key, fact.event.TYPE, msgspec.to_builtins(fact.event), fact.time)
            for key, fact in self.facts
        ]
        return msgspec.msgpack.encode(_Packed(**{**self._asdict(), "facts": facts}))

    @staticmethod
    def unpack(data: bytes) -> Plan:
        """The plan that another process made.  Raises StorageError."""
        try:
            plan = msgspec.msgpack.decode(data, type=_Packed)
            facts = [
                (key, Fact(event=convert(told, kind), identity=(key,), time=time))
                for key, name, told, time in plan.facts
                if (kind := EVENT_TYPES.get(name))
            ]
        except msgspec.MsgspecError as error:
            message = f"a compaction could not be planned: {error}"
            raise StorageError(message) from error
        return Plan(**{**plan._asdict(), "facts": facts})

    def told(self) -> dict[str, object]:
        """The plan for whoever asks what would go."""
        ids = (one.event for _, one in self.facts)
        return {
            "events": self.events,
            "first": self.first,
            "newest": self.cut.newest,
            "until_seq": self.cut.until,
            "bytes_before": self.before,
            "bytes_after": self.after,
            "carried": len(self.carried),
            "summaries": self.lessons,
            "forgotten": self.forgotten,
            "ids": sum(len(e.ids) for e in ids if isinstance(e, LogIdsCarried)),
        }


Planner = Callable[
    [Workspace, Settings, Sequence[Recorded], Callable[[], None]], Plan | None
]
"""Makes a plan of all facts that the log serves, in any thread.

The last argument is called now and then: it waits, or raises to give up.
"""


class _Packed(NamedTuple):
    """A plan on its way."""

    cut: Cut
    carried: list[bytes]
    facts: list[tuple[str, str, dict[str, Any], str | None]]
    first: str
    before: int
    after: int
    forgotten: int


def make_plan(  # noqa: PLR0913, PLR0917  the first two make a `Planner` of it
    sources: Sequence[Source],
    summarise: Summarise,
    workspace: Workspace,
    settings: Settings,
    facts: Sequence[Recorded],
    rest: Callable[[], None],
) -> Plan | None:
    """What the settings ask for now; None where nothing is to go.

    Raises StorageError when the log cannot be read.
    """
    size = sum(one.stat().st_size for one in workspace.log.glob("*.ndjson"))
    aim = Aim.of(settings, size, clock.now())
    known = facts[-1].seq if facts else 0
    plan = None
    for _ in range(TRIES):
        rest()
        until = find_until(workspace.log, aim, known)
        if until is None or (plan is not None and until == plan.cut.until):
            break
        plan = _planned(workspace, settings, sources, summarise, facts, until, size)
        if plan.after <= bound(settings):
            break
        aim = aim._replace(size=aim.size + plan.after - int(bound(settings) * KEPT))
    return plan


def _planned(  # noqa: PLR0913, PLR0917  as above
    workspace: Workspace,
    settings: Settings,
    sources: Sequence[Source],
    summarise: Summarise,
    facts: Sequence[Recorded],
    until: int,
    size: int,
) -> Plan:
    old, rest = Old(), facts[bisect_right(facts, until, key=seq_of) :]
    cut = cut_behind(workspace.log, until)
    for recorded in facts[: len(facts) - len(rest)]:
        old.take(recorded)
    for recorded in rest:
        old.learn(recorded)
    cut = cut._replace(newest=old.newest)
    told = told_by_tree(workspace.loki, sources, settings, old.index)
    own = old.facts(told, until)
    whole = bool(rest) and isinstance(rest[0].event, RunStarted)
    kept = old.kept(cut.segment, run=not whole)
    sums = summarise(facts, chain(kept, rest), settings.rules)
    fitting = _within(sums, int(bound(settings) * SUMMARY_SHARE))
    pairs = [(event_id(one.identity), one) for one in (*fitting, *own)]
    carried, gone = lines_of(workspace.log, until, {one.seq for one in kept})
    head = sum(map(len, carried)) + sum(_bytes(one) for _, one in pairs)
    return Plan(
        cut=cut,
        carried=carried,
        facts=pairs,
        first=old.first,
        before=size,
        after=size - gone + head,
        forgotten=len(sums) - len(fitting),
    )


def worthwhile(plan: Plan) -> bool:
    """Whether a plan frees enough to be worth its reading."""
    lines = 1 + len(plan.carried) + len(plan.facts)
    return lines < plan.cut.lines and plan.after < plan.before


def _within(facts: Sequence[Fact], most: int) -> list[Fact]:
    """The facts that find room, those on what was met last first."""
    kept: list[Fact] = []
    for fact in sorted(facts, key=lambda one: one.time or "~", reverse=True):
        most -= _bytes(fact)
        if most < 0:
            break
        kept.append(fact)
    return sorted(kept, key=lambda one: (one.time or "", one.identity))


def _bytes(fact: Fact) -> int:
    return _ENVELOPE + len(msgspec.json.encode(fact.event))
