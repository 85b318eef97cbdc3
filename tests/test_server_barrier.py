"""The barrier: who asks is answered from a scan that began after they asked."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor

from lokid.errors import StorageError
from lokid.ingest.outcome import GivesWay, Scan
from lokid.server.barrier import FAILED, TOO_LATE, Barrier, Outcome


class Scans:
    """Scans that begin when they are asked for and end when they are let go."""

    def __init__(self) -> None:
        """None yet."""
        self.begun: queue.Queue[int] = queue.Queue()
        self.go: queue.Queue[Exception | None] = queue.Queue()
        self.count = 0

    def scan(self, gives_way: GivesWay | None) -> Scan:
        """Scan number ``count``, told by how much it appended."""
        self.count += 1
        self.begun.put(self.count)
        died = self.go.get(timeout=20)
        if died is not None:
            raise died
        gave_way = gives_way is not None and gives_way()
        return Scan(
            complete=not gave_way,
            gave_way=gave_way,
            pending=(),
            appended=self.count,
            seconds=0.0,
        )

    async def beginning(self) -> int:
        """Wait until the next scan has begun."""
        return await asyncio.to_thread(self.begun.get, timeout=20)


def run(
    test: Callable[[Scans, Barrier, list[Outcome]], Coroutine[None, None, None]],
) -> None:
    """Run a test over a barrier with one engine thread."""

    async def main() -> None:
        scans, heard = Scans(), list[Outcome]()
        with ThreadPoolExecutor(1) as worker:
            await test(scans, Barrier(scans.scan, worker, heard.append), heard)

    asyncio.run(main())


def number(outcome: Outcome | str) -> int:
    """Which scan this is."""
    assert isinstance(outcome, Scan)
    return outcome.appended


def test_requests_during_a_scan_share_the_next_one() -> None:
    """Never the running one, which may have passed their file; and not one each."""

    async def test(scans: Scans, barrier: Barrier, heard: list[Outcome]) -> None:
        first = barrier.request()
        assert await scans.beginning() == 1
        later = [asyncio.create_task(barrier.passed(None)) for _ in range(50)]
        await asyncio.sleep(0)
        scans.go.put(None)
        assert number(await first) == 1
        assert await scans.beginning() == 2
        scans.go.put(None)
        assert {number(done) for done in await asyncio.gather(*later)} == {2}
        assert [number(outcome) for outcome in heard] == [1, 2]

    run(test)


def test_a_scan_for_nobody_gives_way_to_a_request() -> None:
    """It ends for whoever asks meanwhile, and who asked is answered by the next."""

    async def test(scans: Scans, barrier: Barrier, heard: list[Outcome]) -> None:
        barrier.look()
        assert await scans.beginning() == 1
        barrier.look()  # one runs: no other
        asked = barrier.request()
        scans.go.put(None)
        assert await scans.beginning() == 2
        scans.go.put(None)
        assert number(await asked) == 2
        await barrier.close()
        done = [one for one in heard if isinstance(one, Scan)]
        assert [one.gave_way for one in done] == [True, False]

    run(test)


def test_a_request_after_a_scan_gets_its_own() -> None:
    """An answer is never served from what an earlier question found."""

    async def test(scans: Scans, barrier: Barrier, _heard: list[Outcome]) -> None:
        for turn in (1, 2, 3):
            scans.go.put(None)
            assert number(await barrier.passed(None)) == turn

    run(test)


def test_who_cannot_wait_is_told_so_and_hinders_nobody() -> None:
    """A passed deadline gives a reason; the scan goes on for the others."""

    async def test(scans: Scans, barrier: Barrier, _heard: list[Outcome]) -> None:
        patient = asyncio.create_task(barrier.passed(None))
        await scans.beginning()
        assert await barrier.passed(0.0) == TOO_LATE
        scans.go.put(None)
        scans.go.put(None)
        assert number(await patient) == 1

    run(test)


def test_a_cancelled_request_takes_nothing_from_those_who_share() -> None:
    """A client that hangs up does not cancel the scan of another."""

    async def test(scans: Scans, barrier: Barrier, _heard: list[Outcome]) -> None:
        gone = asyncio.create_task(barrier.passed(None))
        stays = asyncio.create_task(barrier.passed(None))
        await scans.beginning()
        gone.cancel()
        scans.go.put(None)
        scans.go.put(None)
        assert number(await stays) == 2

    run(test)


def test_a_failed_scan_is_a_reason_and_is_heard_of() -> None:
    """The answer says so; what it means for the daemon is decided elsewhere."""

    async def test(scans: Scans, barrier: Barrier, heard: list[Outcome]) -> None:
        died = StorageError("the disk is gone")
        scans.go.put(died)
        assert await barrier.passed(None) == FAILED
        assert heard == [died]
        scans.go.put(None)
        assert number(await barrier.passed(None)) == 2

    run(test)


def test_closing_waits_for_the_running_scan_and_begins_none() -> None:
    """Whoever waited for the next one is told that there is none."""

    async def test(scans: Scans, barrier: Barrier, _heard: list[Outcome]) -> None:
        running = asyncio.create_task(barrier.passed(None))
        await scans.beginning()
        waiting = asyncio.create_task(barrier.passed(None))
        await asyncio.sleep(0)
        closing = asyncio.create_task(barrier.close())
        await asyncio.sleep(0)
        assert not closing.done()
        scans.go.put(None)
        await closing
        assert (number(await running), await waiting) == (1, FAILED)
        assert await barrier.passed(None) == FAILED
        assert scans.count == 1

    run(test)
