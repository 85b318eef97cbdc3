"""Sustained load: a harness that writes all the time, a daemon that stays flat.

    python tests/faults/load.py [--minutes 60] [--rate 200] [--json FILE]

A real daemon serves a workspace into which ``load_harness.py`` writes so many
facts a second; one client asks ``context`` at a steady pace, another follows the
log.  Every ten seconds a line: memory, file descriptors, threads, what was written
and what came, median and p99 of ``context``, stale answers.

The log is bounded (`SETTINGS`), else memory would be the history's.  The answers
are asked as of the time of the harness's own story, which runs faster than ours.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from load_watch import Arrivals, Sample, Watcher, Writer, percentile
from lokid.client import Client
from lokid.errors import LokidError
from lokid.paths import Workspace, find_workspace
from table import Bench, NotRun, Outcome, Row

RATE = 200.0
MINUTES = 60.0
MOST = 1_000_000
ASKS_A_SECOND = 5.0
SAMPLE_SECONDS = 10.0
SETTINGS = {"LOKID_SEGMENT_BYTES": str(2 << 20), "LOKID_RETENTION_BYTES": str(8 << 20)}
P99_MS = 50.0
FLAT = 1.05
FILES = 4
"""File descriptors that come and go; a scan holds many, so the fewest count."""
QUARTERS = 4
PATIENCE = 60.0
DAEMON = "import sys; from lokid.__main__ import lokid; sys.exit(lokid())"


class Load(msgspec.Struct):
    """What a load came to: samples, what was lost, what the daemon said."""

    samples: list[Sample] = []
    asked: list[float] = []
    missing: dict[str, int] = {}
    written: int = 0
    code: int = 0
    said: str = ""

    def quarter(self, nth: int) -> list[Sample]:
        """The samples of a quarter, the first is 0."""
        size = len(self.samples) / QUARTERS
        return self.samples[round(nth * size) : round((nth + 1) * size)]

    def figures(self) -> dict[str, int | float | str]:
        """What is shown of it."""
        told: dict[str, int | float | str] = {
            "facts written": self.written,
            "facts lost or doubled": sum(map(abs, self.missing.values())),
            "asked": len(self.asked),
            "p50 ms": percentile(self.asked, 0.5),
            "p99 ms": percentile(self.asked, 0.99),
            "stale": sum(one.stale for one in self.samples),
        }
        if len(self.samples) >= QUARTERS:
            for name, of in (("memory_mb", _median), ("files", _fewest)):
                told[f"{name}, quarter 2"] = of(self.quarter(1), name)
                told[f"{name}, quarter 4"] = of(self.quarter(QUARTERS - 1), name)
        return told

    def misses(self, *, whole: bool) -> list[str]:
        """What missed its mark; ``whole``: long enough for marks of time."""
        found = [f"{kind}: {count} missing" for kind, count in self.missing.items()]
        if self.code or self.said:
            found.append(f"the daemon ended {self.code}: {self.said[-500:]}")
        if not whole:
            return found
        p99 = percentile(self.asked, 0.99)
        if p99 >= P99_MS:
            found.append(f"p99 of context is {p99} ms")
        second, last = self.quarter(1), self.quarter(QUARTERS - 1)
        if not second or not last:
            return [*found, f"{len(self.samples)} samples are too few"]
        if _median(last, "memory_mb") > FLAT * _median(second, "memory_mb"):
            found.append("memory grows")
        if _fewest(last, "files") > _fewest(second, "files") + FILES:
            found.append("open files grow")
        return found


def _median(samples: list[Sample], name: str) -> float:
    values: list[float] = [getattr(one, name) for one in samples]
    return round(statistics.median(values), 1)


def _fewest(samples: list[Sample], name: str) -> float:
    return float(min(getattr(one, name) for one in samples))


def load(
    folder: Path, seconds: float, rate: float, say: Watcher, environ: Mapping[str, str]
) -> Load:
    """Run it in an empty folder; ``say`` hears of each sample."""
    place = find_workspace(str(folder / "work"), environ)
    place.root.mkdir()
    found = Load()
    with _daemon(place, environ) as daemon:
        client = Client(place)
        client.ping()
        arrivals = Arrivals(place)
        writer = Writer(place.root, rate, MOST)
        try:
            _ask(found, client, writer, arrivals, daemon.pid, seconds, say)
        finally:
            written = writer.end()
        client.get("status")  # the barrier: all that lies there is in the log now
        arrivals.wait(written, PATIENCE)
        found.written = sum(written.values())
        found.missing = arrivals.missing(written)
        daemon.send_signal(signal.SIGTERM)
        said = daemon.communicate(timeout=PATIENCE)[1].decode(errors="replace")
        lines = said.splitlines()
        found.said = "\n".join(one for one in lines if "ompacted" not in one)
        found.code = daemon.returncode
        arrivals.join(PATIENCE)
    return found


def _ask(  # noqa: PLR0913, PLR0917  what is looked at
    found: Load,
    client: Client,
    writer: Writer,
    arrivals: Arrivals,
    pid: int,
    seconds: float,
    say: Watcher,
) -> None:
    """Ask at a steady pace, and take a sample now and then."""
    begun = time.monotonic()
    nth, sampled = 0, 1
    window: list[float] = []
    stale = 0
    while (passed := time.monotonic() - begun) < seconds and writer.runs():
        nth += 1
        time.sleep(max(0.0, nth / ASKS_A_SECOND - passed))
        asked = time.perf_counter()
        answer = client.get("context", {"now": writer.now} if writer.now else {})
        window.append(round((time.perf_counter() - asked) * 1000, 2))
        stale += answer["stale"]
        if time.monotonic() - begun > sampled * SAMPLE_SECONDS:
            sampled += 1
            sample = Sample.of(pid, time.monotonic() - begun, window, stale)
            sample.written, sample.arrived = writer.total, arrivals.total
            found.samples.append(sample)
            found.asked += window
            window, stale = [], 0
            say(sample)
    found.asked += window


@contextmanager
def _daemon(
    place: Workspace, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon that watches; killed at the end if it still runs."""
    daemon = subprocess.Popen(
        [sys.executable, "-c", DAEMON, "-C", str(place.root)],
        cwd=place.root,
        env={**environ, **SETTINGS},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert daemon.stderr is not None
        said = daemon.stderr.readline()
        if b"watching" not in said:
            message = f"the daemon did not start: {said!r}"
            raise RuntimeError(message)
        yield daemon
    finally:
        with suppress(ProcessLookupError):
            daemon.kill()
        daemon.communicate()


def _row(bench: Bench) -> Outcome:
    if not Path("/proc/self/statm").exists():
        raise NotRun("reads memory and files in /proc", "make faults, on Linux")
    seconds = 1.5 if bench.quick else MINUTES * 60

    def say(sample: Sample) -> None:
        bench.say(int(sample.second), int(seconds))

    found = load(bench.folder, seconds, RATE, say, os.environ)
    return Outcome(figures=found.figures(), misses=found.misses(whole=not bench.quick))


def main() -> int:
    """Run it for so long and print each sample; 1 when a mark was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--json", type=Path, help="write every sample there")
    asked = parser.parse_args()
    names = ("LOKI", "XDG_")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    with tempfile.TemporaryDirectory(prefix="lokid-load-") as folder:
        environ |= {"HOME": folder, "XDG_RUNTIME_DIR": folder}
        try:
            found = load(
                Path(folder), asked.minutes * 60, asked.rate, Sample.show, environ
            )
        except LokidError as error:
            print(f"the daemon went away: {error.message}")
            return 1
    print(*(f"{name}: {value}" for name, value in found.figures().items()), sep="\n")
    misses = found.misses(whole=True)
    print(*(f"MISS: {one}" for one in misses), sep="\n")
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    return int(bool(misses))


ROWS = (
    Row(
        family="load",
        name="sustained-load",
        fault=f"{RATE:.0f} facts a second for an hour (or 1,000,000), `context`"
        f" {ASKS_A_SECOND:.0f} times a second, a log of at most 8 MiB",
        mark=f"0 lost; p99 under {P99_MS:.0f} ms; memory of the last quarter within"
        " 5 % of the second, open files flat",
        run=_row,
    ),
)


if __name__ == "__main__":
    raise SystemExit(main())
