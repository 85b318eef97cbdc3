"""A small log to be damaged many times, and what an open may make of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from lokid.errors import LokidError
from lokid.events import (
    CrashObserved,
    Event,
    Fact,
    IterationStarted,
    LessonMuted,
    LogGapFound,
    LogRepaired,
    Recorded,
    Src,
)
from lokid.log import Log, LogReader, event_id, verify

AT = "2026-02-03T04:05:06.789Z"
SEGMENT = 2400
"""A handful of lines of real kinds: every bit of it can be tried."""


def fact(number: int) -> Fact:
    """Facts of several kinds and lengths, told apart by their number."""
    kind = number % 3
    src = Src()
    event: Event
    if kind == 0:
        event = LessonMuted(lesson=f"L{number:08x}", recipe=2, sightings=number)
    elif kind == 1:
        event = IterationStarted(iteration=number)
    else:
        src = Src(path=f"crash/{number:016x}-{number}.json", sha256="9f" * 32)
        event = CrashObserved(
            error_class="ValueError", signature=("parse_rows", "load"), phase="ACT"
        )
    return Fact(event=event, identity=("damage", number), src=src)


def append(log: Log, first: int, last: int) -> None:
    """Append facts, each in a write of its own."""
    for number in range(first, last + 1):
        one = fact(number)
        log.append([(event_id(one.identity), one)], AT)


class Opened(msgspec.Struct, kw_only=True):
    """What an open, and a look before it and one after it, made of a log."""

    seen: list[Recorded]
    served: list[Recorded]
    damages: int
    problems: int
    problems_after: int
    torn: bool
    torn_after: bool
    aside: list[bytes]
    error: LokidError | None = None

    def events(self, kind: type) -> list[Recorded]:
        """Those served of one kind."""
        return [one for one in self.served if isinstance(one.event, kind)]

    @property
    def repairs(self) -> int:
        """How many ``log.repaired`` are served."""
        return len(self.events(LogRepaired))

    @property
    def gaps(self) -> int:
        """How many ``log.gap_found`` are served."""
        return len(self.events(LogGapFound))


class Specimen:
    """A log's folder as it was, to be had back after each damage."""

    def __init__(self, folder: Path) -> None:
        """``folder`` holds ``log`` as it now lies."""
        self.folder = folder
        self.log = folder / "log"
        self.files = {one.name: one.read_bytes() for one in self.log.iterdir()}
        self.names = sorted(name for name in self.files if name.endswith(".ndjson"))
        self.recorded = list(LogReader(self.log).read())
        self.ids = [one.id for one in self.recorded]

    @property
    def last(self) -> bytes:
        """The bytes of the last segment."""
        return self.files[self.names[-1]]

    def fresh(self, **changed: bytes) -> None:
        """Lay it out again, with some segments changed (by name)."""
        for one in (self.folder / "torn", *self.log.iterdir()):
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            elif one.name not in self.files or one.is_symlink() or not one.is_file():
                one.unlink(missing_ok=True)
        for name, data in {**self.files, **changed}.items():
            (self.log / name).write_bytes(data)

    def lies(self, name: str) -> bytes:
        """What a segment holds now."""
        return (self.log / name).read_bytes()

    def open(self) -> Opened:
        """Verify, read and open it; never raises what the product may raise."""
        before = verify(self.log)
        seen = list(LogReader(self.log).read())
        log = Log.open(self.log, segment_bytes=SEGMENT)
        damages = len(log.damages)
        served = list(log.read())
        log.close()
        after = verify(self.log)
        torn = self.folder / "torn"
        return Opened(
            seen=seen,
            served=served,
            damages=damages,
            problems=len(before.problems),
            problems_after=len(after.problems),
            torn=before.torn,
            torn_after=after.torn,
            aside=[one.read_bytes() for one in sorted(torn.iterdir())]
            if torn.is_dir()
            else [],
        )

    def holds(self, opened: Opened, count: int) -> bool:
        """Whether exactly the first ``count`` lines are served, before any others."""
        return self.ids[:count] == [one.id for one in opened.served][:count] and not (
            set(self.ids[count:]) & {one.id for one in opened.served}
        )


def closed_log(folder: Path) -> Specimen:
    """Three segments; closed well, so that all of it is below the watermark."""
    log = Log.open(folder / "log", segment_bytes=SEGMENT)
    append(log, 1, 19)
    log.close()
    return Specimen(folder)


def killed_log(folder: Path, *, marked: int, last: int) -> tuple[Specimen, int]:
    """A log as a kill leaves it, its last segment with a watermark in the middle.

    The watermark stands behind line ``marked`` of the last segment, which has
    ``last`` lines; also its offset there.
    """
    work = folder / "work"
    log = Log.open(work / "log", segment_bytes=SEGMENT)
    append(log, 1, 8)
    log.seal()
    append(log, 9, 8 + marked)
    log.save_watermark()
    offset = max((work / "log").glob("*.ndjson")).stat().st_size
    append(log, 9 + marked, 8 + last)
    log.sync()
    shutil.copytree(work / "log", folder / "log")
    log.close()
    shutil.rmtree(work)
    return Specimen(folder), offset


def line_ends(data: bytes) -> list[int]:
    """Where the lines of a segment end."""
    ends: list[int] = []
    for line in data.splitlines(keepends=True):
        ends.append((ends[-1] if ends else 0) + len(line))
    return ends


def bits(data: bytes, chosen: Sequence[int]) -> Iterator[tuple[int, int, bytes]]:
    """(offset, bit, the segment with that bit flipped)."""
    for number in chosen:
        offset, bit = divmod(number, 8)
        changed = bytearray(data)
        changed[offset] ^= 1 << bit
        yield offset, bit, bytes(changed)
