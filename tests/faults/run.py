"""Break what can break, and count what lokid lost; ``make faults`` prints the table.

    python tests/faults/run.py [--only NAME[,NAME]] [--family NAME] [--quick]
                               [--seeds N] [--first-seed N] [--json FILE] [--controls]

Without a choice of rows all of them run, and then the negative controls: the rows
on copies of lokid with a seeded bug, which they must find (``--controls``: only
these).  Ends with 1 when a row missed its mark or crashed or a bug was not found,
else with 0.  What this machine cannot run is listed with the reason and the
command for one that can, and is counted as not run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

import controls
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
    told.add_argument("--controls", action="store_true", help="only the seeded bugs")
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
    """Run, print the tables, write the JSON; gives the exit code."""
    asked = arguments()
    results: list[Result] = []
    if not asked.controls:
        seeds = range(asked.first_seed, asked.first_seed + max(1, asked.seeds))
        results = run(choose(asked), seeds, quick=asked.quick)
        print(table(results))
        print(details(results))
        print(f"\n{total(results)}")
    held: list[controls.Control] = []
    if asked.controls or not (asked.only or asked.family or asked.quick):
        held = controls.run(lambda line: print(line, file=sys.stderr, flush=True))
        print(f"\n{controls.table(held)}")
    if asked.json:
        told = msgspec.json.encode({"rows": results, "controls": held})
        asked.json.write_bytes(msgspec.json.format(told))
    missed = any(result.result == MISS for result in results)
    return int(missed or not all(one.holds for one in held))


if __name__ == "__main__":
    sys.exit(main())
