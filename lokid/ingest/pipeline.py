"""Redact, key, deduplicate, sort, append, fold: the one corridor.

Whatever proposes a fact (a scan, a command) ends here.  Nothing unredacted
passes: `redact.guard` holds every string to its kind.  A batch of new facts is
sorted by its own time before it is appended, so that a cold start reads like
the history it was.

A state file does not say when its value came about.  Its fact gets the newest
time that the harness's main stream told by the end of the same scan (a cold
tree is read long after it happened, and its machine's clock may be another),
else the time of reading.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import msgspec

from lokid import clock, redact
from lokid.config import REJECTS_AN_HOUR
from lokid.errors import EventRefused
from lokid.events import Event, Fact, Recorded, SourceRejected, SourceSkipped
from lokid.ingest.index import Index, told_time
from lokid.ingest.rejections import Rejections
from lokid.log import event_id

Append = Callable[[Sequence[tuple[str, Fact]], str], list[Recorded]]
"""What makes a batch part of the log and of the read models."""


class Pipeline:
    """Collects facts and appends them in batches.

    ``skipping`` is the knob: facts are then marked seen, not captured.
    """

    def __init__(
        self,
        index: Index,
        append: Append,
        batch: int,
        rejects: int = REJECTS_AN_HOUR,
        *,
        skipping: bool = False,
    ) -> None:
        self._rejections = Rejections(rejects)
        self._index = index
        self._append = append
        self._batch = batch
        self._skipping = skipping
        self._waiting: dict[str, Fact] = {}
        self._undated: dict[str, Fact] = {}

    @property
    def rejected(self) -> dict[str, int]:
        """Rejections by source, the untold ones too."""
        return self._rejections.by_source

    def propose(self, source: str, fact: Fact) -> None:
        """Take a fact if it is new; append when a batch is full."""
        self.accept(source, event_id(fact.identity), fact)

    def accept(self, source: str, key: str, fact: Fact) -> None:
        """The same for a fact whose id is known already."""
        if key in self._index or key in self._waiting or key in self._undated:
            return
        if self._skipping:
            if isinstance(fact.event, SourceRejected):
                return
            event: Event = SourceSkipped(source=source, reason="knob_off")
        else:
            if isinstance(fact.event, SourceRejected):
                told = self._rejections.pass_on(source, fact)
                if told is None:
                    return
                if told is not fact:
                    key, fact = event_id(told.identity), told
            event = redact.guard(fact.event)
        src = redact.place_of(fact.src)
        clean = msgspec.structs.replace(fact, event=event, src=src)
        if src.nth is not None and fact.time is None:
            self._undated[key] = clean  # dated by what the whole scan finds
            return
        self._waiting[key] = clean
        if len(self._waiting) >= self._batch:
            batch, self._waiting = self._waiting, {}
            self._write(batch.items())

    def flush(self) -> int:
        """Append what waits, oldest first; return how many facts it was.

        Raises what the log raises; the facts then stay where they came from.
        """
        batch = [*self._dated(), *self._waiting.items()]
        self._waiting, self._undated = {}, {}
        self._write(batch)
        return len(batch)

    def _write(self, facts: Collection[tuple[str, Fact]]) -> None:
        if not facts:
            return
        at = clock.now()
        batch = sorted(facts, key=lambda item: item[1].time or at)
        try:
            self._take(batch, at)
        except EventRefused:
            for key, fact in batch:
                self._take_alone(key, fact, at)

    def _take(self, batch: Sequence[tuple[str, Fact]], at: str) -> None:
        for recorded in self._append(batch, at):
            self._index.note(recorded)

    def _take_alone(self, key: str, fact: Fact, at: str) -> None:
        """A fact that fits no line must not keep the others out of the log."""
        try:
            self._take([(key, fact)], at)
        except EventRefused:
            event = SourceRejected(source=fact.event.TYPE, reason="too_large")
            src = msgspec.structs.replace(fact.src, nth=None)
            refused = msgspec.structs.replace(fact, event=event, src=src)
            self._take([(key, refused)], at)

    def _dated(self) -> Iterator[tuple[str, Fact]]:
        """The states; each takes the harness's own time, where one is known."""
        times = [told_time(fact.event, fact.time) for fact in self._waiting.values()]
        newest = max([self._index.told, *times]) or None
        for key, fact in self._undated.items():
            yield key, msgspec.structs.replace(fact, time=newest)
