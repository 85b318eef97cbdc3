"""The timers of the daemon: the only place that knows apscheduler.

A job that is still running when its turn comes is not started twice, turns that
were missed (a suspended laptop) become one, and nothing is logged: jobs report
their own errors.

apscheduler counts by the clock of the wall: set back by a year, its next turn is
a year away; set forward by many, it counts every missed turn before it goes on.
So it gets each turn as a job that is due at once, and the event loop, whose clock
only runs forward, says when.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Job = Callable[[], Awaitable[None]]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Due at once, whatever the clock of the wall says by then."""


class Schedule:
    """Repeats jobs in the running event loop."""

    def __init__(self) -> None:
        """Nothing runs before `start`."""
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": None,
            },
        )
        self._jobs: dict[str, tuple[float, Job]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def every(self, seconds: float, job: Job) -> None:
        """Run ``job`` each ``seconds``, the first time after ``seconds``."""
        self._jobs[str(len(self._jobs))] = (seconds, job)

    def start(self) -> None:
        """Begin to count; only inside a running event loop."""
        self._scheduler.start()
        for name in self._jobs:
            self._arm(name)

    def stop(self) -> None:
        """Start no job any more; the caller has waited for what it needs."""
        for timer in self._timers.values():
            timer.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _arm(self, name: str) -> None:
        seconds, _ = self._jobs[name]
        loop = asyncio.get_running_loop()
        self._timers[name] = loop.call_later(seconds, self._turn, name)

    def _turn(self, name: str) -> None:
        self._arm(name)
        _, job = self._jobs[name]
        # one id: so a turn that is not done yet is known, and this one left out
        self._scheduler.add_job(
            job, "date", run_date=_LONG_AGO, id=name, replace_existing=True
        )
