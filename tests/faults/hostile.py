"""Hostile files: broken ones of every source, special ones, secrets in every field.

What a row feeds to lokid it does in a program of its own, which has a limit of
memory and of time: a crash, a hang and a hunger are misses of the row.
"""

from __future__ import annotations

from story import hear
from table import Bench, Outcome, Row

ROUNDS, QUICK_ROUNDS = 455, 3
"""Each with one broken file of each of the 22 sources: 10,010 files."""
HOLE, QUICK_HOLE = 1 << 30, 1 << 24
MANY, QUICK_MANY = 100_000, 300
ALL_SHAPES = 1000
"""How often each field is planted in: there are fewer shapes than that."""
QUICK_STRIDE = 61
MOST_MEMORY = 256
"""MiB that a program may have come to hold, lokid and row together."""


def _mutants(bench: Bench) -> Outcome:
    rounds = QUICK_ROUNDS if bench.quick else ROUNDS
    return _bounded(hear(bench, "mutants.py", [(bench.folder, bench.seed, rounds)])[0])


def _specials(bench: Bench) -> Outcome:
    hole, many = (QUICK_HOLE, QUICK_MANY) if bench.quick else (HOLE, MANY)
    return _bounded(hear(bench, "specials.py", [(bench.folder, hole, many)])[0])


def _planted(bench: Bench) -> Outcome:
    rounds, stride = (1, QUICK_STRIDE) if bench.quick else (ALL_SHAPES, 1)
    return hear(bench, "planted.py", [(bench.folder, bench.seed, rounds, stride)])[0]


def _bounded(outcome: Outcome) -> Outcome:
    peak = outcome.figures["peak memory (MiB)"]
    if not isinstance(peak, int) or peak > MOST_MEMORY:
        outcome.misses.append(f"memory: {peak} MiB, over {MOST_MEMORY}")
    return outcome


ROWS = (
    Row(
        family="hostile",
        name="hostile-mutants",
        fault="10,000 broken files of every source, two good ones beside each 22",
        mark="no crash, no traceback, no scan over 2 s, memory bounded, the good read",
        run=_mutants,
    ),
    Row(
        family="hostile",
        name="hostile-special-files",
        fault="pipes, devices, links, holes, foreign files, a folder of 100,000",
        mark="refused for the right reason, nothing outside read, the good read",
        run=_specials,
    ),
    Row(
        family="hostile",
        name="hostile-secrets",
        fault="a secret of every shape in every string field of every source",
        mark="none in log, state directory or answers",
        run=_planted,
    ),
)
