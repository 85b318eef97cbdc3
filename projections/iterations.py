"""``iterations``: each iteration, how it ended, and the lessons of what failed."""

from __future__ import annotations

from collections.abc import Mapping

from lokid.projection import Answer
from projections.slots import Slot
from projections.view import View


class Iterations(View):
    """Takes no parameters."""

    name = "iterations"

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """All iterations, newest first in the order of the main stream."""
        self.join.settle()
        lessons: dict[tuple[int, int | None], dict[str, None]] = {}
        for one in reversed(self.join.failures()):
            lesson = self.lessons.of_failure(one)
            if lesson is not None:
                lessons.setdefault((one.place, one.iteration), {})[lesson.id] = None
        slots = reversed(self.join.timeline.slots)
        rows = [
            _row(slot, list(lessons.get((slot.run.index, slot.iteration), ())))
            for slot in slots
        ]
        return {"iterations": rows}


def _row(slot: Slot, lessons: list[str]) -> Answer:
    return {
        "run": slot.run.id,
        "iteration": slot.iteration,
        "started": slot.started.time if slot.started else None,
        "ended": slot.completed.time if slot.completed else None,
        "status": _status(slot),
        "exit_code": slot.exit_code,
        "phase": slot.phase,
        "failures": lessons,
    }


def _status(slot: Slot) -> str:
    """What the harness said, else ``interrupted`` or ``running``."""
    if slot.completed is not None:
        return slot.status or ("failed" if slot.failing else "completed")
    return "interrupted" if slot.cut_by else "running"
