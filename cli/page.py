"""A page of `lokictl explain`: labels, evidence, and how much of a list is shown.

A position of the log is written ``#1204``; a file that is gone is said to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from cli import render, table
from cli.table import Cell

Row = Mapping[str, Any]

WIDEST = 100
"""Columns of a page where nobody says how wide the terminal is."""
_SHOWN = 8  # rows of a list, and positions, without ``--all``
_LABEL = 10
_WHOLE = 100  # lines: a text that is not cut


class Page:
    """How wide the text is, which moment ages are counted from, how much is shown."""

    def __init__(self, room: int, now: str, *, whole: bool) -> None:
        """``now``: a time; ``whole``: all rows of every list."""
        self.room = room
        self.now = now
        self.most = 10_000 if whole else _SHOWN
        self._said: set[object] = set()

    def first(self, what: object) -> bool:
        """Whether this was not said on the page before; now it was."""
        new = what not in self._said
        self._said.add(what)
        return new

    def ago(self, moment: str | None) -> str:
        """A time in words."""
        return render.ago(moment, self.now)

    def labelled(self, label: str, text: str, colour: str | None = None) -> list[str]:
        """A label and a text beside it, wrapped."""
        parts = table.wrapped(text, self.room - _LABEL - 4, _WHOLE) or [""]
        painted = [click.style(part, fg=colour) if colour else part for part in parts]
        head = click.style(f"  {label:<{_LABEL}}", dim=True)
        margin = " " * (_LABEL + 4)
        if table.columns(label) > _LABEL:
            label = table.shorten(label, self.room - 2)
            return [
                click.style(f"  {label}", dim=True),
                *(margin + part for part in painted),
            ]
        return [f"{head}  {painted[0]}", *(margin + part for part in painted[1:])]

    def more(self, rows: Sequence[object]) -> list[str]:
        """What was left out, in words."""
        left = len(rows) - self.most
        return [f"  (+{left} more: --all shows them)"] if left > 0 else []

    def text(self, text: str, *, bold: bool = False) -> list[str]:
        """A text on as many lines as it takes."""
        parts = table.wrapped(text, self.room, _WHOLE)
        return [click.style(part, bold=True) if bold else part for part in parts]

    def positions(self, rows: Sequence[Row]) -> str:
        """Where the evidence stands: ``[#12 #15 ... #90]``."""
        seqs = [f"#{row['seq']}" for row in rows]
        if not seqs:
            return ""
        if len(seqs) > self.most:
            seqs = [*seqs[: self.most - 1], "...", seqs[-1]]
        return f"[{' '.join(seqs)}]"

    def events(self, rows: Sequence[Row]) -> list[str]:
        """A table of events, each with the file that told it."""
        cells = [
            [
                Cell(f"#{row['seq']}"),
                Cell(self.ago(row["time"])),
                Cell(render.clean(row["type"])),
                Cell(_source(row)),
            ]
            for row in rows
        ]
        return table.tabulate(("seq", "when", "event", "file"), cells, width=self.room)


def heading(text: str) -> str:
    """The heading of a section."""
    return click.style(text, bold=True)


def _source(row: Row) -> str:
    path = render.clean(row["source"] or "-")
    return f"(gone) {path}" if row.get("exists") is False else path
