"""Everything `lokictl` prints goes through here: text for people, JSON for programs.

Promises: data is printed as one line of visible characters, whatever it holds
(no control or format characters reach the terminal); colour only on a terminal,
never with ``NO_COLOR``.  Tables and widths are ``table.py``'s.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import click

from lokid import clock
from lokid.paths import Workspace

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_DATE_AFTER_DAYS = 60
_RUN = re.compile(r"\d{4}(\d\d)(\d\d)T(\d\d)(\d\d)")

KIND_STYLES: Mapping[str, str] = {
    "crash": "red",
    "exit": "red",
    "provider": "red",
    "empty_output": "yellow",
    "interrupted": "yellow",
    "gate": "magenta",
    "friction": "cyan",
}


def clean(value: object) -> str:
    """A value as one line of visible characters."""
    text = "".join(_visible(character) for character in str(value))
    return " ".join(text.split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "C":
        return " " if character in "\t\n\r\v\f" else ""
    return " " if category in ("Zl", "Zp") else character


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


def plural(count: int, noun: str, ending: str = "s") -> str:
    """``1 failure``, ``2 failures``; ``ending`` where it is another one."""
    return f"{count:,} {noun}" + ("" if count == 1 else ending)


def size(count: int) -> str:
    """Bytes in words: ``812 bytes``, ``3.4 MiB``."""
    if count < 1 << 10:
        return plural(count, "byte")
    for unit, bits in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << bits:
            return f"{count / (1 << bits):.1f} {unit}"
    raise AssertionError(count)


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


def give_up_output() -> None:
    """Let the interpreter's own last flush of standard output go nowhere."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())


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
    """Print a line of the log as it stands.

    It is ASCII by its format; of the control characters JSON lets DEL through.
    """
    line = line.replace(b"\x7f", b"\\u007f")
    sys.stdout.buffer.write(line if line.endswith(b"\n") else line + b"\n")


def _encodable(text: str, stream: Any) -> str:  # noqa: ANN401  any text stream
    encoding = getattr(stream, "encoding", None) or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)
