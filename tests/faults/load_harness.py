"""A harness that never ends: the simulator, played at so many facts a second.

Run as a script, it writes into the ``.loki`` of a workspace until it is told to
end, and says each half second, one JSON object a line, what it has written and
which time it is in its story::

    python tests/faults/load_harness.py WORKSPACE --rate 200 --most 1000000

``written`` counts facts by kind, by a model of its own: lines of
``events.jsonl`` are counted by reading them again, everything else by the
simulator's steps.  Nothing of the sources or of ingest plays a part in it.

The folder stays bounded the way a tidied workspace does: the stream and the
tails are rotated with one backup, the daily log loses its head (the simulator
does that), and what lies in a file of its own is deleted some time later.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from cli.simulator import Iteration, Options, Simulator
from cli.simulator.moments import bash
from cli.simulator.options import Step

STREAM = "events.jsonl"
TOLD = frozenset(
    {
        "session_start",
        "session_end",
        "iteration_start",
        "iteration_complete",
        "code_review_complete",
        "code_review_council_complete",
        "council_vote",
        "stage_complete",
        "phase_change",
    }
)
"""What of the stream is a fact, where a stage has run at all."""
KINDS = {
    "crash": "crash",
    "friction": "crash",
    "trust event gate_failure": "trust",
    "failure memory": "evidence",
    "episode": "episode",
    "review aggregate": "review",
    "log ends": "session",
    "pending provider_interrupted": "pending",
}
"""Steps of the simulator that are one fact each, and its kind."""
ROTATED = (STREAM, "metrics/trust-events.jsonl", "memory/failures.jsonl")
ROTATE_BYTES = 1 << 20
KEPT_SECONDS = 5.0
"""How long a file of its own stays."""
TIDIED = (
    *("crash/*", "events/pending/*", "memory/episodic/*/*", "memory/handoffs/*"),
    *("quality/reviews/*/*", "state/findings-*", "council/transcripts/*"),
    *("council/votes/*", "logs/autonomy-*.log", "metrics/result-cost-*"),
)
OWN_FOLDER = "quality/reviews/*/*"
"""Written whole, once: its folder goes with the last of it."""
CAUSES = 240
_RUNS_A_SIMULATOR = 10
"""Its index of episodes has no end, and is written whole each time."""
_SAY_SECONDS = 0.5


class Harness:
    """Plays runs into a workspace, and counts."""

    def __init__(self, root: Path, seed: int) -> None:
        """``root`` is the workspace."""
        self.loki = root / ".loki"
        self.written: Counter[str] = Counter()
        self.now = ""
        self._root = root
        self._story = story(seed)
        self._read = 0
        self._tidied = time.monotonic()

    def play(self) -> Iterator[int]:
        """Write file after file; gives how many facts each was."""
        options = Options(harness=9, noise=False)
        while True:
            simulator = Simulator(self._root, options)
            for _ in range(_RUNS_A_SIMULATOR):
                run = next(self._story)
                before = sum(self.written.values())
                for step in simulator.steps(run):
                    self._count(step)
                    self.now = run[max(0, step.iteration - 1)].ended
                    now = sum(self.written.values())
                    yield now - before
                    before = now
                self._rotate()
                self._tidy()

    def _count(self, step: Step) -> None:
        if step.path == STREAM:
            self.written["stream"] += sum(map(_is_told, self._grown()))
        elif kind := KINDS.get(step.what):
            self.written[kind] += 1

    def _grown(self) -> list[bytes]:
        """The lines that came to the stream since the last look."""
        with (self.loki / STREAM).open("rb") as file:
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        return data.splitlines()

    def _rotate(self) -> None:
        for name in ROTATED:
            path = self.loki / name
            if path.exists() and path.stat().st_size > ROTATE_BYTES:
                path.replace(path.with_name(f"{path.name}.1"))
                if name == STREAM:
                    self._read = 0

    def _tidy(self) -> None:
        if time.monotonic() < self._tidied + KEPT_SECONDS / 4:
            return
        self._tidied = time.monotonic()
        old = time.time() - KEPT_SECONDS
        for glob in TIDIED:
            for path in self.loki.glob(glob):
                if path.is_file() and path.stat().st_mtime < old:
                    path.unlink()
                    if path.match(OWN_FOLDER) and not any(path.parent.iterdir()):
                        path.parent.rmdir()
        for folder in self.loki.glob("memory/episodic/*"):
            if folder.stat().st_mtime < old and not any(folder.iterdir()):
                folder.rmdir()


def _is_told(line: bytes) -> bool:
    body = json.loads(line)
    ran = body["data"].get("status") != "not_run" if "data" in body else True
    return body["type"] in TOLD and ran


def story(seed: int) -> Iterator[list[Iteration]]:
    """Runs of 20 to 50 iterations, three minutes each, with every way to fail."""
    rng = random.Random(seed)  # noqa: S311  a script, no secret
    at = datetime(2026, 3, 2, tzinfo=UTC)
    number = 0
    while True:
        number += 1
        rows = []
        for iteration in range(1, rng.randrange(20, 51) + 1):
            at += timedelta(minutes=3)
            rows.append(_row(rng, number, iteration, at))
        yield [msgspec.convert(row, Iteration) for row in rows]
        at += timedelta(minutes=30)


def _row(rng: random.Random, run: int, iteration: int, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {
        "run": run,
        "iteration": iteration,
        "time": bash(at),
        "ended": bash(at + timedelta(seconds=60)),
        "goal": "prd.md",
        "commands": [{"command": "make build", "exit_code": 0, "output": "ok"}],
    }
    fate = rng.random()
    if fate < 0.45:
        _fail(rng, row)
    elif fate < 0.52:
        code = {"empty": 1, "killed": 143, "not_called": 125}
        row["provider"] = rng.choice(sorted(code))
        row["exit_code"] = code[row["provider"]]
        row["trap"] = "y"
    elif iteration >= 3 and fate < 0.62:
        row["council"] = _council(rng)
    if rng.random() < 0.3:
        row["gates"] = {"test_coverage": rng.choice(["fail", "pass"])}
    if rng.random() < 0.2:
        row["review"] = {"verdicts": {"db": "FAIL", "perf": "PASS"}, "blocking": True}
    return row


def _fail(rng: random.Random, row: dict[str, Any]) -> None:
    """A failing command; few causes come often, many seldom."""
    cause = min(int(rng.paretovariate(0.6)), CAUSES)
    code, output = _OUTPUTS[cause % len(_OUTPUTS)]
    output = output.replace("{n}", str(rng.randrange(2, 900)))
    output = output.replace("{x}", _word(cause // len(_OUTPUTS)))
    row |= {"exit_code": code, "output": output, "trap": f"cause {cause}"}
    command = {"command": "make check", "exit_code": code, "output": output}
    row["commands"] = [*row["commands"], {**command, "trap": row["trap"]}]
    row["provider"] = rng.choice(["stream", "text"])


def _council(rng: random.Random) -> dict[str, Any]:
    outcome = rng.choice(["rejected", "rejected", "blocked"])
    votes = [
        {"role": "requirements_verifier", "verdict": "reject", "reason": "no tests"},
        {"role": "test_auditor", "verdict": "approve", "reason": "all is green"},
        {"role": "devils_advocate", "verdict": "reject", "reason": "no limits"},
    ]
    path = "default" if outcome == "blocked" else rng.choice(["default", "vote"])
    return {"outcome": outcome, "votes": votes, "path": path}


def _word(number: int) -> str:
    """A name for a number, of letters alone: digits are no part of a cause."""
    letters = ""
    while True:
        number, rest = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[rest] + "a"
        if not number:
            return letters


_OUTPUTS = (
    (127, "bash: line {n}: {x}tool: command not found"),
    (
        1,
        (
            "Traceback (most recent call last):\n"
            '  File "/srv/app/load.py", line {n}, in load_{x}\n'
            '  File "/srv/app/rows.py", line {n}, in parse_{x}\n'
            "KeyError: '{x}'"
        ),
    ),
    (2, "src/a.ts({n},4): error TS2322: Type '{x}' is not assignable to type 'X'."),
    (101, "error[E0382]: borrow of moved value: `{x}`\n  --> src/{x}.rs:{n}:9"),
    (
        1,
        (
            "TypeError: Cannot read properties of undefined (reading '{x}')\n"
            "    at get_{x} (/srv/app/src/{x}.js:{n}:5)\n"
            "    at async handler (/srv/app/src/http.js:44:12)"
        ),
    ),
)


def main() -> None:
    """Play until SIGTERM, or until so many facts are written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    harness = Harness(args.workspace, args.seed)
    begun = said = time.monotonic()
    facts = 0
    for new in harness.play():
        facts += new
        if time.monotonic() > said + _SAY_SECONDS:
            said = time.monotonic()
            _say(harness)
        if told or facts >= args.most:
            break
        ahead = begun + facts / args.rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
    _say(harness, done=True)


def _say(harness: Harness, *, done: bool = False) -> None:
    word = {"written": harness.written, "now": harness.now, "done": done}
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
