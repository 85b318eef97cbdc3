"""A disk that fills and empties: degraded meanwhile, whole again afterwards.

A tmpfs with room for so many bytes beside a ballast, which is deleted later.  The
room is swept: what does not fit is at one size the first segment, at another the
next one, a batch of source files, a statement.  Whatever it is, nothing is
acknowledged that did not fit, lokid says that it lacks room, and when there is room
again it goes on by itself with all there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from disk_writer import crash_file, number_of, statement
from lokid.config import Settings
from lokid.engine import Engine
from lokid.errors import DiskFull
from lokid.events import LessonMuted
from lokid.log import LogReader, verify
from lokid.paths import Workspace
from lokid.sources import SOURCES
from mounts import need_mounts, tmpfs
from projections import build
from table import Bench, Outcome, Row

BALLAST = 1 << 20
FILES = 300
LATE = 40
AT_ONCE = 12
SMALLEST, LARGEST, STEP = 4 << 10, 256 << 10, 4 << 10
QUICK = (4 << 10, 96 << 10)


class Tally(msgspec.Struct):
    """What was seen at all sizes."""

    sizes: int = 0
    refused: int = 0
    degraded: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0


class Ballast:
    """What a disk is full of; calling it makes room."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ballast"
        self._file.write_bytes(bytes(BALLAST))

    def __call__(self) -> None:
        """Delete it."""
        self._file.unlink()


def filling(bench: Bench) -> Outcome:
    """The engine at every size; see the module."""
    need_mounts("disk-full")
    sizes = QUICK if bench.quick else range(SMALLEST, LARGEST + 1, STEP)
    tally = Tally()
    misses: list[str] = []
    for size in sizes:
        with tmpfs(bench.folder / "disk", size + BALLAST) as disk:
            root = bench.folder / f"root-{size}"
            for number in range(1, FILES + 1):
                crash_file(root / ".loki", number)
            workspace = Workspace(root=root, state=disk / "state", id="full")
            told = _Trial(workspace, tally).run(Ballast(disk))
            misses += [f"room of {size} bytes: {what}" for what in told]
        tally.sizes += 1
        bench.say(tally.sizes, len(sizes))
    return Outcome(figures=msgspec.to_builtins(tally), misses=misses)


class _Trial:
    """An engine on one disk."""

    def __init__(self, workspace: Workspace, tally: Tally) -> None:
        self._workspace = workspace
        self._tally = tally
        self._said = 0
        self._files = FILES

    def run(self, ballast: Ballast) -> Iterator[str]:
        """Fill the disk, make room, and count what is there in the end."""
        engine = self._engine()
        try:
            engine.open()
        except DiskFull:
            self._tally.refused += 1
            ballast()
            engine = self._engine()
            engine.open()
        else:
            yield from self._fill(engine)
            ballast()
        try:
            yield from self._resume(engine)
        finally:
            engine.close()
        yield from counted(self._workspace, self._files, self._said, self._tally)

    def _fill(self, engine: Engine) -> Iterator[str]:
        engine.scan()
        if engine.trouble is None:
            while self._say(engine):
                pass
            for number in range(FILES + 1, FILES + LATE + 1):
                self._files = crash_file(self._workspace.loki, number)
            engine.scan()
        self._tally.degraded += 1
        if not engine.trouble or not engine.status()["trouble"]:
            yield "the disk is full, and status does not say so"
        answer = engine.answer("failures", {}, None)
        if not answer["stale"] or "room" not in str(answer["reason"]):
            yield f"the answer says {answer['stale']}, {answer['reason']}"

    def _say(self, engine: Engine) -> bool:
        """Say something durably; False when there is no room for it."""
        facts = [statement(self._said + n) for n in range(1, AT_ONCE + 1)]
        try:
            engine.record(facts, durable=True)
        except DiskFull:
            return False
        self._said += AT_ONCE
        return True

    def _resume(self, engine: Engine) -> Iterator[str]:
        done = engine.scan()
        if not done.complete or engine.trouble:
            yield f"there is room again, but: {engine.trouble}"
        if not self._say(engine):
            yield "there is room again, but nothing can be said"
        if engine.answer("failures", {}, None)["stale"]:
            yield "there is room again, but the answer is stale"

    def _engine(self) -> Engine:
        settings = Settings(segment_bytes=16_384, scan_batch=50)
        return Engine(self._workspace, settings, SOURCES, build)


def counted(workspace: Workspace, files: int, said: int, tally: Tally) -> Iterator[str]:
    """Hold the closed log against all there is and all that was acknowledged."""
    report = verify(workspace.log)
    if report.problems or report.torn:
        yield f"the log does not verify: {report.problems}"
    found = [
        (isinstance(one.event, LessonMuted), number_of(one))
        for one in LogReader(workspace.log).read()
    ]
    there = [one for one in found if one[1] is not None]
    wanted: set[tuple[bool, int | None]] = {(False, n) for n in range(1, files + 1)}
    wanted |= {(True, n) for n in range(1, said + 1)}
    lost, doubled = wanted - set(there), len(there) - len(set(there))
    tally.acknowledged += said
    tally.lost += len(lost)
    tally.doubled += doubled
    if lost or doubled:
        yield f"{len(lost)} of {len(wanted)} lost, {doubled} doubled"


ROWS: tuple[Row, ...] = (
    Row(
        family="disk",
        name="disk-full",
        fault="a disk that fills, at any size of room, and empties (tmpfs)",
        mark="room of 4 to 256 KiB by 4: told, none acknowledged; then all there",
        run=filling,
    ),
)
