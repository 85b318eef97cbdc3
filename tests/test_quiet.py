"""Work that may wait, waits for answers; garbage is collected when nobody asks."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from lokid import heap, quiet
from lokid.ingest.files import Tree
from lokid.quiet import Quiet
from lokid.sources import SOURCES
from simulator_rig import played


@pytest.fixture
def busy_until() -> Iterator[tuple[Quiet, threading.Event]]:
    """Somebody is being answered until the event is set."""
    known, done, begun = Quiet(), threading.Event(), threading.Event()

    def answer() -> None:
        with known.busy():
            begun.set()
            done.wait()

    answering = threading.Thread(target=answer)
    answering.start()
    begun.wait()
    yield known, done
    done.set()
    answering.join()


def test_who_works_beside_waits_for_the_answer(
    busy_until: tuple[Quiet, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes on as soon as it is given."""
    known, done = busy_until
    monkeypatch.setattr(quiet, "LONGEST_WAIT", 60.0)
    waited = threading.Thread(target=known.wait)
    waited.start()
    assert waited.is_alive()
    assert not known.now
    done.set()
    waited.join(60)
    assert known.now


def test_nobody_waits_for_ever(
    busy_until: tuple[Quiet, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is never quiet, work beside goes on all the same."""
    known, _ = busy_until
    monkeypatch.setattr(quiet, "LONGEST_WAIT", 0.01)
    known.wait()
    assert not known.now


class Knot:
    """Garbage that only a full collection finds, once it is old."""

    def __init__(self) -> None:
        """Hold oneself."""
        self.me = self


def _old_garbage() -> weakref.ref[Knot]:
    knot = Knot()
    known = weakref.ref(knot)
    gc.collect()  # it is old now
    del knot
    return known


async def _answered(known: Quiet, while_collecting: weakref.ref[Knot]) -> None:
    loop = asyncio.get_running_loop()
    with known.collecting(loop):
        with known.busy():
            pass
        while while_collecting() is not None:  # noqa: ASYNC110  no event tells
            await asyncio.sleep(0)


def test_old_garbage_goes_after_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the loop, when nobody asks; and the old ways come back at the end."""
    before = gc.get_threshold()
    monkeypatch.setattr(quiet, "DUE", 0)
    garbage = _old_garbage()
    asyncio.run(asyncio.wait_for(_answered(Quiet(), garbage), 60))
    assert garbage() is None
    assert before == gc.get_threshold()


def test_nothing_is_collected_while_somebody_waits(
    busy_until: tuple[Quiet, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one still waits: it is not their time that is spent."""
    known, _ = busy_until
    monkeypatch.setattr(quiet, "DUE", 0)
    monkeypatch.setattr(quiet, "CALM_SECONDS", 0.0)
    garbage = _old_garbage()

    async def turns() -> None:
        with known.collecting(asyncio.get_running_loop()):
            with known.busy():
                pass
            for _ in range(10):
                await asyncio.sleep(0)  # the loop's next turns

    asyncio.run(turns())
    assert garbage() is not None


def test_a_scan_has_seen_every_folder_that_is_watched(tmp_path: Path) -> None:
    """What it listed is what a walk for the watches would find."""
    loki = played(tmp_path)
    with Tree(loki) as walked:
        globs = [glob for source in SOURCES for glob in source.globs]
        wanted = {folder for glob in globs for folder in walked.folders(glob)}
    with Tree(loki) as scanned:
        for glob in globs:
            list(scanned.matching(glob))
        listed = scanned.listed()
    assert wanted
    assert wanted == set(listed)
    assert len(listed) == len(wanted)


def test_a_scan_for_nobody_collects_nothing_while_somebody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may end just before the next question; where nobody asks it does."""
    known = Quiet()
    planned: list[bool] = []
    monkeypatch.setattr(known, "_ended", lambda: planned.append(True))
    with known.busy():
        pass
    assert len(planned) == 1
    with known.busy(asked=False):
        pass
    assert len(planned) == 1
    monkeypatch.setattr(quiet, "ASKED_SECONDS", -1.0)
    with known.busy(asked=False):
        pass
    assert len(planned) == 2


def test_freed_memory_can_be_given_back_at_any_time() -> None:
    """Whatever the system's allocator is."""
    heap.trim()
    heap.trim()
