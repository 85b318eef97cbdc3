"""The timers: they repeat, never overlap, and survive a job that fails."""

from __future__ import annotations

import asyncio

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
