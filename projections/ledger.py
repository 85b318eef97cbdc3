"""Which run each fact is looked for in.

A fact of the main stream stands in a run's part of that stream, and a
trust-event names its run's process: both are filed under their run.  All else
is filed by time alone, and the run that asks decides whether a fact near its
edges is its own.  Filing again gives the same as filing once, in any order.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from lokid.events import Event, GateFailed, Recorded, RunStarted
from projections.changes import ALL, Changes
from projections.moment import at
from projections.slots import Run
from projections.timeline import Timeline

_RUN_ID = re.compile(r"run-\d+-(\d+)-\w+")

Timed = tuple[int, str, Recorded]


def pid_of(recorded: Recorded) -> int | None:
    """The harness's process that a fact names by its run id."""
    event = recorded.event
    if not isinstance(event, GateFailed) or event.run_id is None:
        return None
    found = _RUN_ID.fullmatch(event.run_id)
    return int(found[1]) if found else None


class Ledger:
    """Facts by run or by time, each under its event class."""

    def __init__(self, timeline: Timeline) -> None:
        """``timeline`` is shared; it is settled before `settle` is called."""
        self._timeline = timeline
        self._new: list[Recorded] = []
        self._filed: list[Recorded] = []
        self._by_run: dict[int, dict[type[Event], list[Recorded]]] = {}
        self._by_time: dict[type[Event], list[Timed]] = {}
        self._furthest: dict[str, int] = {}
        self._pids: set[int] = set()
        self._unplaced: set[str] = set()  # files not known as streams when filed

    def add(self, recorded: Recorded) -> None:
        """Take a fact in; it is filed at the next `settle`."""
        self._new.append(recorded)

    def heed(self, told: Recorded) -> bool:
        """Whether an event of the main stream changes what is filed already.

        The first of its file does, when facts of that file came before it; a run
        that starts does, when facts of its process or of its part of the file did.
        """
        event, source = told.event, told.src
        if source.generation in self._unplaced:
            return True
        if not isinstance(event, RunStarted):
            return False
        if (event.pid or 0) in self._pids:
            return True
        furthest = self._furthest.get(source.generation or "")
        return furthest is not None and (source.offset or 0) < furthest

    def settle(self, changes: Changes, *, again: bool) -> None:
        """File what is new, or all of it ``again``, and mark the runs it touches."""
        if again:
            self._new = self._filed + self._new
            self._filed, self._by_run, self._by_time = [], {}, {}
            self._unplaced.clear()
        for recorded in self._new:
            self._file(recorded, changes)
        self._filed += self._new
        self._new = []

    def _file(self, recorded: Recorded, changes: Changes) -> None:
        source, kind = recorded.src, type(recorded.event or Event())
        moment = at(recorded)
        pid = pid_of(recorded)
        run: Run | None = None
        if self._timeline.knows(source.generation):
            run = self._timeline.run_of_position(recorded)
            key = source.generation or ""
            self._furthest[key] = max(self._furthest.get(key, 0), source.offset or 0)
        else:
            if source.generation is not None:
                self._unplaced.add(source.generation)
            if pid is not None:
                self._pids.add(pid)
                run = self._timeline.run_of_pid(pid, moment)
        if run is not None:
            self._by_run.setdefault(run.index, {}).setdefault(kind, []).append(recorded)
            changes.mark(run.index, moment)
            return
        insort(
            self._by_time.setdefault(kind, []),
            (moment, recorded.id, recorded),
            key=lambda timed: timed[:2],
        )
        for run in self._timeline.runs_near(moment):
            changes.mark(run.index, moment)

    def filed(self, run: Run, kind: type[Event]) -> list[Recorded]:
        """The facts of a class that stand in a run's part of the stream."""
        return self._by_run.get(run.index, {}).get(kind, [])

    def filed_since(
        self, run: Run, kind: type[Event], since: int
    ) -> Iterator[Recorded]:
        """Of what is `filed`, what happened at a moment or later."""
        return (one for one in self.filed(run, kind) if at(one) >= since)

    def about(
        self, run: Run, kind: type[Event], since: int = ALL
    ) -> Iterator[Recorded]:
        """Facts of a class from a second before a run to a second after it.

        ``since``: only those of this moment or later.
        """
        timed = self._by_time.get(kind, [])
        early, late = self._timeline.span(run)
        first = bisect_left(timed, max(since, early), key=lambda one: one[0])
        for _, _, recorded in timed[first : bisect_right(timed, late, key=_moment)]:
            yield recorded

    def count_about(self, run: Run, kind: type[Event]) -> tuple[int, int, int]:
        """Where `about` looks and how much it gives: facts come, none ever goes.

        As long as this and the run are the same, so is what `about` gives.
        """
        timed = self._by_time.get(kind, [])
        early, late = self._timeline.span(run)
        first = bisect_left(timed, early, key=_moment)
        return early, late, bisect_right(timed, late, key=_moment) - first

    def every(self, kind: type[Event]) -> list[Recorded]:
        """All facts of a class, wherever they are filed."""
        known = [one for runs in self._by_run.values() for one in runs.get(kind, [])]
        return known + [timed[2] for timed in self._by_time.get(kind, [])]


def _moment(timed: Timed) -> int:
    return timed[0]
