"""All runs as the fixes need them: trails, remembered edits, how usual things are.

Asked again after a new event, only the runs that it changed are read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lokid.events import EpisodeRecorded
from projections.fix_endings import Edited
from projections.fix_trails import Trail
from projections.fix_usage import Tally, Usage
from projections.join import Join
from projections.moment import at
from projections.slots import Run

if TYPE_CHECKING:
    from projections.attempts import Attempt

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
        self._seq = -1

    def until(self, moment: str) -> Trails:
        """The same as it was known at a moment."""
        then = Trails(self._join, moment)
        then.settle()
        return then

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
        if self._seq == self._join.seq:
            return
        self._join.settle()
        self._seq = self._join.seq
        by_run: dict[int, list[Attempt]] = {}
        for one in getattr(self._join, "attempts", tuple)():
            if not self._until or one.time <= self._until:
                by_run.setdefault(one.place, []).append(one)
        for run in self._join.timeline.runs:
            self._settle_run(run, by_run.get(run.index, []))

    def _settle_run(self, run: Run, attempts: list[Attempt]) -> None:
        edits = self._edits_of(run)
        place, known = run.index, self.of(run.index)
        if known.attempts == attempts and self.edits(place) == edits:
            return
        self.edition += 1
        if place in self._tallies:
            self.usage.take_back(self._tallies[place])
        self._trails[place] = Trail(attempts)
        self._edits[place] = edits
        self._tallies[place] = Tally(attempts, edits)
        self.usage.add(self._tallies[place])

    def _edits_of(self, run: Run) -> dict[int, Edited]:
        found: dict[int, Edited] = {}
        timeline = self._join.timeline
        for recorded in self._join.ledger.about(run, EpisodeRecorded):
            event = recorded.event
            if not isinstance(event, EpisodeRecorded) or event.iteration is None:
                continue
            slot = timeline.numbered(event.iteration, at(recorded))
            if slot is None or slot.run is not run or not event.files:
                continue
            if not self._until or recorded.time <= self._until:
                edited = Edited(event.files, event.commit, recorded.seq)
                found.setdefault(slot.iteration, edited)
        return found
