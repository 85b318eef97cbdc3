"""The block's lines on recent failures, newest first, one line a lesson.

Failures of the current run count whatever their age, those of other runs for a
day.  Iteration failures come first, then frictions whose gate nobody knows,
then all red gates in one line.  What is known by a constant only (an exit code, a
signal) has the lines that known causes leave.

Red gates stop the work now, so three older failures may not hide them: their
line takes the place of the third when a gate failed later than that, or when it
failed three times in a row or more.

A lesson that does not speak (muted, ignored, resolved by a person, retired) has
no line.  Neither have two lessons that read the same: the newer one has it.
"""

from __future__ import annotations

from typing import NamedTuple

from lokid.prompt import one_line
from projections.failure import Failure
from projections.gates import Standing, gates_of, standing
from projections.here import current_run
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.message import LIMIT, EndingOf, reads, told
from projections.moment import HOUR, SECOND, millis, stamp
from projections.slots import Run

_DAY = 24 * HOUR
_JOINT = "; "
_MORE = "..."
_ASKED = 30  # of the newest lessons: whether they speak
_ENOUGH = 3  # lines, the last of which red gates may take
_ROW = 3  # failures in a row after which the harness itself escalates a gate


class Entry(NamedTuple):
    """One line: the lesson it tells (one of them, for gates), all of them, its text.

    ``reads`` is what is read of it, but for its numbers.
    """

    lesson: str
    text: str
    lessons: frozenset[str]
    reads: tuple[str, str] = ("", "")


class Recent(NamedTuple):
    """One failure, the newest of its lesson."""

    failure: Failure
    lesson: Lesson


def recent_lines(  # noqa: PLR0913  all that a block's first lines stand on
    join: Join,
    lessons: Lessons,
    ending: EndingOf,
    now: str,
    most: int,
    *,
    partial: bool = False,
) -> tuple[list[Entry], list[frozenset[str]]]:
    """The most valuable entries, at most so many, and the lessons of all of them.

    ``partial``: not everything that lies there was read.  Then what names no cause
    has none yet, perhaps, and no line.
    """
    newest = _newest(join, lessons, now)
    if partial:
        newest = [
            one for one in newest if not (one.lesson.weak or one.failure.key.weak)
        ]
    quiet = {
        one.lesson.id for one in newest[:_ASKED] if not lessons.speaks(one.lesson, now)
    }
    newest = [one for one in newest if one.lesson.id not in quiet]
    gates = _red_gates(join, lessons, now)
    shown = _unlike(newest, most)
    if gates and len(shown) == most >= _ENOUGH and _displaces(gates, shown[-1].failure):
        shown.pop()
    entries = [_entry(one, ending) for one in shown]
    if gates and len(entries) < most:
        entries.append(gates_entry(gates))
    known = [frozenset({one.lesson.id}) for one in newest]
    if gates:
        known.append(gates_entry(gates).lessons)
    return entries, known


def recent_runs(join: Join, now: str) -> list[Run]:
    """The current run, and those with a failure in the last day."""
    early, current = _day_before(now), current_run(join)
    return [
        run for run in join.timeline.runs if run is current or join.newest(run) >= early
    ]


def _entry(one: Recent, ending: EndingOf) -> Entry:
    text = told(one.failure, one.lesson.count, ending(one.lesson))
    return Entry(
        one.lesson.id, f"- {text}", frozenset({one.lesson.id}), reads(one.failure)[:2]
    )


def _unlike(newest: list[Recent], most: int) -> list[Recent]:
    """The first few that read like no newer one."""
    first: dict[tuple[str, str, str], Recent] = {}
    for one in newest:
        if len(first) >= most:
            break
        first.setdefault(reads(one.failure), one)
    return list(first.values())


def _newest(join: Join, lessons: Lessons, now: str) -> list[Recent]:
    """The newest failure of each lesson: those of iterations, then of frictions.

    A friction whose gate is known is told by that gate.
    """
    early, current = _day_before(now), current_run(join)
    first = min(early, _begin(current))
    iterations: list[Recent] = []
    frictions: list[Recent] = []
    for lesson in lessons.all():
        if lesson.newest.time < first:
            break
        failure = _newest_of(lesson, early, first, current)
        if failure is not None:
            kind = iterations if failure.of_iteration else frictions
            kind.append(Recent(failure, lesson))
    for found in (iterations, frictions):
        found.sort(key=_worth, reverse=True)
    return [*iterations, *frictions]


def _begin(run: Run) -> str:
    """No failure of a run is earlier, even where its clock went back."""
    return stamp(min(run.start, run.early) - SECOND) if run.index else ""


def _newest_of(lesson: Lesson, early: str, first: str, current: Run) -> Failure | None:
    """The newest failure of a lesson that counts, if it is no gate's."""
    for one in reversed(lesson.sightings):
        if one.time < first:
            break
        failure = one.failure
        if failure is None or failure.gate is not None:
            continue
        if failure.place == current.index or failure.time >= early:
            return failure
    return None


def _worth(one: Recent) -> tuple[bool, str, str]:
    """Known causes first: a constant such as a bare exit code teaches nothing."""
    return (not one.lesson.weak, one.failure.time, one.failure.id)


def _day_before(now: str) -> str:
    return stamp(millis(now) - _DAY)


# -- gates ---------------------------------------------------------------------


class RedGate(NamedTuple):
    """A gate that failed and did not pass since, and the lesson of that."""

    standing: Standing
    failed: Failure
    lesson: Lesson


def _red_gates(join: Join, lessons: Lessons, now: str) -> list[RedGate]:
    """The red gates, those that failed most often in a row first."""
    early, current = _day_before(now), current_run(join)
    runs = recent_runs(join, now)
    red = []
    for gate in gates_of(join, runs):
        one = standing(join, gate)
        if not one.red or one.failed is None:
            continue
        lesson = lessons.of_failure(one.failed)
        counts = one.failed.place == current.index or one.failed.time >= early
        if counts and lesson and lessons.speaks(lesson, now):
            red.append(RedGate(one, one.failed, lesson))
    return sorted(red, key=lambda one: (-one.standing.consecutive, one.standing.gate))


def _displaces(gates: list[RedGate], third: Failure) -> bool:
    """Whether red gates are worth more than the third failure."""
    row = gates[0].standing.consecutive
    return row >= _ROW or max(one.failed.time for one in gates) > third.time


def gates_entry(gates: list[RedGate]) -> Entry:
    """All red gates in one line, cut at a gate."""
    names = [
        one_line(one.standing.gate, 60)
        + (f" x{one.standing.consecutive}" if one.standing.consecutive > 1 else "")
        for one in gates
    ]
    shown = names[:1]
    for name in names[1:]:
        if len(_JOINT.join([*shown, name, _MORE])) > LIMIT:
            shown.append(_MORE)
            break
        shown.append(name)
    return Entry(
        gates[0].lesson.id,
        f"- gates: {_JOINT.join(shown)}",
        frozenset(one.lesson.id for one in gates),
    )
