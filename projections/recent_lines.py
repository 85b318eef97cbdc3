"""The block's lines on recent failures, newest first, one line a key.

Failures of the current run count whatever their age, those of other runs for a
day.  Iteration failures come first, then frictions whose gate nobody knows,
then all red gates in one line.
"""

from __future__ import annotations

from typing import NamedTuple

from lokid.prompt import one_line
from projections.failure import Failure
from projections.gates import gates_of, standing
from projections.join import Join
from projections.message import LIMIT, told
from projections.moment import HOUR, millis, stamp
from projections.slots import Run

_DAY = 24 * HOUR
_JOINT = "; "
_MORE = "..."


class Entry(NamedTuple):
    """One line, the lesson it tells (one of them, for gates) and its keys."""

    lesson: str
    text: str
    keys: frozenset[str]


def recent_lines(
    join: Join, now: str, most: int
) -> tuple[list[Entry], list[frozenset[str]]]:
    """The most valuable entries, at most so many, and the keys of all of them."""
    runs = recent_runs(join, now)
    newest = _newest(join, runs, now)
    shown = [
        Entry(
            one.lesson,
            f"- {told(one, join.count(one.key.key))}",
            frozenset({one.key.key}),
        )
        for one in newest[:most]
    ]
    gates = _gates_line(join, runs, now)
    if gates and len(shown) < most:
        shown.append(gates)
    known = [frozenset({one.key.key}) for one in newest]
    return shown, [*known, gates.keys] if gates else known


def current_run(join: Join) -> Run:
    """The run that is going on, else the last one."""
    return join.timeline.runs[-1]


def recent_runs(join: Join, now: str) -> list[Run]:
    """The current run, and those with a failure in the last day."""
    early, current = _day_before(now), current_run(join)
    return [
        run for run in join.timeline.runs if run is current or join.newest(run) >= early
    ]


def _newest(join: Join, runs: list[Run], now: str) -> list[Failure]:
    """The newest failure of each key: those of iterations, then of frictions.

    A friction whose gate is known is told by that gate.
    """
    early, current = _day_before(now), current_run(join)
    iterations: dict[str, Failure] = {}
    frictions: dict[str, Failure] = {}
    for run in runs:
        view = join.of_run(run)
        if view is None:
            continue
        since = "" if run is current else early
        for failure in (*view.of_slots.values(), *view.strays.values()):
            _keep_newer(iterations, failure, since)
        for failure in view.frictions.values():
            if failure.gate is None:
                _keep_newer(frictions, failure, since)
    return [*_sorted(iterations), *_sorted(frictions)]


def _keep_newer(newest: dict[str, Failure], one: Failure, since: str) -> None:
    known = newest.get(one.key.key)
    if one.time >= since and (known is None or _order(known) < _order(one)):
        newest[one.key.key] = one


def _sorted(newest: dict[str, Failure]) -> list[Failure]:
    return sorted(newest.values(), key=_order, reverse=True)


def _order(one: Failure) -> tuple[str, str]:
    return (one.time, one.id)


def _day_before(now: str) -> str:
    return stamp(millis(now) - _DAY)


def _gates_line(join: Join, runs: list[Run], now: str) -> Entry | None:
    """All red gates in one line, those that failed most often in a row first."""
    early, current = _day_before(now), current_run(join)
    red = []
    for gate in gates_of(join, runs):
        one = standing(join, gate)
        if not one.red or one.failed is None:
            continue
        if one.failed.place == current.index or one.failed.time >= early:
            red.append((-one.consecutive, gate, one.failed))
    if not red:
        return None
    red.sort(key=lambda one: one[:2])
    names = [
        one_line(gate, 60) + (f" x{-count}" if count < -1 else "")
        for count, gate, _ in red
    ]
    shown = names[:1]
    for name in names[1:]:
        if len(_JOINT.join([*shown, name, _MORE])) > LIMIT:
            shown.append(_MORE)
            break
        shown.append(name)
    return Entry(
        red[0][2].lesson,
        f"- gates: {_JOINT.join(shown)}",
        frozenset(failed.key.key for _, _, failed in red),
    )
