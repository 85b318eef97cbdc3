"""``effect``: whether being told a lesson changes how often it comes back.

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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lokid.events import FixServed, Recorded, Served
from lokid.projection import Answer
from projections.interval import difference, wilson
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.moment import millis
from projections.view import View, number

LEAST = 8
"""Runs needed on each side before anything is said of a difference."""


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


class Effect(View):
    """Parameters: ``limit``."""

    name = "effect"

    def __init__(self, join: Join, lessons: Lessons) -> None:
        super().__init__(join, lessons)
        self._served: dict[str, Recorded] = {}

    def apply(self, recorded: Recorded) -> None:
        """Remember what was served; anything else is others' business."""
        event = recorded.event
        if isinstance(event, Served) and (event.lessons or event.held):
            self._served[recorded.id] = recorded

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """By lesson, those said most often first, and over all of them."""
        trials = self._trials()
        rows, overall = [], (Side(), Side())
        for lesson, by_run in trials.values():
            exposed, held = Side(), Side()
            for place, trial in by_run.items():
                if trial.told and trial.held:
                    continue  # the setting was changed within the run: no evidence
                back = _came_back(lesson, place, trial)
                side = 0 if trial.told else 1
                (exposed, held)[side].add(trial.moments, back=back)
                overall[side].add(trial.moments, back=back)
            rows.append(_row(lesson, exposed, held))
        rows.sort(key=lambda row: (-row["exposed"]["moments"], row["lesson"]))
        return {
            "least": LEAST,
            "overall": _compared(*overall),
            "lessons": rows[: number(params, "limit", len(rows))],
        }

    def _trials(self) -> dict[str, tuple[Lesson, dict[int, _Trial]]]:
        self.lessons.settle()
        known = {lesson.id: lesson for lesson in self.lessons.all()}
        runs = {run.id: run.index for run in self.join.timeline.runs if run.id}
        found: dict[str, tuple[Lesson, dict[int, _Trial]]] = {}
        for served, event in self._in_order():
            place = self._place(served, event, runs)
            for name, told in _said(event):
                lesson = known.get(name) or self._merged(name)
                if lesson is None:
                    continue
                _, by_run = found.setdefault(lesson.id, (lesson, {}))
                _note(by_run.setdefault(place, _Trial()), served, event, told=told)
        return found

    def _in_order(self) -> Iterator[tuple[Recorded, Served]]:
        for one in sorted(self._served.values(), key=_order):
            if isinstance(one.event, Served):
                yield one, one.event

    def _place(self, served: Recorded, event: Served, runs: Mapping[str, int]) -> int:
        """The index of the run in which it was said."""
        if event.run is not None and event.run in runs:
            return runs[event.run]
        return self.join.timeline.run_at(millis(event.now or served.time)).index

    def _merged(self, name: str) -> Lesson | None:
        found = self.lessons.find(name)
        return found[0] if len(found) == 1 else None


def _order(served: Recorded) -> tuple[str, str]:
    event = served.event
    now = event.now if isinstance(event, Served) else None
    return (now or served.time, served.id)


def _said(event: Served) -> Iterator[tuple[str, bool]]:
    """The lessons of one record, and whether they were said or held out."""
    yield from ((name, True) for name in dict.fromkeys(event.lessons))
    yield from ((name, False) for name in dict.fromkeys(event.held))


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


def _row(lesson: Lesson, exposed: Side, held: Side) -> Answer:
    return {
        "lesson": lesson.id,
        "family": lesson.family,
        "error_type": lesson.error_type,
        **_compared(exposed, held),
    }


def _compared(exposed: Side, held: Side) -> Answer:
    low, high = difference(exposed.back, exposed.runs, held.back, held.runs)
    enough = min(exposed.runs, held.runs) >= LEAST
    return {
        "exposed": exposed.told(),
        "held_out": held.told(),
        "difference": [round(low, 4), round(high, 4)] if enough else None,
        "verdict": verdict(exposed, held),
    }


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
        return "ineffective"
    return "no difference shown"
