"""Everything `lokictl` prints goes through here: text for people, JSON for programs.

Promises: data is printed as one line of visible characters, whatever it holds
(no control or format characters reach the terminal); tables fit its width and
need nothing but ASCII; colour only on a terminal, never with ``NO_COLOR``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from lokid import clock
from lokid.paths import Workspace

UNBOUND = 10_000
"""Columns when nobody looks (a pipe, a file) and ``COLUMNS`` is not set: what
goes on to another program is not cut."""

LINES = 2
"""Lines that one cell may take."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_DATE_AFTER_DAYS = 60
_GAP = 2
_RUN = re.compile(r"\d{4}(\d\d)(\d\d)T(\d\d)(\d\d)")
_LEAST_FOR_LAST = 36
_INDENT = 4

KIND_STYLES: Mapping[str, str] = {
    "crash": "red",
    "exit": "red",
    "provider": "red",
    "empty_output": "yellow",
    "interrupted": "yellow",
    "gate": "magenta",
    "friction": "cyan",
}


class Cell(msgspec.Struct, frozen=True):
    """A text in a table and the colour it has on a terminal."""

    text: str
    colour: str | None = None


def clean(value: object) -> str:
    """A value as one line of visible characters."""
    text = "".join(_visible(character) for character in str(value))
    return " ".join(text.split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "C":
        return " " if character in "\t\n\r\v\f" else ""
    return " " if category in ("Zl", "Zp") else character


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


def ago(moment: str | None, now: str) -> str:
    """A time in words: ``2 min ago``; a date when that is long ago or ahead."""
    if not moment:
        return "-"
    try:
        seconds = clock.to_seconds(now) - clock.to_seconds(moment)
    except ValueError:
        return clean(moment)
    if seconds < -_MINUTE or seconds > _DATE_AFTER_DAYS * _DAY:
        return moment[:10]
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"


def run(row: Mapping[str, Any]) -> str:
    """When the run of a row began, as its id tells it: ``03-02 12:15``."""
    name = clean(row.get("run") or "-")
    found = _RUN.match(name)
    return "{}-{} {}:{}".format(*found.groups()) if found else name


def iteration(row: Mapping[str, Any]) -> str:
    """The iteration of a row, ``-`` where none is known."""
    number = row.get("iteration")
    return "-" if number is None else str(number)


def plural(count: int, noun: str) -> str:
    """``1 failure``, ``2 failures``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def size(count: int) -> str:
    """Bytes in words: ``812 bytes``, ``3.4 MiB``."""
    if count < 1 << 10:
        return plural(count, "byte")
    for unit, bits in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << bits:
            return f"{count / (1 << bits):.1f} {unit}"
    raise AssertionError(count)


def terminal_width() -> int:
    """The columns there are: ``COLUMNS``, else the terminal's, else no bound."""
    return shutil.get_terminal_size((UNBOUND, 24)).columns


def table(
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
    left = room - sum(widths) - _GAP * last
    below = left < min(
        _LEAST_FOR_LAST, max((columns(row[last].text) for row in rows), default=0)
    )
    shown = titles[:last] if below else titles
    lines = [click.style(_join(shown, widths).upper(), dim=True)]
    for row in rows:
        cells = [_painted(row[i], widths[i]) for i in range(last)]
        margin = _INDENT if below else room - left
        parts = wrapped(row[last].text, room - margin)
        if not below:
            first = parts.pop(0) if parts else ""
            cells.append(_painted(Cell(first, row[last].colour), 0))
        lines.append((" " * _GAP).join(cells).rstrip())
        lines += [" " * margin + part for part in parts]
    return lines


def wrapped(text: str, width: int, lines: int = LINES) -> list[str]:
    """A text on at most ``lines`` lines of ``width``, cut where it is longer."""
    parts = textwrap.wrap(text, width)
    if len(parts) > lines:
        parts[lines - 1 :] = [" ".join(parts[lines - 1 :])]
    return [shorten(part, width) for part in parts]


def _join(titles: Sequence[str], widths: Sequence[int]) -> str:
    padded = [t.ljust(w) for t, w in zip(titles, [*widths, 0], strict=False)]
    return (" " * _GAP).join(padded).rstrip()


def _painted(cell: Cell, width: int) -> str:
    padding = " " * max(0, width - columns(cell.text))
    text = click.style(cell.text, fg=cell.colour) if cell.colour else cell.text
    return text + padding


# -- the way out --------------------------------------------------------------


def colour_wanted() -> bool | None:
    """False where colour is unwelcome; None leaves it to whether it is a terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return None


def say(text: str = "") -> None:
    """Print a line that we made (its data cleaned before)."""
    click.echo(_encodable(text, sys.stdout), color=colour_wanted())


def say_all(lines: Sequence[str]) -> None:
    """Print lines."""
    for line in lines:
        say(line)


def heading(text: str) -> None:
    """Print a heading."""
    say(click.style(text, bold=True))


def note(text: str) -> None:
    """Say something beside the answer, on standard error."""
    click.echo(_encodable(text, sys.stderr), err=True, color=colour_wanted())


def emit(answer: Mapping[str, Any]) -> None:
    """Print an answer as one line of JSON: ASCII, no control characters."""
    click.echo(as_json(answer))


def as_json(answer: Mapping[str, Any]) -> str:
    """One line of JSON, ASCII, keys in the answer's order."""
    text = json.dumps(answer, ensure_ascii=True, separators=(",", ":"))
    return text.replace("\x7f", "\\u007f")


def note_freshness(answer: Mapping[str, Any]) -> None:
    """Say on standard error what an answer may lack."""
    reason = answer.get("reason")
    if answer.get("stale"):
        note(f"lokid: stale: {clean(reason or 'unknown')}")
    elif reason:
        note(f"lokid: {clean(reason)}")


def nothing(text: str, place: Workspace) -> None:
    """Say that there is nothing, and when the place may be the wrong one."""
    say(text)
    if not place.loki.is_dir():
        note(f"lokictl: there is no .loki in {clean(place.root)} (-C names another)")


def emit_line(line: bytes) -> None:
    """Print a line of the log as it stands and show it at once."""
    sys.stdout.buffer.write(line if line.endswith(b"\n") else line + b"\n")


def _encodable(text: str, stream: Any) -> str:  # noqa: ANN401  any text stream
    encoding = getattr(stream, "encoding", None) or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)
