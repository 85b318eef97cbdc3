"""Which families of faults there are: one line each, in the order of the table."""

from __future__ import annotations

import importlib

from table import Row

FAMILIES: tuple[str, ...] = (
    "process",
    "disk",
    "damage",
    "snapshots",
    "watching",
    "freshness",
    "hostile",
    "intruders",
    "screens",
    "strangers",
    "properties",
    "concurrency",
    "mirrored",
    "load",
)


def rows() -> tuple[Row, ...]:
    """Every row of every family, in order; each name is there once."""
    found: list[Row] = []
    for family in FAMILIES:
        found += importlib.import_module(family).ROWS
    names = [row.name for row in found]
    if len(names) != len(set(names)):
        message = f"two rows share a name: {sorted(names)}"
        raise ValueError(message)
    return tuple(found)
