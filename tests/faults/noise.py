"""A noise writer: files of a workspace that nobody asks about, at a bounded rate.

Run as a script, it writes until it is ended::

    python tests/faults/noise.py LOKI NUMBER RATE

In turn it appends a line to a stream of its own (``metrics/noise-N.jsonl``, no
source), appends to the harness's event stream, writes a new friction file, makes
a state file anew in place and deletes the oldest friction file it made, so that
the folders stay as small as a tidied workspace.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from pathlib import Path

_KEPT = 20


def main(loki: Path, number: int, rate: float) -> None:
    """Write at ``rate`` writes a second, evenly."""
    kinds = (_own_stream, _events, _friction, _state)
    for name in ("crash", "quality", "metrics"):
        (loki / name).mkdir(parents=True, exist_ok=True)
    made: deque[Path] = deque()
    begun = time.monotonic()
    for turn in range(sys.maxsize):
        kinds[turn % len(kinds)](loki, number, turn, made)
        if len(made) > _KEPT:
            made.popleft().unlink(missing_ok=True)
        time.sleep(max(0.0, begun + (turn + 1) / rate - time.monotonic()))


def _own_stream(loki: Path, number: int, turn: int, _made: deque[Path]) -> None:
    with (loki / "metrics" / f"noise-{number}.jsonl").open("a") as file:
        file.write(json.dumps({"turn": turn}) + "\n")


def _events(loki: Path, number: int, turn: int, _made: deque[Path]) -> None:
    told = {"stage": f"noise-{number}", "status": "complete", "turn": turn}
    line = {"timestamp": _now(), "type": "stage_complete", "data": told}
    with (loki / "events.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def _friction(loki: Path, number: int, turn: int, made: deque[Path]) -> None:
    file = loki / "crash" / f"noise-{os.getpid()}-{turn}-{int(time.time())}.json"
    body = {
        "captured_at": _now(),
        "error_class": "Friction",
        "friction_kind": f"noise_{number}",
        "stack_signature": [],
    }
    with file.open("w") as out:
        json.dump(body, out, indent=2, sort_keys=True)
    made.append(file)


def _state(loki: Path, _number: int, _turn: int, _made: deque[Path]) -> None:
    counts = {"static_analysis": 1}  # in place and the same again: read, no news
    (loki / "quality" / "gate-failure-count.json").write_text(json.dumps(counts))


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
