"""The live rig: a simulated harness, and a question after each closed file.

`histories.random_history` makes the script; the simulator writes it file by
file and tells the truth; `check` holds an answer against that truth.  Used by
the tests with 60 iterations and by ``python tests/live.py --iterations 300``.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from cli.simulator import Iteration, Options, Simulator, Truth
from lokid.client import Client
from lokid.paths import Workspace, find_workspace
from projections.failure import ITERATION_KINDS

ROOT = Path(__file__).resolve().parents[1]
PYTHON = Path(sys.executable)
PATIENT = 5000
"""Deadline (ms) at which nothing may be stale."""

OUTPUTS = (
    (
        1,
        (
            "Traceback (most recent call last):\n"
            '  File "/srv/app/load.py", line {n}, in load\n'
            '  File "/srv/app/rows.py", line {n}, in parse\n'
            "KeyError: 'user_id'"
        ),
    ),
    (127, "bash: line {n}: jq: command not found"),
    (2, "src/a.ts({n},4): error TS2322: Type 'string' is not assignable to type 'X'."),
    (101, "error[E0382]: borrow of moved value: `row`\n  --> src/a.rs:{n}:9"),
    (
        1,
        (
            "TypeError: Cannot read properties of undefined (reading 'id')\n"
            "    at getUser (/srv/app/src/user.js:{n}:5)\n"
            "    at async handler (/srv/app/src/http.js:44:12)"
        ),
    ),
)


def random_history(seed: int, iterations: int) -> list[Iteration]:
    """A history of runs of 5 to 20 iterations with every way to fail."""
    rng = random.Random(seed)  # noqa: S311  a script, not a secret
    rows: list[dict[str, Any]] = []
    run, number, left = 0, 0, 0
    minute = 0
    for _ in range(iterations):
        if left == 0:
            run, number, left = run + 1, 0, rng.randrange(5, 21)
            minute += 30
        number, left = number + 1, left - 1
        minute += 3
        row = _row(rng, run, number, minute)
        if row.get("unfinished"):
            left = 0
        rows.append(row)
    return [msgspec.convert(row, Iteration) for row in rows]


def _row(rng: random.Random, run: int, number: int, minute: int) -> dict[str, Any]:
    def at(seconds: int) -> str:
        day, rest = divmod(minute * 60 + seconds, 86_400)
        hour, rest = divmod(rest, 3600)
        return f"2026-03-{2 + day:02d}T{hour:02d}:{rest // 60:02d}:{rest % 60:02d}.000Z"

    row: dict[str, Any] = {
        "run": run,
        "iteration": number,
        "time": at(0),
        "ended": at(60),
        "goal": "prd.md",
    }
    fate = rng.random()
    if fate < 0.5:
        code, output = rng.choice(OUTPUTS)
        output = output.replace("{n}", str(rng.randrange(2, 900)))
        row |= {"exit_code": code, "output": output, "trap": "x"}
        row["commands"] = [
            {"command": "make check", "exit_code": code, "output": output, "trap": "x"}
        ]
        row["provider"] = rng.choice(["stream", "text"])
    elif fate < 0.62:
        row |= {"provider": rng.choice(["empty", "killed", "not_called"])}
        row["exit_code"] = {"empty": 1, "killed": 143, "not_called": 125}[
            row["provider"]
        ]
        row["trap"] = "y"
    elif fate < 0.65 and number > 2:
        row["unfinished"] = True
    if rng.random() < 0.3:
        row["gates"] = {"test_coverage": rng.choice(["fail", "pass"])}
    if rng.random() < 0.3:
        row["review"] = {"verdicts": {"db": "FAIL", "perf": "PASS"}, "blocking": True}
    return row


class Tally(msgspec.Struct):
    """What was seen over a whole history."""

    asked: int = 0
    stale: int = 0
    silent: int = 0  # answers that lacked a failure without saying stale
    double: int = 0
    invented: int = 0  # rows that were told at any time and never happened
    kills: int = 0
    told: set[tuple[int, int, str]] = msgspec.field(default_factory=set)


def known(truth: list[Truth], what: str) -> Counter[tuple[int, int, str]]:
    """(run, iteration, gate or kind of row) that must be known by now."""
    return Counter(
        (one.run, one.iteration, one.gate or "") for one in truth if one.what == what
    )


def told(
    failures: dict[str, Any], iterations: dict[str, Any], *, gates: bool
) -> Counter[tuple[int, int, str]]:
    """The same from the answers of `failures` and `iterations`."""
    runs = sorted({row["run"] for row in iterations["iterations"] if row["run"]})
    found: Counter[tuple[int, int, str]] = Counter()
    for row in failures["failures"]:
        is_gate = row["kind"] == "gate"
        if is_gate != gates or row["kind"] == "friction":
            continue
        number = runs.index(row["run"]) + 1 if row["run"] in runs else 0
        found[number, row["iteration"], row["gate"] if is_gate else ""] += 1
    return found


def check(
    tally: Tally,
    truth: list[Truth],
    failures: dict[str, Any],
    iterations: dict[str, Any],
) -> None:
    """Count what an answer lacks or says twice."""
    tally.asked += 1
    tally.stale += failures["stale"]
    for what, gates in (("failure", False), ("gate", True)):
        wanted = known(truth, what)
        found = told(failures, iterations, gates=gates)
        if not failures["stale"] and wanted - found:
            tally.silent += 1
        if any(count > 1 for count in found.values()):
            tally.double += 1
        tally.told |= set(found)


def is_mute(block: dict[str, Any], failures: dict[str, Any]) -> bool:
    """Whether a block as of the newest failure is empty though iterations failed."""
    failed = [row for row in failures["failures"] if row["kind"] in ITERATION_KINDS]
    return bool(failed) and not block["text"] and not block["stale"]


def environment(home: Path) -> dict[str, str]:
    """An environment in which nothing of the user's plays a part."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LOKI", "XDG_"))}
    return {**env, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "NO_COLOR": "1"}


def start(workspace: Workspace) -> subprocess.Popen[bytes]:
    """A daemon of this workspace, serving; ended by the caller."""
    daemon = subprocess.Popen(
        [
            *(PYTHON, "-c", "from lokid.__main__ import lokid; lokid()"),
            *("-C", workspace.root),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert daemon.stderr is not None
    said = daemon.stderr.readline()
    if b"watching" not in said:
        message = f"the daemon did not start: {said!r} {daemon.stderr.read()!r}"
        raise RuntimeError(message)
    Client(workspace).ping()
    return daemon


@contextmanager
def daemon_on(workspace: Workspace) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon for the length of a block."""
    daemon = start(workspace)
    try:
        yield daemon
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=30)


def play(  # noqa: PLR0913  the rig's switches, by name
    workspace: Workspace,
    iterations: int,
    *,
    options: Options,
    deadline: int | None,
    kills: int = 0,
    seed: int = 1,
) -> Tally:
    """Write a history file by file under a live daemon and ask after each file.

    ``kills``: so often, at random points, the daemon is killed (-9) and started
    again.  ``deadline`` None: the defaults of `context`.
    """
    rng = random.Random(seed)  # noqa: S311  a script, not a secret
    simulator = Simulator(workspace.root, options)
    tally = Tally()
    steps = iterations * 25
    points = set(rng.sample(range(steps), min(kills, steps)))
    daemon = start(workspace)
    client = Client(workspace)
    try:
        for number, _ in enumerate(simulator.steps(random_history(seed, iterations))):
            if number in points:
                daemon.kill()
                daemon.communicate()
                daemon = start(workspace)
                tally.kills += 1
            failures = client.get("failures", {"all": "1"}, deadline)
            newest = [row["time"] for row in failures["failures"][:1]]
            asked = {"now": newest[0]} if newest else {}
            block = client.get("context", asked, deadline)
            by_run = client.get("iterations", {"all": "1"}, PATIENT)
            check(tally, simulator.truth, failures, by_run)
            if block["stale"]:
                tally.stale += 1
            tally.silent += is_mute(block, failures)
    finally:
        daemon.kill()
        daemon.communicate()
    truth = set(known(simulator.truth, "failure")) | set(known(simulator.truth, "gate"))
    tally.invented = len(tally.told - truth)
    return tally


def main() -> None:
    """Play a long history in a temporary folder and print the tally."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--harness", type=int, default=9, choices=(7, 9))
    parser.add_argument("--deadline", type=int, default=PATIENT)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment(Path(folder)))
        workspace = find_workspace(str(Path(folder) / "work"), os.environ)
        workspace.root.mkdir()
        tally = play(
            workspace,
            args.iterations,
            options=Options(harness=args.harness, noise=False),
            deadline=args.deadline or None,
            kills=args.kills,
            seed=args.seed,
        )
    tally.told = set()
    print(tally)  # noqa: T201  this is its output
    raise SystemExit(bool(tally.silent or tally.double or tally.invented))


if __name__ == "__main__":
    main()
