"""``gates``: which gates are red, for how long, and when each last passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lokid.projection import Answer
from projections.failure import Failure
from projections.gate_cells import Told
from projections.join import Join
from projections.slots import Run
from projections.view import View


class Standing(NamedTuple):
    """Where a gate stands: failures in a row, the last one, the last pass."""

    gate: str
    consecutive: int
    failed: Failure | None
    passed: str | None

    @property
    def red(self) -> bool:
        """Whether it failed and has not passed since."""
        return self.consecutive > 0


class Gates(View):
    """Takes no parameters."""

    name = "gates"

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """Every gate that was told of: the red ones first, by name."""
        self.join.settle()
        runs = self.join.timeline.runs
        found = [standing(self.join, gate) for gate in gates_of(self.join, runs)]
        found.sort(key=lambda one: (not one.red, one.gate))
        return {"gates": [_row(one) for one in found]}


def _row(one: Standing) -> Answer:
    return {
        "gate": one.gate,
        "state": "red" if one.red else "green",
        "consecutive": one.consecutive,
        "last_failed": one.failed.time if one.failed else None,
        "last_passed": one.passed,
        "run": one.failed.run if one.failed else None,
        "iteration": one.failed.iteration if one.failed else None,
    }


def gates_of(join: Join, runs: Iterable[Run]) -> set[str]:
    """The gates that failed or passed in these runs."""
    found: set[str] = set()
    for run in runs:
        known = join.gates(run)
        found |= {cell.gate for cell in known.fails} | set(known.passes)
    return found


def standing(join: Join, gate: str) -> Standing:
    """Where a gate stands, counted back to the last run in which it passed."""
    consecutive, last = 0, None
    for run in reversed(join.timeline.runs):
        view = join.of_run(run)
        failed = view.gates.get(gate, {}).values() if view else ()
        passed = join.gates(run).newest_pass(gate)
        newest = max(failed, key=lambda one: (one.time, one.id), default=None)
        last = last or newest
        if passed is None:
            consecutive += len(failed)
            continue
        consecutive += sum(1 for one in failed if not _before(one, passed))
        return Standing(gate, consecutive, last, passed.recorded.time)
    return Standing(gate, consecutive, last, None)


def _before(failure: Failure, passed: Told) -> bool:
    """Whether a gate passed after it failed; within an iteration it did not."""
    if failure.iteration is not None and passed.iteration is not None:
        return failure.iteration < passed.iteration
    return failure.time < passed.recorded.time
