"""All runs as the fixes need them: trails, remembered edits, how usual things are.

Asked again after a new event, only the runs that it changed are read again.
"""

from __future__ import annotations

from collections.abc import Iterator

from lokid.events import EpisodeRecorded, Recorded
from projections.fix_records import Edited
from projections.fix_trails import Trail
from projections.fix_usage import Tally, Usage
from projections.join import Join
from projections.moment import at
from projections.slots import Run

_NO_TRAIL = Trail(())


class Trails:
    """The trails of all runs; ``edition`` rises when one of them changed."""

    def __init__(self, join: Join, until: str = "") -> None:
        """``join`` is shared; ``until``: nothing later counts."""
        self.edition = 0
        self.usage = Usage()
        self._join = join
        self._until = until
        self._stamps: dict[int, object] = {}
        self._trails: dict[int, Trail] = {}
        self._edits: dict[int, dict[int, Edited]] = {}
        self._tallies: dict[int, Tally] = {}
        self._heard = -1
        self._then: Trails | None = None

    def until(self, moment: str) -> Trails:
        """The same as it was known at a moment; the last one asked for is kept."""
        if self._then is None or self._then._until != moment:  # noqa: SLF001  its own kind
            self._then = Trails(self._join, moment)
        self._then.settle()
        return self._then

    def knows(self, time: str) -> bool:
        """Whether what happened then counts."""
        return not self._until or time <= self._until

    def of(self, place: int) -> Trail:
        """The trail of a run."""
        return self._trails.get(place, _NO_TRAIL)

    def edits(self, place: int) -> dict[int, Edited]:
        """What the harness remembers of a run's edits, by iteration."""
        return self._edits.get(place, {})

    def run(self, place: int) -> Run:
        """The run itself."""
        return self._join.timeline.runs[place]

    def settle(self) -> None:
        """Take in what was done since the last time."""
        if self._heard == self._join.heard:
            return
        self._join.settle()
        self._heard = self._join.heard
        for run in self._join.timeline.runs:
            told = self._join.ledger.count_about(run, EpisodeRecorded)
            made = self._join.tried.editions.get(run.index)
            stamp = (run, len(run.slots), made, told)
            if self._stamps.get(run.index) != stamp:
                self._stamps[run.index] = stamp
                self._take_in(run)
        for place in [one for one in self._stamps if one > run.index]:
            self.usage.take_back(self._tallies.pop(place))
            del self._stamps[place], self._trails[place], self._edits[place]
            self.edition += 1

    def _take_in(self, run: Run) -> None:
        place, attempts = run.index, self._join.tried.of_run(run.index)
        if self._until:
            attempts = [one for one in attempts if self.knows(one.time)]
        edits = self._edits_of(run)
        known = self.of(place)
        same = known.attempts == attempts and self.edits(place) == edits
        if same and place in self._tallies:
            return
        self.edition += 1
        if place in self._tallies:
            self.usage.take_back(self._tallies[place])
        self._trails[place] = Trail(attempts)
        self._edits[place] = edits
        self._tallies[place] = Tally(attempts, edits)
        self.usage.add(self._tallies[place])

    def _episodes(self, run: Run) -> Iterator[Recorded]:
        """What was remembered near a run, by now or until the moment asked for."""
        for recorded in self._join.ledger.about(run, EpisodeRecorded):
            if self.knows(recorded.time):
                yield recorded

    def _edits_of(self, run: Run) -> dict[int, Edited]:
        """The edits of a run by iteration; of two episodes of one, the first."""
        found: dict[int, Edited] = {}
        for recorded in self._episodes(run):
            event = recorded.event
            if not isinstance(event, EpisodeRecorded) or event.iteration is None:
                continue
            slot = self._join.timeline.numbered(event.iteration, at(recorded))
            if slot is not None and slot.run is run and event.files:
                edited = Edited(event.files, event.commit, recorded.seq)
                found.setdefault(slot.iteration, edited)
        return found
