"""The timers: they repeat, never overlap, and survive a job that fails."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, tzinfo
from typing import Self

import apscheduler.schedulers.base
import pytest

from lokid.schedule import Schedule

QUICK = 0.02


def test_a_job_repeats_and_never_overlaps_itself() -> None:
    """A turn that comes while the job runs is left out."""

    async def main() -> None:
        running, most, turns = 0, 0, asyncio.Semaphore(0)

        async def job() -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(3 * QUICK)
            running -= 1
            turns.release()

        schedule = Schedule()
        schedule.every(QUICK, job)
        schedule.start()
        for _ in range(3):
            await asyncio.wait_for(turns.acquire(), 20)
        schedule.stop()
        assert most == 1

    asyncio.run(main())


def test_a_job_that_fails_gets_its_next_turn() -> None:
    """One bad turn stops neither the job nor the others, and says nothing."""

    async def main() -> None:
        turns = asyncio.Semaphore(0)

        async def job() -> None:
            turns.release()
            message = "a bad turn"
            raise OSError(message)

        schedule = Schedule()
        schedule.every(QUICK, job)
        schedule.start()
        for _ in range(3):
            await asyncio.wait_for(turns.acquire(), 20)
        schedule.stop()

    asyncio.run(main())


class Wall(datetime):
    """The clock of the wall as apscheduler sees it, and how far it jumped."""

    jumped = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """The present, or what the clock says it is."""
        return super().now(tz) + cls.jumped


@pytest.mark.parametrize("days", [-400, 36500])
def test_a_clock_that_jumps_stops_no_job(
    days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set back, it makes no turn wait; set forward, it makes none count for many."""
    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Wall)
    monkeypatch.setattr(Wall, "jumped", timedelta())

    async def main() -> None:
        turns = asyncio.Semaphore(0)

        async def job() -> None:
            turns.release()

        schedule = Schedule()
        schedule.every(QUICK, job)
        schedule.start()
        for _ in range(2):
            await asyncio.wait_for(turns.acquire(), 20)
        monkeypatch.setattr(Wall, "jumped", timedelta(days=days))
        for _ in range(3):
            await asyncio.wait_for(turns.acquire(), 20)
        schedule.stop()

    asyncio.run(main())
