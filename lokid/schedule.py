"""The timers of the daemon: the only place that knows apscheduler.

A job that is still running when its turn comes is not started twice, turns that
were missed (a suspended laptop) become one, and nothing is logged: jobs report
their own errors.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Job = Callable[[], Awaitable[None]]


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

    def every(self, seconds: float, job: Job) -> None:
        """Run ``job`` each ``seconds``, the first time after ``seconds``."""
        self._scheduler.add_job(job, "interval", seconds=seconds)

    def start(self) -> None:
        """Begin to count; only inside a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no job any more; the caller has waited for what it needs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
