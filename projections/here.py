"""Where the agent stands that asks: its run, its iteration, its session.

The run is the one that goes on (else the last).  The iteration is the one that
was given, else that of the newest slot, or the next where that is completed: the
block is asked for before the iteration starts, a check while it goes on.

An agent session is a hook's session id, else the iteration.  Where neither is
known (no harness, no hook), nobody can tell one agent from the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from projections.join import Join
from projections.moment import phase_of
from projections.slots import Run


class Here(NamedTuple):
    """Where one question is asked.  ``place`` is the run's index."""

    run: str | None
    place: int
    iteration: int | None
    phase: str | None
    session: str | None = None


def here(join: Join, params: Mapping[str, str]) -> Here:
    """Where the agent stands, by the join and by what it says of itself."""
    join.settle()
    run = current_run(join)
    iteration = _stated(params.get("iteration", ""))
    if iteration is None:
        iteration = _next_iteration(run)
    phase = params.get("phase", "").upper() or None
    if phase is None and iteration is not None:
        phase = phase_of(iteration)
    return Here(run.id, run.index, iteration, phase, params.get("session") or None)


def current_run(join: Join) -> Run:
    """The run that is going on, else the last one."""
    return join.timeline.runs[-1]


def _next_iteration(run: Run) -> int | None:
    """The iteration that goes on, or the one that comes next; None without a run."""
    if not run.slots:
        return 1 if run.index else None
    newest = run.slots[-1]
    return newest.iteration + (newest.complete is not None)


def _stated(text: str) -> int | None:
    plain = text.isascii() and text.isdigit()
    return int(text[:9]) if plain else None
