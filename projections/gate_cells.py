"""What witnesses say of gates, collected by run: one cell a gate and iteration."""

from __future__ import annotations

from typing import NamedTuple

from lokid.events import Recorded, ReviewCompleted
from projections.slots import Slot

REVIEW_GATE = "code_review"
RANKS = {"trust": 0, "review": 1, "stage": 2, "evidence": 3, "counter": 4}
"""Witnesses, best first; the best one gives a failure its time."""


class Told(NamedTuple):
    """One witness of one gate's outcome in one iteration (None: not known)."""

    gate: str
    iteration: int | None
    failed: bool
    rank: int
    moment: int
    recorded: Recorded
    slot: Slot | None = None

    @property
    def by_counter(self) -> bool:
        """Whether it is known from the counter, hence at the time of reading."""
        return self.rank == RANKS["counter"]


class Cell(NamedTuple):
    """Which gate, in which iteration; ``part`` parts runs that are not known."""

    iteration: int | None
    gate: str
    part: str = ""


class RunGates:
    """What is known of the gates of one run."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.fails: dict[Cell, list[Told]] = {}
        self.passes: dict[str, list[Told]] = {}
        self._floating: list[tuple[Told, Cell]] = []
        self._newest: dict[str, Told | None] = {}

    def add(self, told: Told, cell: Cell) -> None:
        """Take one witness in."""
        if told.failed:
            self.fails.setdefault(cell, []).append(told)
        else:
            self.passes.setdefault(told.gate, []).append(told)
            self._newest.pop(told.gate, None)

    def float(self, told: Told, cell: Cell) -> None:
        """Take one witness in whose place may change when more is known."""
        self._floating.append((told, cell))
        self.add(told, cell)

    def lift(self, since: int) -> set[Cell]:
        """Take back the floating witnesses since a moment; gives their cells."""
        lifted = [one for one in self._floating if one[0].moment >= since]
        self._floating = [one for one in self._floating if one[0].moment < since]
        touched = set()
        for told, cell in lifted:
            if told.failed:
                self.fails[cell].remove(told)
                touched.add(cell)
            else:
                self.passes[told.gate].remove(told)
                self._newest.pop(told.gate, None)
        for cell in touched:
            if not self.fails[cell]:
                del self.fails[cell]
        return touched

    def newest_pass(self, gate: str) -> Told | None:
        """The last time a gate passed, by iteration where it is known."""
        if gate not in self._newest:
            self._newest[gate] = max(
                self.passes.get(gate, ()),
                key=lambda one: (one.iteration or 0, one.moment, one.recorded.id),
                default=None,
            )
        return self._newest[gate]

    def reviews(self) -> dict[int, bool]:
        """By iteration, whether a review blocked."""
        passed = [told.iteration for told in self.passes.get(REVIEW_GATE, ())]
        found = {number: False for number in passed if number is not None}
        for cell, witnesses in self.fails.items():
            told = any(
                isinstance(one.recorded.event, ReviewCompleted) for one in witnesses
            )
            if cell.gate == REVIEW_GATE and cell.iteration is not None and told:
                found[cell.iteration] = True
        return found
