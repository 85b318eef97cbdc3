"""What is looked at under load: who writes, what came, and how the daemon is."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lokid.client import Client
from lokid.errors import DaemonMissing
from lokid.paths import Workspace

HARNESS = Path(__file__).with_name("load_harness.py")
_PAUSE = 0.05  # seconds between two looks whether all has come

PLACES = (
    ("events.jsonl", "stream"),
    ("crash/", "crash"),
    ("metrics/trust-events.jsonl", "trust"),
    ("memory/failures.jsonl", "evidence"),
    ("events/pending/", "pending"),
)
TYPES = {
    "episode.recorded": "episode",
    "output.failed": "session",
    "output.passed": "session",
}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not pass; 0 of none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


class Sample(msgspec.Struct, kw_only=True):
    """The daemon at one moment, and the answers since the last one (ms)."""

    second: float
    memory_mb: float
    files: int
    threads: int
    cpu_s: float
    asked: int
    p50: float
    p99: float
    most: float
    stale: int
    written: int = 0
    arrived: int = 0

    @staticmethod
    def of(pid: int, second: float, asked: Sequence[float], stale: int) -> Sample:
        """A sample of a process, now."""
        proc = Path(f"/proc/{pid}")
        pages = int((proc / "statm").read_text().split()[1])
        ticks = (proc / "stat").read_text().rpartition(")")[2].split()[11:13]
        return Sample(
            second=round(second, 1),
            memory_mb=round(pages * resource.getpagesize() / (1 << 20), 1),
            files=sum(1 for _ in (proc / "fd").iterdir()),
            threads=sum(1 for _ in (proc / "task").iterdir()),
            cpu_s=round(sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), 1),
            asked=len(asked),
            p50=percentile(asked, 0.5),
            p99=percentile(asked, 0.99),
            most=percentile(asked, 1.0),
            stale=stale,
        )

    def show(self) -> None:
        """Print it in a line."""
        told = msgspec.to_builtins(self)
        print("  ".join(f"{name} {value}" for name, value in told.items()), flush=True)


Watcher = Callable[[Sample], None]


class Writer(threading.Thread):
    """The harness, in a process of its own; hears what it says of itself."""

    def __init__(self, root: Path, rate: float, most: int) -> None:
        """Start it."""
        super().__init__(daemon=True)
        self.now = ""
        self._written: dict[str, int] = {}
        self._program = subprocess.Popen(
            [sys.executable, HARNESS, root, "--rate", str(rate), "--most", str(most)],
            stdout=subprocess.PIPE,
        )
        self.start()

    @property
    def total(self) -> int:
        """How many facts it said that it wrote."""
        return sum(self._written.values())

    def run(self) -> None:
        """Hear, line by line."""
        assert self._program.stdout is not None
        for line in self._program.stdout:
            told: dict[str, Any] = json.loads(line)
            self.now, self._written = told["now"], told["written"]

    def runs(self) -> bool:
        """Whether it goes on."""
        return self._program.poll() is None

    def end(self) -> Mapping[str, int]:
        """Have it end after the file it writes; all that it wrote, by kind."""
        self._program.terminate()
        self.join()
        code = self._program.wait()
        if self._program.stdout is not None:
            self._program.stdout.close()
        if code:
            message = f"the harness ended with {code}"
            raise RuntimeError(message)
        return self._written


class Arrivals(threading.Thread):
    """Follows the log through the daemon, and counts what comes by kind."""

    def __init__(self, place: Workspace) -> None:
        """Follow from here on."""
        super().__init__(daemon=True)
        self.total = 0
        self._found: Counter[str] = Counter()
        self._lines = Client(place).lines({"follow": "1"})
        self.start()

    def run(self) -> None:
        """Count until the daemon ends."""
        try:
            for line in self._lines:
                self.total += 1
                self._found[_kind(json.loads(line))] += 1
        except DaemonMissing:
            return

    def missing(self, written: Mapping[str, int]) -> dict[str, int]:
        """What was written and did not come, or (below 0) came too often."""
        difference = {
            kind: count - self._found[kind] for kind, count in written.items()
        }
        return {kind: count for kind, count in difference.items() if count}

    def wait(self, written: Mapping[str, int], seconds: float) -> None:
        """Wait until all of it came, or not longer than this."""
        ends = time.monotonic() + seconds
        while self.missing(written) and time.monotonic() < ends:
            time.sleep(_PAUSE)


def _kind(line: dict[str, Any]) -> str:
    """The harness's kind of the fact in a line; "" for others."""
    path = str(line.get("src", {}).get("path", ""))
    if line["type"] == "review.completed" and path.startswith("quality/"):
        return "review"
    if line["type"] in TYPES:
        return TYPES[line["type"]]
    return next((kind for prefix, kind in PLACES if path.startswith(prefix)), "")
