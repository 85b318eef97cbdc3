"""What the log already holds, so that nothing is appended twice.

Made from the log alone, by replaying it at open: there is no second file that
could disagree.  Besides the ids it knows the last event of each state file and
of each row of a table (the same value may come back later, so its key is
chained to the event before) and the last importance of each episode.
"""

from __future__ import annotations

import msgspec

from lokid.events import (
    EpisodeRecorded,
    EpisodeReweighed,
    Event,
    Fact,
    IterationCompleted,
    IterationStarted,
    LogIdsCarried,
    PatternRecorded,
    Recorded,
    RunEnded,
    RunStarted,
    Src,
)
from lokid.log import event_id

_MAIN_STREAM = (RunStarted, RunEnded, IterationStarted, IterationCompleted)
_NOTED = frozenset({*_MAIN_STREAM, EpisodeRecorded, EpisodeReweighed, LogIdsCarried})
"""Events that say more than that they are there; most do not."""


class _Last(msgspec.Struct, frozen=True):
    """A state's newest event, and the id of the one before it."""

    nth: int
    id: str
    before: str


class Index:
    """The dedupe index; ``note`` every recorded event in order of seq."""

    def __init__(self) -> None:
        self._ids: set[bytes] = set()
        self._states: dict[str, dict[str, _Last]] = {}
        self._rows: dict[str, dict[str, PatternRecorded]] = {}
        self._importance: dict[str, tuple[float | None, int]] = {}
        self.told = ""
        """The newest time that the harness's main stream told; "" for none."""

    def note(self, recorded: Recorded) -> None:
        """Learn one line of the log."""
        self._ids.add(bytes.fromhex(recorded.id))
        event, src = recorded.event, recorded.src
        if src.nth is not None and src.path is not None:
            self._note_state(recorded, src.path, src.nth)
        if type(event) not in _NOTED:
            return
        if isinstance(event, EpisodeRecorded):
            self._importance.setdefault(event.episode, (event.importance, 0))
        elif isinstance(event, EpisodeReweighed):
            _, count = self._importance.get(event.episode, (None, 0))
            count = max(count + 1, event.nth or 0)
            self._importance[event.episode] = (event.importance, count)
        elif isinstance(event, LogIdsCarried):
            self._ids.update(map(bytes.fromhex, event.ids))
        elif event is not None:
            self.told = max(self.told, told_time(event, recorded.time))

    def become(self, other: Index) -> None:
        """Know what another index knows, and nothing else."""
        self.__dict__.update(other.__dict__)

    def importance(self, episode: str) -> tuple[float | None, int]:
        """The last importance of an episode, and how often it was given another."""
        return self._importance.get(episode, (None, 0))

    def __contains__(self, key: str) -> bool:
        """Whether the fact with this id is in the log."""
        return bytes.fromhex(key) in self._ids

    def has_state(self, path: str) -> bool:
        """Whether a state file of this path was ever recorded."""
        return path in self._states

    def rows(self, path: str) -> list[str]:
        """The rows that a table holds, by the last that was recorded of each."""
        known = self._rows.get(path, {})
        return [row for row, event in known.items() if not event.gone]

    def state_fact(self, path: str, event: Event) -> Fact | None:
        """The fact that a state has this value now; None when it had it before.

        Identity is (kind, path, id of the state's previous event, value).
        """
        row = row_of(event)
        if row and self._rows.get(path, {}).get(row) == event:
            return None
        value = msgspec.json.encode(event, order="sorted").decode()
        last = self._states.get(path, {}).get(row)
        if last and last.id == event_id(_identity(path, last.before, event, value)):
            return None
        before = last.id if last else ""
        return Fact(
            event=event,
            identity=_identity(path, before, event, value),
            src=Src(path=path, nth=(last.nth if last else 0) + 1),
        )

    def _note_state(self, recorded: Recorded, path: str, nth: int) -> None:
        event, row = recorded.event, row_of(recorded.event)
        states = self._states.setdefault(path, {})
        before = states.get(row)
        states[row] = _Last(nth, recorded.id, before.id if before else "")
        if isinstance(event, PatternRecorded):
            self._rows.setdefault(path, {})[row] = event

    def reweighed(self, event: EpisodeRecorded, src: Src) -> Fact | None:
        """The fact that a known episode was given another importance."""
        if event.importance is None or event.episode not in self._importance:
            return None
        known, count = self._importance[event.episode]
        if event.importance == known:
            return None
        return Fact(
            event=EpisodeReweighed(episode=event.episode, importance=event.importance),
            identity=("reweighed", event.episode, count, repr(event.importance)),
            src=src,
        )


def row_of(event: Event | None) -> str:
    """The row of a table that an event tells; "" for a file of one value."""
    return event.pattern if isinstance(event, PatternRecorded) else ""


def told_time(event: Event, time: str | None) -> str:
    """The time of an event of the main stream; "" for any other event."""
    return (time or "") if isinstance(event, _MAIN_STREAM) else ""


def _identity(path: str, before: str, event: Event, value: str) -> tuple[str, ...]:
    return ("state", path, before, event.TYPE, value)
