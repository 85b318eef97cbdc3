"""The read models of one workspace: folds events, answers queries.

One lock orders folding and asking, so an answer always stands on one position
of the log, which it names (``as_of_seq``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from lokid import clock
from lokid.config import Settings
from lokid.errors import UsageError
from lokid.events import Event, LogRepaired, Recorded, SourceRejected
from lokid.projection import Answer, Projection

Fold = Callable[[Recorded], None]

SCHEMA = 1
"""Version of every JSON answer; changes only add."""
_BLOCK_SETTINGS = (
    "recent_lines",
    "prior_lines",
    "council_lines",
    "max_bytes",
    "holdout_percent",
)
_COUNTED: tuple[type[Event], ...] = (SourceRejected, LogRepaired)


class Views:
    """All projections at one position; `fold` and `query` from any thread."""

    def __init__(self, projections: Sequence[Projection], settings: Settings) -> None:
        """``settings`` fill in what a request does not say about what is told."""
        self._by_name = {view.name: view for view in projections}
        self._hearing = _Hearing(self._by_name.values(), self._count)
        self.heed(settings)
        self._lock = threading.RLock()
        self.seq = 0
        self.crc = ""
        self.repaired = 0
        self.rejected: dict[str, int] = {}

    def heed(self, settings: Settings) -> None:
        """Let these settings fill in what a request does not say from now on."""
        self._defaults = {key: str(getattr(settings, key)) for key in _BLOCK_SETTINGS}

    def fold(self, batch: Sequence[Recorded]) -> None:
        """Fold lines of the log, in order of seq."""
        with self._lock:
            for recorded in batch:
                for fold in self._hearing[type(recorded.event)]:
                    fold(recorded)
                self.seq, self.crc = recorded.seq, recorded.crc

    def all(self) -> Sequence[Projection]:
        """The read models, in the order in which they fold."""
        return tuple(self._by_name.values())

    def position(self) -> tuple[int, str]:
        """The last folded seq and its crc; only for the thread that folds."""
        return self.seq, self.crc

    def query(
        self, name: str, params: Mapping[str, str], *, stale: bool, reason: str | None
    ) -> Answer:
        """The answer of one projection, with its position and freshness.

        Raises UsageError for an unknown name or a ``now`` that is no time.
        """
        view = self._by_name.get(name)
        if view is None:
            message = f"there is no projection named {name}"
            raise UsageError(message, "known: " + ", ".join(self._by_name))
        wanted = {**self._defaults, **params}
        now = _now(wanted.get("now"))
        with self._lock:
            told = view.query(wanted, now)
            head = {"schema": SCHEMA, "as_of_seq": self.seq}
        return {**head, "stale": stale, "reason": reason, **told}

    def _count(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, SourceRejected):
            self.rejected[event.source] = self.rejected.get(event.source, 0) + 1
        elif isinstance(event, LogRepaired):
            self.repaired += 1


class _Hearing(dict[type, tuple[Fold, ...]]):
    """Who folds the events of a class, in order; found out at its first event."""

    def __init__(self, views: Iterable[Projection], count: Fold) -> None:
        """``count`` hears what `_COUNTED` names, after all ``views``."""
        super().__init__()
        self._all: list[tuple[tuple[type[Event], ...], Fold]]
        self._all = [(view.hears, view.apply) for view in views]
        self._all.append((_COUNTED, count))

    def __missing__(self, kind: type) -> tuple[Fold, ...]:
        known = kind if issubclass(kind, Event) else Event  # None: not known to us
        found = tuple(fold for hears, fold in self._all if issubclass(known, hears))
        self[kind] = found
        return found


def _now(given: str | None) -> str:
    if given is None:
        return clock.now()
    parsed = clock.parse(given)
    if parsed is None:
        message = f"--now {given} is not a time"
        raise UsageError(message, "write it like 2026-01-31T12:00:00Z")
    return parsed
