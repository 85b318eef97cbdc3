"""Runs and slots: one run of the harness, one iteration in it.

A slot's window runs from its start to the next start or the next run's start.
A slot that never completed is no failure until a later start shows that it was
cut off.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lokid.events import Recorded, RunStarted
from projections.moment import FOREVER, SECOND, SIGNALS


@dataclass(slots=True, eq=False)
class Run:
    """One run of the harness; ``index`` counts them in file order."""

    index: int
    id: str | None
    start: int
    started: Recorded | None = None
    ended: Recorded | None = None
    slots: list[Slot] = field(default_factory=list)
    early: int = FOREVER  # what its slots cover, should the clock have gone back
    late: int = -FOREVER

    @property
    def pid(self) -> int:
        """The harness's process, 0 when it was not told."""
        event = self.started.event if self.started else None
        return (event.pid or 0) if isinstance(event, RunStarted) else 0


@dataclass(slots=True, eq=False)
class Slot:
    """One iteration; ``end`` closes its window, ``complete`` its provider call.

    The exit code comes from the completion alone; nobody else knows it.
    """

    run: Run
    iteration: int
    number: int
    start: int
    started: Recorded | None
    phase: str
    end: int = FOREVER
    complete: int | None = None
    completed: Recorded | None = None
    exit_code: int | None = None
    status: str | None = None
    cut_by: Recorded | None = None

    @property
    def failing(self) -> bool:
        """Whether this iteration is a failure, as far as is known."""
        if self.completed is None:
            return self.cut_by is not None
        if self.exit_code is None:
            return self.status == "failed"
        return self.exit_code != 0

    @property
    def interrupted(self) -> bool:
        """Ended by a signal, or never completed before something else began."""
        if self.completed is None:
            return self.cut_by is not None
        return self.exit_code in SIGNALS

    @property
    def until(self) -> int:
        """The last moment of anything that may belong to this slot."""
        return self.end if self.complete is None else max(self.end, self.complete)

    def holds(self, moment: int) -> bool:
        """Whether what follows the completion may be of ``moment``."""
        done = self.complete
        return done is not None and done - SECOND <= moment <= self.until + SECOND
