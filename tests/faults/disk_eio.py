"""A device that really fails fsync, and loses what it failed to write.

ext4 on a loop image that is sparse, on a tmpfs smaller than the image: ext4
believes that there is room, the device has none.  The first fsync that needs more
fails with EIO, and the kernel marks the pages clean: a second fsync would succeed
and the bytes would be gone.  A lokid that tried it again would lose them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from disk_truth import Truth
from disk_writer import Order
from disk_writers import Heard, Writers, writers
from mounts import (
    check_image,
    loop,
    make_solid_image,
    need,
    need_mounts,
    page_by_page,
    resize,
    tmpfs,
)
from table import Bench, Outcome, Row

IMAGE = 24 << 20
SMALLEST, LARGEST, STEP = 6 << 20, 12 << 20, 64 << 10
SOLID = 9 << 19
ROOM = 1 << 20
FAILED = 74
HINTS = ("/state/cache", "/state/snapshots")


def failing_fsync(bench: Bench) -> Outcome:
    """Sizes of the device in turn, the bare log and the engine by turns."""
    need_mounts("failing-fsync")
    need("apt install strace", "strace")
    sizes = range(SMALLEST, LARGEST + 1, STEP)
    chosen = [sizes[0]] if bench.quick else list(sizes)
    trace = bench.folder / "trace"
    tracer = ("strace", "-f", "-y", "-qq", "--seccomp-bpf", "-e", "signal=none")
    misses: list[str] = []
    total = {"devices": 0, "acknowledged": 0, "lost": 0, "doubled": 0, "failed": 0}
    total["retried"] = total["acknowledged by a restart"] = 0
    syncs = ("-e", "trace=fsync,fdatasync", "-o", str(trace))
    with writers(*tracer, *syncs) as children:
        for size in chosen:
            device = _Device(bench.folder, size, children, trace)
            kind = ("log", "engine")[total["devices"] % 2]
            misses += device.fail_and_mend(kind)
            total["devices"] += 1
            total["acknowledged"] += device.truth.acked + device.truth.seen
            total["lost"] += device.truth.lost
            total["doubled"] += device.truth.doubled
            total["failed"] += device.failed
            total["retried"] += device.retried
            total["acknowledged by a restart"] += device.restarted
            bench.say(total["devices"], len(chosen))
    return Outcome(figures={**total}, misses=misses)


class _Device:
    """One device of a size, and the log on it."""

    def __init__(self, folder: Path, size: int, children: Writers, trace: Path) -> None:
        self.truth = Truth()
        self.retried = 0
        self.failed = 0
        self.restarted = 0
        self._size = size
        self._backing = folder / "backing"
        self._folder = folder / "mounted"
        self._root = folder / "root"
        self._before = 0
        self._children = children
        self._trace = trace

    def fail_and_mend(self, kind: str) -> Iterator[str]:
        """Write to the failure, restart on it, mend the device, open again.

        It is mended while mounted, as a thin volume is that gets more room: what
        the kernel still holds gets to it, what it gave up is gone.
        """
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir()
        image = self._backing / "image"
        with tmpfs(self._backing, self._size):
            make_solid_image(image, IMAGE, SOLID)
            with loop(image, self._folder), page_by_page(self._folder):
                self._fill()
                first = self._write(kind, -1)
                yield from self._judge("first", first)
                again = self._write(kind, -1)
                yield from self._judge("restarted", again)
                self.restarted = again.acked - first.acked if again.acks else 0
                resize(self._backing, 4 * IMAGE)
            check_image(image)
            with loop(image, self._folder):
                yield from self.truth.judge(self._write(kind, 9), self._where("mended"))
                last = self._write(kind, 0)
                yield from self.truth.judge(last, self._where("at the end"))

    def _fill(self) -> None:
        """Leave the log some room and no more: the failure is what is asked about."""
        with (self._folder / "filler").open("wb") as file:
            file.write(bytes(self._size - SOLID - ROOM))
            file.flush()
            os.fsync(file.fileno())

    def _judge(self, what: str, heard: Heard) -> Iterator[str]:
        """A failure: exit 74, and no fsync after the one that failed.

        What may be deleted is no part of it: each time it is a fresh file, or none.
        """
        where = self._where(what)
        ended, heard.ended = heard.ended, 0
        yield from self.truth.judge(heard, where)
        if ended != FAILED:
            yield f"{where}: exit {ended} {heard.error}: {heard.message}"
        told = self._trace.read_text()[self._before :].splitlines()
        calls = [call for call in told if not any(one in call for one in HINTS)]
        failed = [n for n, call in enumerate(calls) if " = -1 " in call]
        self.failed += bool(failed)
        if failed and calls[failed[0] + 1 :]:
            self.retried += 1
            yield f"{where}: fsynced again: {calls[failed[0] :]}"

    def _write(self, kind: str, rounds: int) -> Heard:
        self._before = self._trace.stat().st_size
        order = Order(
            kind=kind,
            state=str(self._folder / "state"),
            root=str(self._root),
            seed=self._size,
            most=200,
            segment=1 << 20,
            rounds=rounds,
        )
        self._children.begin(order)
        return self._children.listen(Heard())

    def _where(self, what: str) -> str:
        return f"device of {self._size >> 10} KiB, {what}"


ROWS: Sequence[Row] = (
    Row(
        family="disk",
        name="failing-fsync",
        fault="a device that fails fsync and loses the bytes (real EIO)",
        mark="backing of 6 to 12 MiB by 64 KiB: exit 74 after one failed fsync, also of"
        " a restart on it; mended: 0 lost",
        run=failing_fsync,
    ),
)
