"""What is carried over from the facts that a compaction lets go.

As they are: what people said of lessons; the last two values of each state (the
next one is chained to them); the start of a run that is cut in two; accepted
losses and redactions of segments that remain.  As ids: facts that the tree still
tells, so that they are not read again.  And the last importance of the episodes
that lie there yet, since another one is a fact.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from lokid import codec
from lokid.events import (
    EpisodeRecorded,
    EpisodeReweighed,
    Fact,
    LessonSaid,
    LogIdsCarried,
    LogLossAccepted,
    LogRedacted,
    Recorded,
    RunStarted,
)
from lokid.ingest.guarded import ALL, Told
from lokid.ingest.index import Index, row_of
from lokid.log import LogReader

IDS_A_LINE = 1500
"""Ids in one ``log.ids_carried``: they fit a line of the log."""
_OWN = ("log.", "sightings.")
"""Types that say nothing of the harness, so that their time tells nothing."""


class Old:
    """The facts that go, and what is kept of them."""

    def __init__(self) -> None:
        self.index = Index()
        self.first = self.newest = ""
        self._ids: set[bytes] = set()
        self._of_path: dict[str, set[bytes]] = {}
        self._carried: set[bytes] = set()
        self._said: list[Recorded] = []
        self._states: dict[tuple[str, str], deque[Recorded]] = {}
        self._episodes: set[str] = set()
        self._run: Recorded | None = None

    def take(self, recorded: Recorded) -> None:
        """Take one fact in."""
        event, src = recorded.event, recorded.src
        if not recorded.type.startswith(_OWN):
            self.first = min(self.first or recorded.time, recorded.time)
            self.newest = max(self.newest, recorded.time)
        name = bytes.fromhex(recorded.id)
        self._ids.add(name)
        if src.path is not None:
            self._of_path.setdefault(src.path, set()).add(name)
        self.learn(recorded)
        if isinstance(event, LessonSaid | LogLossAccepted | LogRedacted):
            self._said.append(recorded)
        elif src.nth is not None and src.path is not None:
            row = (src.path, row_of(event))
            self._states.setdefault(row, deque(maxlen=2)).append(recorded)
        elif isinstance(event, RunStarted):
            self._run = recorded
        elif isinstance(event, EpisodeRecorded | EpisodeReweighed):
            self._episodes.add(event.episode)
        elif isinstance(event, LogIdsCarried):
            self._carried.update(map(bytes.fromhex, event.ids))

    def learn(self, recorded: Recorded) -> None:
        """Know the values of states and episodes, as a reading of the tree asks."""
        event = recorded.event
        state = recorded.src.nth is not None
        if state or isinstance(event, EpisodeRecorded | EpisodeReweighed):
            self.index.note(recorded)

    def kept(self, segment: str, *, run: bool) -> list[Recorded]:
        """The facts that stay as they are, in order.

        ``segment``: what is said of earlier ones is void; ``run``: the last run's
        start stays.
        """
        said = (one for one in self._said if not _is_of_earlier(one, segment))
        states = (one for of in self._states.values() for one in of)
        begun = [self._run] if self._run and run else []
        return sorted([*said, *states, *begun], key=seq_of)

    def _guarding(self, told: Told) -> set[bytes]:
        """The ids of what would be read again: the tree tells it, or will again."""
        found = told.ids & (self._ids | self._carried)
        unread = [ids for path, ids in self._of_path.items() if told.misses(path)]
        if unread or told.missed & {ALL}:
            found |= self._carried  # whose paths are not known any more
        return found.union(*unread)

    def facts(self, told: Told, until: int) -> Iterator[Fact]:
        """Ids that the tree still tells, and importances of its episodes."""
        for episode in sorted(self._episodes & told.episodes):
            importance, nth = self.index.importance(episode)
            if importance is not None:
                event = EpisodeReweighed(
                    episode=episode, importance=importance, nth=nth
                )
                identity = ("compacted", episode, nth, until)
                yield Fact(event=event, identity=identity, time=self.newest)
        ids = sorted(one.hex() for one in self._guarding(told))
        for at in range(0, len(ids), IDS_A_LINE):
            carried = LogIdsCarried(ids=tuple(ids[at : at + IDS_A_LINE]))
            name = (carried.TYPE, until, at)
            yield Fact(event=carried, identity=name)


def _is_of_earlier(recorded: Recorded, segment: str) -> bool:
    """Whether it says something of a segment that goes."""
    event = recorded.event
    if not isinstance(event, LogLossAccepted | LogRedacted):
        return False
    return event.segment < segment


def lines_of(directory: Path, until: int, wanted: set[int]) -> tuple[list[bytes], int]:
    """The lines of these facts without LF, and the bytes of all up to ``until``."""
    carried, size = [], 0
    for line in LogReader(directory).lines(0, until):
        size += len(line)
        if codec.head_of(line).seq in wanted:
            carried.append(line[:-1])
    return carried, size


def seq_of(recorded: Recorded) -> int:
    """Its place in the log."""
    return recorded.seq
