"""Read your writes: a file that was closed before the question is in its answer.

Ten thousand times a crash file is written and closed, and then `context` is asked
for, over the socket, from one process.  The answer must show the new failure, or
say that it is stale; with five seconds it must never be stale.  Beside it 0, 1 or
8 noise writers (``noise.py``) write other files of the same workspace, ten a
second each, so that scans run all the time and none is one's own by chance.

The story is a harness's: a run ends after a hundred crashes, 500 kinds of crash
come again and again, files older than two hundred are tidied away.

What an answer's own text shows is held against the log as well: one that is not
stale stands on a position that includes its file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from lokid.errors import DaemonMissing
from table import Bench, Outcome, Row
from watched import DEFAULT_MS, PATIENT_MS, Watched, crash, name_of, path_of, write

FAMILY = "freshness"
RATE = 10
"""Writes a second of one noise writer."""
_NOISE = Path(__file__).with_name("noise.py")
_KEPT = 200
"""So many crash files lie there at once; older ones are tidied away."""
_RUN = 100
_KINDS = 500


class _Tally(msgspec.Struct):
    """What the answers of one pass came to; ``positions``: of those not stale."""

    positions: list[int | None] = []
    took: list[float] = []
    misses: list[str] = []
    unannounced: int = 0
    stale: int = 0
    late: int = 0

    def ask(self, daemon: Watched, number: int, deadline_ms: int) -> None:
        """Ask once, and look for a crash in the answer."""
        begun = time.monotonic()
        self.positions.append(None)
        try:
            answer = daemon.context(deadline_ms)
        except DaemonMissing:  # no answer by then: the client has to say so itself
            self.late += 1
        else:
            if answer["stale"]:
                self.stale += 1
            else:
                self.positions[-1] = int(answer["as_of_seq"])
                if name_of(number % _KINDS) not in answer["text"]:
                    self.unannounced += 1
                    self.misses.append(f"pair {number}: its file lacks, unannounced")
        self.took.append(time.monotonic() - begun)

    def figures(self) -> dict[str, int | float | str]:
        """For the table."""
        took = sorted(self.took)
        return {
            "pairs": len(took),
            "unannounced stale": self.unannounced,
            "announced stale": self.stale,
            "no answer in time": self.late,
            "p50 ms": round(took[len(took) // 2] * 1000, 1),
            "p99 ms": round(took[len(took) * 99 // 100] * 1000, 1),
        }


def _pairs(writers: int, deadline_ms: int) -> Callable[[Bench], Outcome]:
    def run(bench: Bench) -> Outcome:
        """Close a file, ask; again and again."""
        count = 100 if bench.quick else 10_000
        tally = _Tally()
        with Watched(bench.folder) as daemon, _noise(daemon.loki, writers):
            (daemon.loki / "crash").mkdir(parents=True, exist_ok=True)
            daemon.context()
            for number in range(count):
                _happen(daemon.loki, number)
                tally.ask(daemon, number, deadline_ms)
                bench.say(number + 1, count)
            daemon.context()
            tally.misses += _behind(daemon, tally.positions)
        if deadline_ms >= PATIENT_MS and tally.stale + tally.late:
            late = f"{tally.stale} stale, {tally.late} not there in {deadline_ms} ms"
            tally.misses.append(late)
        figures = {"noise writes/s": writers * RATE, "events": len(daemon.ear.seqs)}
        return Outcome(figures=tally.figures() | figures, misses=tally.misses[:20])

    return run


def _happen(loki: Path, number: int) -> None:
    """A crash, and what the harness does beside it."""
    now = datetime.now(UTC)
    if number % _RUN == 0:
        ended = {"timestamp": now.isoformat(), "type": "session_end", "data": {}}
        began = ended | {"type": "session_start", "data": {"pid": number + 10}}
        with (loki / "events.jsonl").open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in (ended, began))
    if number >= _KEPT:
        (loki / path_of(number - _KEPT)).unlink()
    write(loki, number, crash(number % _KINDS, at=now))


def _behind(daemon: Watched, positions: list[int | None]) -> list[str]:
    """Files that are not in the log once, or behind an answer that was not stale."""
    daemon.ear.listen()
    found = []
    for number, position in enumerate(positions):
        heard = daemon.ear.paths.get(path_of(number), [])
        if len(heard) != 1:
            found.append(f"pair {number}: in the log {len(heard)} times")
        elif position is not None and heard[0].seq > position:
            found.append(f"pair {number}: behind its answer, which says nothing")
    return found


@contextmanager
def _noise(loki: Path, writers: int) -> Iterator[None]:
    running = [
        subprocess.Popen([sys.executable, _NOISE, loki, str(number), str(RATE)])
        for number in range(writers)
    ]
    try:
        yield
    finally:
        for writer in running:
            writer.kill()
            writer.wait()


def _row(writers: int, deadline_ms: int) -> Row:
    patient = deadline_ms >= PATIENT_MS
    return Row(
        family=FAMILY,
        name=f"fresh-{'patient' if patient else 'default'}-{writers}",
        fault=f"close, then context at {deadline_ms} ms, beside {writers} writers",
        mark=f"10,000 pairs: 0 {'' if patient else 'unannounced '}stale",
        run=_pairs(writers, deadline_ms),
        quick=writers == 8,
    )


ROWS: tuple[Row, ...] = tuple(
    _row(writers, deadline_ms)
    for deadline_ms in (DEFAULT_MS, PATIENT_MS)
    for writers in (0, 1, 8)
)
