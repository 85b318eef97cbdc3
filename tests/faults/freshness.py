"""Read your writes: a file that was closed before the question is in its answer.

Ten thousand times a crash file is written and closed, and then `context` is asked
for, over the socket, from one process.  The answer must show the new failure, or
say that it is stale; with five seconds it must never be stale.  Beside it 0, 1 or
8 noise writers (``noise.py``) write other files of the same workspace, ten a
second each, so that scans run all the time and none is one's own by chance.

What was found missing by the answer's own text is held against the log as well:
an answer that is not stale stands on a position that includes its file.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lokid.errors import DaemonMissing
from table import Bench, Outcome, Row
from watched import DEFAULT_MS, PATIENT_MS, Watched, name_of, path_of, write

FAMILY = "freshness"
RATE = 10
"""Writes a second of one noise writer."""
_NOISE = Path(__file__).with_name("noise.py")
_KEPT = 200
"""So many crash files lie there at once; older ones are tidied away."""


def _pairs(writers: int, deadline_ms: int) -> Callable[[Bench], Outcome]:
    def run(bench: Bench) -> Outcome:
        """Close a file, ask; again and again."""
        count = 100 if bench.quick else 10_000
        misses: list[str] = []
        positions: list[int | None] = []
        took: list[float] = []
        with Watched(bench.folder) as daemon, _noise(daemon.loki, writers):
            daemon.context()
            for number in range(count):
                write(daemon.loki, number)
                begun = time.monotonic()
                position = _position(daemon, number, deadline_ms, misses)
                took.append(time.monotonic() - begun)
                positions.append(position)
                if number >= _KEPT:
                    (daemon.loki / path_of(number - _KEPT)).unlink()
                bench.say(number + 1, count)
            daemon.context()
            misses += _behind(daemon, positions)
        stale = positions.count(None)
        if deadline_ms >= PATIENT_MS and stale:
            misses.append(f"{stale} answers are stale at {deadline_ms} ms")
        took.sort()
        return Outcome(
            figures={
                "pairs": count,
                "unannounced stale": sum("says nothing" in one for one in misses),
                "announced stale": stale,
                "noise writes/s": writers * RATE,
                "p50 ms": round(took[count // 2] * 1000, 1),
                "p99 ms": round(took[count * 99 // 100] * 1000, 1),
                "events": len(daemon.ear.seqs),
            },
            misses=misses[:20],
        )

    return run


def _position(
    daemon: Watched, number: int, deadline_ms: int, misses: list[str]
) -> int | None:
    """The position an answer stands on; None when it says that it is stale.

    A client that waits no longer has no answer, as one that is stale and empty:
    the command then says so itself.
    """
    try:
        answer = daemon.context(deadline_ms)
    except DaemonMissing:
        return None
    if answer["stale"]:
        return None
    if name_of(number) not in answer["text"]:
        misses.append(f"pair {number}: the answer lacks its file and says nothing")
    return int(answer["as_of_seq"])


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
