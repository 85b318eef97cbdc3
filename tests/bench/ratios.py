"""What lokid costs, as ratios within one run; ``make bench`` prints the table.

Each case stands beside a bare one that does the least of the same kind of work.
Both run in turn, round after round, so that what else the machine does falls on
both; a case's number is the median of its rounds' ratios.  Absolute times are
printed to show their order, and are worth no more than that.

    .venv/bin/python tests/bench/ratios.py [--rounds N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from cases import appends, barriers, replays, starts
from lokid.paths import find_workspace
from measuring import machine, measure, report, table
from openings import openings

LEAST_ROUNDS = 5


def isolated(folder: Path) -> dict[str, str]:
    """Give an environment in which no setting and no state of the user plays."""
    (folder / "run").mkdir(mode=0o700)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder / "run"),
    }


def main() -> None:
    """Measure, print the table, write the JSON."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=9, help="at least 5")
    arguments.add_argument("--json", type=Path, help="write all samples there")
    chosen = arguments.parse_args()
    rounds = max(LEAST_ROUNDS, chosen.rounds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lokid-")))
        environ = isolated(folder)
        for part in ("starts", "appends", "replays", "openings", "barriers"):
            (folder / part).mkdir()
        barrier = find_workspace(str(folder / "barriers"), environ)
        cases = [
            *stack.enter_context(starts(folder / "starts", environ)),
            *stack.enter_context(appends(folder / "appends")),
            *replays(folder / "replays"),
            *openings(folder / "openings"),
            *stack.enter_context(barriers(barrier)),
        ]
        results = measure(cases, rounds)
    told = machine()
    print(f"python {told['python']}, {told['system']}, {told['cores']} cores")
    print(f"{rounds} rounds, each case beside its bare one; one: the median\n")
    print(table(results))
    if chosen.json:
        whole = {"machine": told, "rounds": rounds, "cases": report(results)}
        chosen.json.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
