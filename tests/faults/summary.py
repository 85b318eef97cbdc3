"""What people see of a run: a line while it goes on, the table at its end."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

from attempt import MISS, NOT_RUN, PASS, Result
from table import Row

COLUMNS = (("fault", 28), ("pass mark", 22), ("figures", 25), ("result", 7), ("s", 6))
"""Width of each; with two blanks between they make 96, and 2 before them."""
SHOWN = 10
"""Misses of a row that are printed; ``--json`` writes all of them."""
_OFTEN = 0.1  # seconds between two states of a line on a terminal
_SELDOM = 30.0  # and between two plain lines of one row


class Progress:
    """One line that renews itself on a terminal; elsewhere a line now and then."""

    def __init__(self, rows: int) -> None:
        """For so many rows."""
        self._rows = rows
        self._nth = 0
        self._name = ""
        self._said = 0.0
        self._live = sys.stderr.isatty()

    def begin(self, row: Row) -> None:
        """The next row begins."""
        self._nth += 1
        self._name = row.name
        self._said = time.monotonic()
        if self._live:
            self._write("")

    def say(self, done: int, of: int) -> None:
        """The row is so far."""
        now = time.monotonic()
        if now - self._said >= (_OFTEN if self._live else _SELDOM):
            self._said = now
            self._write(f" {done:,} of {of:,}")

    def end(self, result: Result) -> None:
        """The row has ended."""
        self._write(f" {result.result}, {result.seconds:.1f} s")
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _write(self, what: str) -> None:
        line = f"[{self._nth}/{self._rows}] {self._name}{what}"
        sys.stderr.write(f"\r\x1b[K{line[:99]}" if self._live else line + "\n")
        sys.stderr.flush()


def table(results: Sequence[Result]) -> str:
    """Every row with its pass mark, its figures and what came of it."""
    lines = list(_line(*(textwrap.wrap(name) for name, _ in COLUMNS)))
    for family, rows in groupby(results, key=lambda one: one.family):
        lines += ["", family]
        for result in rows:
            lines += _line(*_cells(result))
    return "\n".join(line.rstrip() for line in lines)


def _cells(result: Result) -> Iterator[list[str]]:
    name = f"{result.name} (seed {result.seed})" if result.seed > 1 else result.name
    figures = [f"{name}: {_number(value)}" for name, value in result.figures.items()]
    texts = ([name, result.fault], [result.mark], figures, [result.result])
    for (_, width), paragraphs in zip(COLUMNS, texts, strict=False):
        yield [line for one in paragraphs for line in textwrap.wrap(one, width)]
    yield [f"{result.seconds:>6.1f}"]


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _line(*cells: list[str]) -> Iterator[str]:
    for parts in zip_longest(*cells, fillvalue=""):
        columns = zip(parts, COLUMNS, strict=True)
        yield "  " + "  ".join(f"{part:<{width}}" for part, (_, width) in columns)


def details(results: Sequence[Result]) -> str:
    """What missed, case by case, and what was not run, with why and how to run it."""
    lines: list[str] = []
    for result in results:
        if result.result == MISS:
            lines += ["", f"MISS {result.name} (seed {result.seed})"]
            lines += [textwrap.indent(one, "  ") for one in result.misses[:SHOWN]]
            if len(result.misses) > SHOWN:
                lines.append(f"  ... and {len(result.misses) - SHOWN:,} more")
        if result.result == NOT_RUN:
            lines += ["", f"not run: {result.name}", f"  {result.reason}"]
            lines.append(f"  to run it: {result.command}")
    return "\n".join(lines)


def total(results: Sequence[Result]) -> str:
    """The last line."""
    count = {
        kind: sum(one.result == kind for one in results)
        for kind in (PASS, MISS, NOT_RUN)
    }
    seconds = sum(one.seconds for one in results)
    return (
        f"{len(results)} rows: {count[PASS]} passed, {count[MISS]} missed,"
        f" {count[NOT_RUN]} not run; {seconds:.0f} s"
    )
