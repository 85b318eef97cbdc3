"""The block's lines on recent failures, newest first, one line a key.

Failures of the current run count whatever their age, those of other runs for a
day.  Iteration failures come first, then frictions whose gate nobody knows,
then all red gates in one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lokid.prompt import one_line
from projections.failure import Failure
from projections.gates import gates_of, standing
from projections.join import Join
from projections.message import LIMIT, error_type, message
from projections.moment import HOUR, millis
from projections.slots import Run

_DAY = 24 * HOUR
_JOINT = "; "
_MORE = "..."


class Entry(NamedTuple):
    """One line, the lesson it tells (one of them, for gates) and its keys."""

    lesson: str
    text: str
    keys: frozenset[str]


def recent_lines(join: Join, now: str) -> list[Entry]:
    """All entries that may be shown, the most valuable first."""
    runs = recent_runs(join, now)
    found = [one for run in runs for one in _recent(join, run, now)]
    found.sort(key=lambda one: (one.time, one.id), reverse=True)
    entries = _entries(join, (one for one in found if one.of_iteration))
    entries += _entries(
        join, (one for one in found if one.kind == "friction" and not one.gate)
    )
    gates = _gates_line(join, runs, now)
    return [*entries, gates] if gates else entries


def current_run(join: Join) -> Run:
    """The run that is going on, else the last one."""
    return join.timeline.runs[-1]


def recent_runs(join: Join, now: str) -> list[Run]:
    """The current run, and those with a failure in the last day."""
    early, current = millis(now) - _DAY, current_run(join)
    return [
        run
        for run in join.timeline.runs
        if run is current or millis(join.newest(run)) >= early
    ]


def _recent(join: Join, run: Run, now: str) -> list[Failure]:
    found = join.of_run(run)
    if run is current_run(join):
        return list(found)
    early = millis(now) - _DAY
    return [one for one in found if millis(one.time) >= early]


def _entries(join: Join, failures: Iterable[Failure]) -> list[Entry]:
    newest: dict[str, Failure] = {}
    for one in failures:
        newest.setdefault(one.key.key, one)
    return [
        Entry(
            one.lesson,
            f"- {error_type(one)}: {message(one, join.count(key))}",
            frozenset({key}),
        )
        for key, one in newest.items()
    ]


def _gates_line(join: Join, runs: list[Run], now: str) -> Entry | None:
    """All red gates in one line, those that failed most often in a row first."""
    early, current = millis(now) - _DAY, current_run(join)
    red = []
    for gate in gates_of(join, runs):
        one = standing(join, gate)
        if not one.red or one.failed is None:
            continue
        if one.failed.place == current.index or millis(one.failed.time) >= early:
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
