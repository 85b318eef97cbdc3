"""What was said of each lesson, in which runs, and whether it came back there.

Told from the log's own records of what was said (``context.served``,
``check.served``, ``fix.served``) and of what was held out.  The unit is one
lesson in one run: iterations of a run are not independent of each other, and a
lesson is held out for a whole run or not at all.  A lesson *came back* when it
was seen in the iteration it was said in or a later one of that run (a fix is said
after the failure, so there only later ones count).

Promises: nothing is claimed below `LEAST` runs on each side; without hold-out
there is no second side, so a share is shown but nothing is concluded; only a
lesson that was held out can be called ``ineffective``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lokid.events import FixServed, Recorded, Served
from lokid.projection import Answer
from projections.interval import difference, wilson
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.moment import millis

LEAST = 8
"""Runs needed on each side before anything is said of a difference."""
INEFFECTIVE = "ineffective"
LOWEST, HIGHEST = 0.5, 1.25
"""How far a measured effect may move a lesson's rank."""


@dataclass(slots=True)
class _Trial:
    """One lesson in one run: from when on it was said, or left out."""

    told: bool = False
    held: bool = False
    moments: int = 0
    iteration: int | None = None
    since: str = ""


@dataclass(slots=True)
class Side:
    """What is known of one side: moments, runs, and in how many it came back."""

    moments: int = 0
    runs: int = 0
    back: int = 0

    def add(self, moments: int, *, back: bool) -> None:
        """Count one run."""
        self.moments += moments
        self.runs += 1
        self.back += back

    @staticmethod
    def sum(sides: Iterable[Side]) -> Side:
        """Several sides as one."""
        whole = Side()
        for one in sides:
            whole.moments += one.moments
            whole.runs += one.runs
            whole.back += one.back
        return whole

    def told(self) -> Answer:
        """The side as a part of an answer."""
        low, high = wilson(self.back, self.runs)
        share = round(self.back / self.runs, 4) if self.runs else None
        return {
            "moments": self.moments,
            "runs": self.runs,
            "came_back": self.back,
            "share": share,
            "interval": [round(low, 4), round(high, 4)],
        }


class Exposures:
    """See the module; a shared part of the views that need it."""

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        self._join = join
        self._lessons = lessons
        self._by_name: dict[str, dict[str, Recorded]] = {}
        self._held: set[str] = set()
        self._lifts: dict[str, tuple[tuple[object, ...], float]] = {}
        self._void: dict[str, tuple[tuple[object, ...], bool]] = {}

    def apply(self, recorded: Recorded) -> None:
        """Remember what was served; anything else is others' business."""
        event = recorded.event
        if isinstance(event, Served):
            self._held.update(event.held)
            for name in (*event.lessons, *event.held):
                self._by_name.setdefault(name, {})[recorded.id] = recorded

    def all(self) -> list[tuple[Lesson, Side, Side]]:
        """Every lesson that was said or held out, with its two sides."""
        known = {lesson.id: lesson for lesson in self._lessons.all()}
        names: dict[str, list[str]] = {}
        for name in self._by_name:
            lesson = known.get(name) or self._merged(name)
            if lesson is not None:
                known[lesson.id] = lesson
                names.setdefault(lesson.id, []).append(name)
        return [
            (known[name], *self._sides(known[name], of)) for name, of in names.items()
        ]

    def lift(self, lesson: Lesson) -> float:
        """What telling it was worth: 1 where nothing was measured.

        How much more often it came back untold than told, as a factor between
        `LOWEST` and `HIGHEST`; for ranking.
        """
        if lesson.id not in self._held:
            return 1.0
        made_for = self._made_for(lesson)
        known = self._lifts.get(lesson.id)
        if known is None or known[0] != made_for:
            known = (made_for, _lift(*self._sides(lesson, [lesson.id])))
            self._lifts[lesson.id] = known
        return known[1]

    def against(self, lesson: Lesson) -> Sequence[Recorded]:
        """What was served of a lesson that is ineffective, oldest first."""
        if lesson.id not in self._held:
            return ()
        made_for = self._made_for(lesson)
        known = self._void.get(lesson.id)
        if known is None or known[0] != made_for:
            void = verdict(*self._sides(lesson, [lesson.id])) == INEFFECTIVE
            known = self._void[lesson.id] = (made_for, void)
        served = self._by_name[lesson.id].values() if known[1] else ()
        return sorted(served, key=lambda one: (_when(one), one.id))

    def _made_for(self, lesson: Lesson) -> tuple[object, ...]:
        """Another one whenever more is known of what being told it did."""
        return (
            *(len(self._by_name[lesson.id]), len(self._join.timeline.runs)),
            *(lesson.count, lesson.newest.id),
        )

    def _sides(self, lesson: Lesson, names: Iterable[str]) -> tuple[Side, Side]:
        """Told and held out, over the runs."""
        exposed, held = Side(), Side()
        for place, trial in self._trials(names).items():
            if trial.told and trial.held:
                continue  # the setting was changed within the run: no evidence
            back = _came_back(lesson, place, trial)
            (exposed if trial.told else held).add(trial.moments, back=back)
        return exposed, held

    def _trials(self, names: Iterable[str]) -> dict[int, _Trial]:
        runs = {run.id: run.index for run in self._join.timeline.runs if run.id}
        served = {
            (_when(one), one.id): (one, name)
            for name in names
            for one in self._by_name[name].values()
        }
        found: dict[int, _Trial] = {}
        for _, (one, name) in sorted(served.items(), key=lambda item: item[0]):
            event = one.event
            if isinstance(event, Served):
                place = self._place(one, event, runs)
                told = name in event.lessons
                _note(found.setdefault(place, _Trial()), one, event, told=told)
        return found

    def _place(self, served: Recorded, event: Served, runs: Mapping[str, int]) -> int:
        """The index of the run in which it was said."""
        if event.run is not None and event.run in runs:
            return runs[event.run]
        return self._join.timeline.run_at(millis(event.now or served.time)).index

    def _merged(self, name: str) -> Lesson | None:
        found = self._lessons.find(name)
        return found[0] if len(found) == 1 else None


def _when(served: Recorded) -> str:
    event = served.event
    now = event.now if isinstance(event, Served) else None
    return now or served.time


def _note(trial: _Trial, served: Recorded, event: Served, *, told: bool) -> None:
    """Count a moment; the run's first one says from when on it is looked at."""
    trial.moments += 1
    trial.told |= told
    trial.held |= not told
    if trial.moments > 1:
        return
    trial.since = event.now or served.time
    if event.iteration is not None:
        trial.iteration = event.iteration + isinstance(event, FixServed)


def _came_back(lesson: Lesson, place: int, trial: _Trial) -> bool:
    """Whether it was seen in that run after it had been said, or held out."""
    return any(
        seen.iteration >= trial.iteration
        if seen.iteration is not None and trial.iteration is not None
        else seen.time > trial.since
        for seen in lesson.sightings
        if seen.place == place
    )


def _lift(exposed: Side, held: Side) -> float:
    if min(exposed.runs, held.runs) < LEAST:
        return 1.0
    untold = (held.back + 1) / (held.runs + 2)
    told = (exposed.back + 1) / (exposed.runs + 2)
    return min(HIGHEST, max(LOWEST, 1 + untold - told))


def verdict(exposed: Side, held: Side) -> str:
    """What may be said of two sides; never more than they show."""
    fewest = min(exposed.runs, held.runs) if held.runs else exposed.runs
    if fewest < LEAST:
        return f"too few to say ({fewest} of {LEAST})"
    if not held.runs:
        return "no hold-out: nothing to compare with"
    low, high = difference(exposed.back, exposed.runs, held.back, held.runs)
    if high < 0:
        return "comes back less"
    if low > 0 or exposed.back * held.runs >= held.back * exposed.runs:
        return INEFFECTIVE
    return "no difference shown"
