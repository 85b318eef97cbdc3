"""A row of the fault table: one kind of fault, what it is held to, what it came to.

Each family of faults is a file beside this one with a tuple ``ROWS``; ``run.py``
runs them and prints the table, ``test_faults.py`` runs the quick part of each.

Promises of a row:

* It breaks things only below ``bench.folder``, speaks only over Unix sockets
  there, and ends the processes that it started, also when it fails.
* It gives figures that were counted, never an opinion: ``misses`` are the cases
  that broke the promise, each in one line that can be run again (a seed, a point).
* What the machine cannot do is `NotRun`, with the command for one that can:
  counted as not run, never as passed.
* The code under test is whatever ``lokid`` a child started with `sys.executable`
  imports; nothing in a row names the checkout.  So the same row runs on a build
  with a seeded bug (``bugs.py``) and must then find it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import msgspec


class NotRun(Exception):
    """This machine cannot run the row: why, and the command for one that can."""

    def __init__(self, reason: str, command: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.command = command


class Bench(msgspec.Struct, kw_only=True):
    """What a row works with.

    ``folder`` is its own and empty; ``quick``: the part that ``make test`` runs
    (a few seconds at most), else the whole count of the pass mark; ``say`` shows
    progress (done, of how many).
    """

    folder: Path
    quick: bool
    seed: int = 1
    say: Callable[[int, int], None] = lambda _done, _total: None

    def random(self, salt: object = "") -> random.Random:
        """Chance that is the same in every run with this seed."""
        return random.Random(f"{self.seed}/{salt}")  # noqa: S311  a script, no secret


class Outcome(msgspec.Struct, kw_only=True):
    """What a row came to: ``figures`` by name in the order to be shown."""

    figures: dict[str, int | float | str]
    misses: list[str] = []

    @property
    def passed(self) -> bool:
        """Whether nothing missed the mark."""
        return not self.misses


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row: ``mark`` is the pass mark in words, ``name`` its handle (a-b-c)."""

    family: str
    name: str
    fault: str
    mark: str
    run: Callable[[Bench], Outcome]
    quick: bool = True
    """Whether it has a quick part."""
