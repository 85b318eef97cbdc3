"""What a compaction keeps of the old lines, and what it writes in their place.

Kept as they are: what people said of lessons; the last two values of each state
(the next one is chained to them); the start of a run that is cut in two; accepted
losses and redactions of segments that remain.  Kept as ids: facts that the tree
still tells, so that they are not read again.  Kept in sum: lessons (by the pure
function that the composition root hands in), and the last importance of episodes
whose files lie there yet.

A plan is made beside a writer from lines that do not change any more; only
`Log.replace` needs the writing thread.  Summaries get at most half of the
bound: the lessons that were last seen the longest ago are forgotten first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec

from lokid import codec
from lokid.config import Settings
from lokid.events import (
    EpisodeRecorded,
    EpisodeReweighed,
    Fact,
    LessonSaid,
    LessonSummarised,
    LogIdsCarried,
    LogLossAccepted,
    LogRedacted,
    Recorded,
    RunStarted,
)
from lokid.ingest.guarded import Told, told_by_tree
from lokid.ingest.index import Index, row_of
from lokid.log import Cut, LogReader, cut_behind, event_id
from lokid.paths import Workspace
from lokid.retention import Aim, bound, find_until
from lokid.rules import Rule
from lokid.source import Source

Summarise = Callable[
    [Iterable[Recorded], Iterable[Recorded], Sequence[Rule]], list[Fact]
]
"""The facts that stand for those of the first that are not in the second."""
IDS_A_LINE = 1500
"""Ids in one ``log.ids_carried``: they fit a line of the log."""
SUMMARY_SHARE = 0.5
"""Of the bound, what summaries may take."""
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


def make_plan(  # noqa: PLR0913, PLR0917  what a plan is made of
    workspace: Workspace,
    settings: Settings,
    sources: Sequence[Source],
    summarise: Summarise,
    facts: Sequence[Recorded],
    now: str,
) -> Plan | None:
    """What the settings ask for now; None where nothing is to go.

    ``facts`` are all that the log serves.  Any thread; raises StorageError when the
    log cannot be read.
    """
    directory = workspace.log
    size = sum(one.stat().st_size for one in directory.glob("*.ndjson"))
    until = find_until(directory, Aim.of(settings, size, now))
    if until is None:
        return None
    cut = cut_behind(directory, until)
    old, rest = _Old(cut), facts[bisect_right(facts, until, key=_seq) :]
    for recorded in facts[: len(facts) - len(rest)]:
        old.take(recorded)
    for recorded in rest:
        old.learn(recorded)
    own = old.facts(told_by_tree(workspace.loki, sources, settings, old.index))
    whole = bool(rest) and isinstance(rest[0].event, RunStarted)
    kept = old.kept(run=not whole)
    sums = summarise(facts, chain(kept, rest), settings.rules)
    fitting = _within(sums, int(bound(settings) * SUMMARY_SHARE))
    pairs = [(event_id(one.identity), one) for one in (*fitting, *own)]
    carried, gone = _lines(directory, until, {one.seq for one in kept})
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


class _Old:
    """The facts that go, and what is kept of them."""

    def __init__(self, cut: Cut) -> None:
        self.index = Index()
        self.first = ""
        self._cut = cut
        self._ids: set[bytes] = set()
        self._said: list[Recorded] = []
        self._states: dict[tuple[str, str], deque[Recorded]] = {}
        self._episodes: set[str] = set()
        self._run: Recorded | None = None

    def take(self, recorded: Recorded) -> None:
        """Take one fact in."""
        event, src = recorded.event, recorded.src
        self.first = min(self.first or recorded.time, recorded.time)
        self._ids.add(bytes.fromhex(recorded.id))
        self.learn(recorded)
        if isinstance(event, LessonSaid) or self._is_of_what_remains(recorded):
            self._said.append(recorded)
        elif src.nth is not None and src.path is not None:
            name = (src.path, row_of(event))
            self._states.setdefault(name, deque(maxlen=2)).append(recorded)
        elif isinstance(event, RunStarted):
            self._run = recorded
        elif isinstance(event, EpisodeRecorded | EpisodeReweighed):
            self._episodes.add(event.episode)
        elif isinstance(event, LogIdsCarried):
            self._ids.update(map(bytes.fromhex, event.ids))

    def learn(self, recorded: Recorded) -> None:
        """Know the values of states and episodes, as a reading of the tree asks."""
        event = recorded.event
        state = recorded.src.nth is not None
        if state or isinstance(event, EpisodeRecorded | EpisodeReweighed):
            self.index.note(recorded)

    def kept(self, *, run: bool) -> list[Recorded]:
        """The facts that stay as they are, in order; ``run``: the last run's start."""
        states = (one for of in self._states.values() for one in of)
        begun = [self._run] if self._run and run else []
        return sorted([*self._said, *states, *begun], key=_seq)

    def facts(self, told: Told) -> Iterator[Fact]:
        """Ids that the tree still tells, and importances of its episodes."""
        for episode in sorted(self._episodes & told.episodes):
            importance, nth = self.index.importance(episode)
            if importance is not None:
                event = EpisodeReweighed(
                    episode=episode, importance=importance, nth=nth
                )
                identity = ("compacted", episode, nth, self._cut.until)
                yield Fact(event=event, identity=identity, time=self._cut.newest)
        ids = sorted(one.hex() for one in told.ids & self._ids)
        for at in range(0, len(ids), IDS_A_LINE):
            carried = LogIdsCarried(ids=tuple(ids[at : at + IDS_A_LINE]))
            name = (carried.TYPE, self._cut.until, at)
            yield Fact(event=carried, identity=name)

    def _is_of_what_remains(self, recorded: Recorded) -> bool:
        event = recorded.event
        if not isinstance(event, LogLossAccepted | LogRedacted):
            return False
        return event.segment >= self._cut.segment


def _lines(directory: Path, until: int, wanted: set[int]) -> tuple[list[bytes], int]:
    """The lines of these facts without LF, and the bytes of all up to ``until``."""
    carried, size = [], 0
    for line in LogReader(directory).lines(0, until):
        size += len(line)
        if codec.head_of(line).seq in wanted:
            carried.append(line[:-1])
    return carried, size


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


def _seq(recorded: Recorded) -> int:
    return recorded.seq
