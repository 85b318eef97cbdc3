"""Break what can break, and count what lokid lost; ``make faults`` prints the table.

    python tests/faults/run.py [--only NAME[,NAME]] [--family NAME] [--quick]
                               [--seeds N] [--first-seed N] [--json FILE]

Ends with 1 when a row missed its mark or crashed, else with 0.  What this machine
cannot run is listed with the reason and the command for one that can, and is
counted as not run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

import families
from attempt import MISS, Result, attempt
from summary import Progress, details, table, total
from table import Row


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_argument("--only", default="", help="these rows: NAME,NAME")
    told.add_argument("--family", default="", help="the rows of one family")
    told.add_argument("--quick", action="store_true", help="the part of `make test`")
    told.add_argument("--seeds", type=int, default=1, help="run each with N seeds")
    told.add_argument("--first-seed", type=int, default=1, help="the first of them")
    told.add_argument("--json", type=Path, help="write every figure and miss there")
    return told.parse_args(argv)


def choose(asked: argparse.Namespace) -> list[Row]:
    """The rows that were asked for; ends the program for a name that is none."""
    rows = list(families.rows())
    names = [name for name in asked.only.split(",") if name]
    unknown = set(names) - {row.name for row in rows}
    if unknown:
        raise SystemExit(f"no such row: {', '.join(sorted(unknown))}")
    if asked.family and asked.family not in {row.family for row in rows}:
        raise SystemExit(f"no such family: {asked.family}")
    return [
        row
        for row in rows
        if (not names or row.name in names)
        and (not asked.family or row.family == asked.family)
        and (row.quick or not asked.quick)
    ]


def run(rows: Sequence[Row], seeds: Sequence[int], *, quick: bool) -> list[Result]:
    """Run rows one after the other, with each seed, and show how far it is."""
    progress = Progress(len(rows) * len(seeds))
    results = []
    for row in rows:
        for seed in seeds:
            progress.begin(row)
            result = attempt(row, quick=quick, seed=seed, say=progress.say)
            progress.end(result)
            results.append(result)
    return results


def main() -> int:
    """Run, print the table, write the JSON; gives the exit code."""
    asked = arguments()
    seeds = range(asked.first_seed, asked.first_seed + max(1, asked.seeds))
    results = run(choose(asked), seeds, quick=asked.quick)
    print(table(results))
    print(details(results))
    print(f"\n{total(results)}")
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    return int(any(result.result == MISS for result in results))


if __name__ == "__main__":
    sys.exit(main())
