"""The clock of the wall jumps: years back, a century ahead, over a change of zone.

Time is faked for the daemon alone, by libfaketime, which reads the offset from a
file at each look; the monotonic clock is left as it is, as a real jump leaves it.
The order of the log is seq, never time, and timers count by the monotonic clock.

`clock-timers` runs the daemon's timers alone, so that each turn can be told from
the watch; `clock-jumps` is a whole daemon.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lokid.log import verify
from table import Bench, NotRun, Outcome, Row
from watched import PATIENT_MS, Watched, crash, name_of, path_of, until, write

FAMILY = "watching"
JUMPS = (
    ("-400d", timedelta(days=-400)),
    ("+36500d", timedelta(days=36500)),
    ("+0", timedelta()),
    ("-1h", timedelta(hours=-1)),
    ("+1h", timedelta(hours=1)),
    ("-3", timedelta(seconds=-3)),
    ("+3", timedelta(seconds=3)),
    ("@2026-10-25 02:59:59", None),  # Berlin's clocks go back
    ("@2026-03-29 01:59:59", None),  # and forward
)
"""What is written into the file, and what it means for the harness's own clock."""
_ZONE = "Europe/Berlin"
_NOW = "2026-06-01T00:00:00.000Z"
_VIEWS = ("context", "failures", "lessons", "iterations")
_STEP = 0.02
_TIMERS = f"""
import asyncio
from lokid.schedule import Schedule

async def turn():
    print("turn", flush=True)

async def main():
    schedule = Schedule()
    schedule.every({_STEP}, turn)
    schedule.start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


class _Clock:
    """A faked clock of the wall; ``environ`` is what makes a process believe it."""

    def __init__(self, folder: Path) -> None:
        """Nothing faked yet; raises NotRun without libfaketime."""
        self._file = folder / "faketime"
        self.set("+0")
        self.environ = {
            "LD_PRELOAD": _library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",  # a jump changes no file's time
            "TZ": _ZONE,
        }

    def set(self, offset: str) -> None:
        """Let it jump."""
        new = self._file.with_suffix(".new")
        new.write_text(offset + "\n")
        new.replace(self._file)


def _library() -> str:
    """Where libfaketime is: what its own command would preload."""
    faketime = shutil.which("faketime")
    if faketime is None:
        reason = "libfaketime is not installed"
        raise NotRun(reason, "apt-get install faketime")
    told = [faketime, "-f", "+0", "sh", "-c", 'printf %s "$LD_PRELOAD"']
    return subprocess.run(told, check=True, capture_output=True, text=True).stdout


def _timers(bench: Bench) -> Outcome:
    """A job each 20 ms: two turns after each jump, and none too early."""
    clock = _Clock(bench.folder)
    jumps = _jumps(bench)
    misses: list[str] = []
    slowest = 0.0
    with _turns(bench.folder, clock) as turns:
        until(lambda: len(turns) > 1)
        begun, before = time.monotonic(), len(turns)
        for number, (offset, _) in enumerate(jumps):
            clock.set(offset)
            wanted = len(turns) + 3
            waited = until(lambda wanted=wanted: len(turns) >= wanted)  # type: ignore[misc]
            if waited is None:
                misses.append(f"jump {number} to {offset}: no turn comes any more")
                break
            slowest = max(slowest, waited)
        most = (time.monotonic() - begun) / _STEP + 2
        if len(turns) - before > most:
            misses.append(f"{len(turns) - before} turns where {most:.0f} are due")
    figures = {"jumps": len(jumps), "turns": len(turns), "slowest 3 s": slowest}
    return Outcome(figures={k: round(v, 3) for k, v in figures.items()}, misses=misses)


@contextmanager
def _turns(folder: Path, clock: _Clock) -> Iterator[list[float]]:
    """The turns of a timer that runs under a faked clock, as they come."""
    turns: list[float] = []
    with subprocess.Popen(
        [sys.executable, "-c", _TIMERS],
        cwd=folder,
        env={**os.environ, **clock.environ},
        stdout=subprocess.PIPE,
    ) as process:
        output = process.stdout
        assert output is not None

        def read() -> None:
            turns.extend(time.monotonic() for _ in output)

        reading = threading.Thread(target=read)
        reading.start()
        try:
            yield turns
        finally:
            process.kill()
            reading.join()


def _jumping(bench: Bench) -> Outcome:
    """A daemon whose clock jumps between the files; then rebuild it, unfaked."""
    clock = _Clock(bench.folder)
    jumps = _jumps(bench)
    misses: list[str] = []
    daemon = Watched(bench.folder)
    honest = dict(daemon.environ)
    daemon.environ |= clock.environ
    with daemon:
        for number, (offset, shift) in enumerate(jumps):
            clock.set(offset)
            at = None if shift is None else datetime.now(UTC) + shift
            asked, unasked = 2 * number, 2 * number + 1
            write(daemon.loki, asked, crash(asked, at=at))
            answer = daemon.client.get("failures", {"all": "1"}, PATIENT_MS)
            if answer["stale"] or name_of(asked) not in str(answer):
                misses.append(f"jump {number} to {offset}: the answer lacks its file")
            write(daemon.loki, unasked, crash(unasked, at=at))
            if daemon.ear.waits(path_of(unasked)) is None:
                misses.append(f"jump {number} to {offset}: a file is never found")
            bench.say(number + 1, len(jumps))
        before = _answers(daemon)
        if code := daemon.end():
            misses.append(f"the daemon ended with {code}")
        shutil.rmtree(daemon.workspace.cache, ignore_errors=True)
        daemon.environ = honest
        daemon.start()
        after = _answers(daemon)
        misses += [
            f"{name} is another" for name in _VIEWS if before[name] != after[name]
        ]
        daemon.ear.listen()
        if daemon.ear.seqs != list(range(1, len(daemon.ear.seqs) + 1)):
            misses.append("seq is not gapless")
        misses += [str(problem) for problem in verify(daemon.workspace.log).problems]
    return Outcome(
        figures={"jumps": len(jumps), "events": len(daemon.ear.seqs)},
        misses=misses[:20],
    )


def _answers(daemon: Watched) -> dict[str, dict[str, Any]]:
    asked = {"all": "1", "now": _NOW}
    return {name: daemon.client.get(name, asked) for name in _VIEWS}


def _jumps(bench: Bench) -> list[tuple[str, timedelta | None]]:
    """Twenty (the quick part: the four worst), in an order of this seed."""
    if bench.quick:
        return [JUMPS[0], JUMPS[1], JUMPS[7], JUMPS[2]]
    chance = bench.random("jumps")
    return [*JUMPS, *(chance.choice(JUMPS) for _ in range(20 - len(JUMPS)))]


ROWS: tuple[Row, ...] = (
    Row(
        family=FAMILY,
        name="clock-timers",
        fault="the clock jumps 20 times under the timers (-400 d, +100 y, zones)",
        mark="turns go on after each jump, none too early",
        run=_timers,
    ),
    Row(
        family=FAMILY,
        name="clock-jumps",
        fault="the clock jumps 20 times under a daemon (-400 d, +100 y, zones)",
        mark="each file found, seq gapless, a rebuild without the cache the same",
        run=_jumping,
        quick=False,  # a daemon starts slowly under a faked clock
    ),
)
