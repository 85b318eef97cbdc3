"""Tables and lines that fit a terminal: widths, cuts, wrapping.

Works on text that is clean already (``render.clean``); a character may take two
columns, a combining one none.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence

import click
import msgspec

UNBOUND = 10_000
"""Columns when nobody looks (a pipe, a file) and ``COLUMNS`` is not set: what
goes on to another program is not cut."""
LINES = 2
"""Lines that one cell may take."""

_GAP = 2
_LEAST_FOR_LAST = 36
_INDENT = 4


class Cell(msgspec.Struct, frozen=True):
    """A text in a table and the colour it has on a terminal."""

    text: str
    colour: str | None = None


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def shorten(text: str, width: int) -> str:
    """A text in at most ``width`` columns, ``...`` where it was cut."""
    if columns(text) <= width:
        return text
    kept = text[: max(0, width - 3)]
    while kept and columns(kept) > width - 3:
        kept = kept[:-1]
    return (kept.rstrip() + "...")[: max(width, 0)]


def terminal_width() -> int:
    """The columns there are: ``COLUMNS``, else the terminal's, else no bound."""
    return shutil.get_terminal_size((UNBOUND, 24)).columns


def tabulate(
    titles: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    width: int | None = None,
) -> list[str]:
    """Lines of a table.

    Its last column takes the room that is left, on up to `LINES` lines, and
    moves below the row where that is too little to read.
    """
    room = width or terminal_width()
    last = len(titles) - 1
    widths = [
        max(columns(titles[i]), *(columns(row[i].text) for row in rows), 0)
        for i in range(last)
    ]
    longest = max((columns(row[last].text) for row in rows), default=0)
    below = room - _total(widths) < min(_LEAST_FOR_LAST, longest)
    while below and _total(widths) - _GAP > room:
        widths[widths.index(max(widths))] -= 1
    shown = titles[:last] if below else titles
    lines = [click.style(_join(shown, widths).upper(), dim=True)]
    for row in rows:
        cells = [_painted(row[i], widths[i]) for i in range(last)]
        margin = _INDENT if below else _total(widths)
        parts = wrapped(row[last].text, room - margin)
        if not below:
            first = parts.pop(0) if parts else ""
            cells.append(_painted(Cell(first, row[last].colour), columns(first)))
        lines.append((" " * _GAP).join(cells).rstrip())
        lines += [" " * margin + part for part in parts]
    return lines


def wrapped(text: str, width: int, lines: int = LINES) -> list[str]:
    """A text on at most ``lines`` lines of ``width``, cut where it is longer."""
    found: list[str] = []
    while len(found) < lines - 1 and columns(text) > width:
        end = max(n for n in range(min(len(text), width) + 1) if _fits(text[:n], width))
        space = text.rfind(" ", 0, end + 1)
        cut = space if space > 0 else max(end, 1)
        found.append(text[:cut])
        text = text[cut:].lstrip()
    return [*found, shorten(text, width)] if text else found


def _fits(text: str, width: int) -> bool:
    return columns(text) <= width


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * len(widths)


def _join(titles: Sequence[str], widths: Sequence[int]) -> str:
    padded = [t.ljust(w) for t, w in zip(titles, [*widths, 0], strict=False)]
    return (" " * _GAP).join(padded).rstrip()


def _painted(cell: Cell, width: int) -> str:
    text = shorten(cell.text, width)
    padding = " " * max(0, width - columns(text))
    return (click.style(text, fg=cell.colour) if cell.colour else text) + padding
