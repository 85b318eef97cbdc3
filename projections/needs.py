"""Which program a "command not found" is about."""

from __future__ import annotations

import re

from projections.lesson import Sighting

_FAMILY = "exit 127"
_MISSING = re.compile(
    r"(?:.*[\s:])?([^\s:]{1,60}): (?:command )?not found"
    r"|.*command not found: (\S{1,60})"
    r"|(?:.*/)?env: \W?([\w.+-]{1,60})\W?: No such file or directory"
)


def program_of(sighting: Sighting) -> str | None:
    """The program that was not there; None when that was not the cause."""
    line = sighting.key.cause.line
    if sighting.key.family != _FAMILY or not line:
        return None
    found = _MISSING.fullmatch(line)
    name = next(filter(None, found.groups()), None) if found else None
    return name.rpartition("/")[2] if name else None
