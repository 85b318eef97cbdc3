"""One thing that `lokictl doctor` found, and what may be typed against it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

OK, NOTE, PROBLEM = "ok", "note", "problem"


class Finding(NamedTuple):
    """What was found: ``level``, about what, in words, and what to do about it."""

    level: str
    about: str
    said: str
    remedy: str = ""


def typed(*words: str | Path) -> str:
    """A command as it can be typed, whatever a path holds."""
    return shlex.join(map(str, words))
