"""What a daemon in the background said last, where it ended by itself.

Its log (``daemon.log``) begins each life with a line of `began` and ends a good one
with one of `ended`.  Where the last thing in it is an error, that is why it ended;
the file's own time is when.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from cli import render
from lokid import clock
from lokid.paths import Workspace

ERROR = "lokictl: "
"""How an error begins in the log of a daemon."""
LOOK = 8192
"""Bytes at the end of the log that are read."""


class LastWords(NamedTuple):
    """Why a daemon ended, the hint that it gave, and when."""

    said: str
    hint: str
    at: str


def began() -> None:
    """Say in the log that a life begins."""
    render.note(f"lokid: up, pid {os.getpid()}, {clock.now()}")


def ended() -> None:
    """Say in the log that it ended as it was told to."""
    render.note(f"lokid: ended, {clock.now()}")


def last_words(place: Workspace) -> LastWords | None:
    """Why the last daemon ended by itself; None where its log does not say so."""
    try:
        with place.daemon_log.open("rb") as file:
            seen = os.fstat(file.fileno())
            file.seek(max(0, seen.st_size - LOOK))
            lines = file.read(LOOK).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    hint = ""
    while lines and lines[-1].startswith("  "):
        hint = lines.pop().strip()
    if not lines or not lines[-1].startswith(ERROR):
        return None
    at = clock.from_seconds(seen.st_mtime) or clock.now()
    return LastWords(lines[-1].removeprefix(ERROR), hint, at)


def in_words(words: LastWords) -> str:
    """The last words as a line."""
    return f"its last words, {render.ago(words.at, clock.now())}: {words.said}"
