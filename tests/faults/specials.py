"""Plants what is no honest file, beside honest ones; a program of its own.

    specials.py FOLDER HOLE MANY

Each special file has the reason for which it must be refused, or none where it
must be read or passed over.  ``HOLE``: bytes of a file that is nothing but a hole;
``MANY``: files that lie in one folder at last.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import SourceRejected
from lokid.log import LogReader
from lokid.paths import Workspace
from lokid.redact import source_path
from lokid.sources import SOURCES
from mutants import SECONDS, SLICE, Complaints, put
from projections import build
from samples import samples
from story import Story

OUTSIDE = b'{"error_class": "OutsideError", "message": "0utside-s3cret"}\n'
LEAKED = (b"0utside-s3cret", b"OutsideError", b"root:x:0")
HOLE = int(sys.argv[2])
LONG_LINE = 20 << 20
DEEP = 200
ALARM, LONG_ALARM = 120, 3600
"""Seconds until a read that hangs ends the program; for many files, far more."""
MOST_SCANS = 2000
NOBODY = 65534
_STARTED = (
    b'{"timestamp": "2026-03-01T10:00:00Z", "type": "session_start", "data": {}}\n'
)

Plant = Callable[[Path], None]


def _link(target: str) -> Plant:
    return lambda path: path.symlink_to(target)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{os.open(path.parent, os.O_RDONLY)}/{path.name}")


def _zero(path: Path) -> None:
    os.mknod(path, 0o20666, os.makedev(1, 5))


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HOLE)


def _log_behind_a_hole(path: Path) -> None:
    with path.open("wb") as file:
        file.seek(HOLE)
        file.write(b"\n" + _STARTED)


def _log_behind_a_line(path: Path) -> None:
    path.write_bytes(b"x" * LONG_LINE + b"\n" + _STARTED)


def _foreign(path: Path) -> None:
    path.write_bytes(OUTSIDE)
    os.chown(path, NOBODY, NOBODY)


def _second_name(path: Path) -> None:
    path.hardlink_to(path.parents[2] / "outside.json")
    path.parent.chmod(0o777)


def _deep(path: Path) -> None:
    path.joinpath(*["d"] * DEEP).mkdir(parents=True)


def _empty_object(path: Path) -> None:
    path.write_text("{}")


class Case(msgspec.Struct, frozen=True):
    """A special file, its reason (None: no refusal), and whether a line is read."""

    path: str
    reason: str | None
    plant: Plant
    is_read: bool = False


_UP = "../../"
CASES = (
    Case("crash/pipe.json", "not_regular", _pipe),
    Case("events.jsonl", "not_regular", _pipe),
    Case("crash/socket.json", "not_regular", _socket),
    Case("crash/folder.json", "not_regular", Path.mkdir),
    Case("crash/link.json", "symlink", _link(_UP + "outside.json")),
    Case("crash/passwd.json", "symlink", _link("/etc/passwd")),
    Case("crash/zero.json", "symlink", _link("/dev/zero")),
    Case("crash/memory.json", "symlink", _link("/proc/self/mem")),
    Case("crash/opened.json", "symlink", _link("/proc/self/fd/0")),
    Case("crash/loop.json", "symlink", _link("loop.json")),
    Case("crash", "symlink", _link("../elsewhere")),
    Case("quality/reviews/up", "symlink", _link("..")),
    Case("memory/episodic/loop", "symlink", _link(".")),
    Case("crash/sparse.json", "too_large", _sparse),
    Case("council/state.json", "too_large", _sparse),
    Case("memory/semantic/patterns.json", "too_large", _sparse),
    Case("events.jsonl", None, _sparse),
    Case("events.jsonl", None, _log_behind_a_hole, is_read=True),
    Case("events.jsonl", "too_large", _log_behind_a_line, is_read=True),
    Case("logs/autonomy-20260301.log", None, _sparse),
    Case("crash/shared.json", "hard_link", _second_name),
    Case("memory/episodic/deep", None, _deep),
    Case(f"crash/{'n' * 250}.json", "malformed", _empty_object),
    Case("crash/a\nb\x1b[2J.json", "malformed", _empty_object),
    Case("crash/\udcff\udcfe.json", "name_not_utf8", Path.touch),
    Case("crash/empty.json", "empty", Path.touch),
)
AS_ROOT = (
    Case("crash/device.json", "not_regular", _zero),
    Case("crash/foreign.json", "foreign_owner", _foreign),
)


class Planter:
    """Plants each case in a workspace of its own."""

    def __init__(self, folder: Path, story: Story) -> None:
        """Nothing is planted yet."""
        self._folder = folder
        self._story = story
        self._slowest = 0.0

    def case(self, number: int, case: Case) -> None:
        """Plant one, scan as a daemon does, and look at what came of it."""
        signal.alarm(ALARM)
        place = self._place(number)
        path = place.loki / case.path
        path.parent.mkdir(parents=True, exist_ok=True)
        case.plant(path)
        self._scan(place)
        name = f"{case.plant.__name__} as {case.path!r}"
        told_as = source_path(case.path)
        types, reasons = set(), set()
        for one in LogReader(place.log).read():
            types.add(one.type)
            if isinstance(one.event, SourceRejected) and one.src.path == told_as:
                reasons.add(one.event.reason)
        if {case.reason} - {None} != reasons:
            self._story.miss(f"{name}: rejected for {reasons}, not {case.reason}")
        if "council.decided" not in types:
            self._story.miss(f"{name}: the good file beside it was not read")
        if case.is_read and "run.started" not in types:
            self._story.miss(f"{name}: the line behind it was not read")
        for file in place.state.rglob("*"):
            data = file.read_bytes() if file.is_file() else b""
            if any(secret in data for secret in LEAKED):
                self._story.miss(f"{name}: what lies outside is in {file.name}")
        self._story.add("special files")

    def many(self, count: int) -> None:
        """One folder with more files than anybody would make."""
        signal.alarm(LONG_ALARM)
        place = self._place(-1)
        put(place, "crash/none.json", b"")
        for number in range(count):
            (place.loki / f"crash/{number}.json").touch()
        scans = self._scan(place)
        self._story.add(f"scans for {count:,} files in a folder", scans)

    def tell_slowest(self) -> None:
        """How long the longest scan took."""
        self._story.add("slowest scan (ms)", round(self._slowest * 1000))

    def _place(self, number: int) -> Workspace:
        base = self._folder / str(number)
        place = Workspace(root=base / "work", state=base / "state", id="w")
        good = next(o for o in samples() if o.source.name == "council_transcripts")
        put(place, good.path, good.data)
        for outside in ("outside.json", "elsewhere/a.json"):
            put(place, f"../{outside}", OUTSIDE)
        return place

    def _scan(self, place: Workspace) -> int:
        """Scan to the end in slices; how many it took."""
        engine = Engine(place, Settings(reject_after_seconds=0.001), SOURCES, build)
        engine.open()
        budget = SLICE
        try:
            for scans in range(1, MOST_SCANS):
                begun = time.process_time()
                done = engine.scan(budget)
                took = time.process_time() - begun
                self._slowest = max(self._slowest, took)
                if took > SECONDS and budget == SLICE:
                    self._story.miss(f"a scan of {place.root} took {took:.1f} s")
                if done.complete:
                    return scans
                # a tree that one slice can only walk through needs longer slices
                budget = SLICE if done.appended else 2 * budget
        finally:
            engine.close()
        self._story.miss(f"{place.root} was not read to its end in {MOST_SCANS} scans")
        return MOST_SCANS


def main() -> None:
    """Plant all cases and tell the story."""
    folder, many = Path(sys.argv[1]), int(sys.argv[3])
    story = Story()
    complaints = Complaints()
    planter = Planter(folder, story)
    cases = [*CASES, *(AS_ROOT if os.geteuid() == 0 else ())]
    for number, case in enumerate(cases):
        planter.case(number, case)
        story.progress(number + 1, len(cases))
    planter.many(many)
    planter.tell_slowest()
    for said in complaints.heard:
        story.miss(f"a traceback: {said}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    story.add("peak memory (MiB)", peak)
    story.end()


if __name__ == "__main__":
    main()
