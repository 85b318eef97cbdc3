"""The words of the block: what is said of a failure, within its limits.

Without an error line this is exactly the mission's message.
"""

from __future__ import annotations

import re

from lokid.prompt import cut, one_line
from projections.failure import Failure

TYPE_LIMIT = 80
LIMIT = 160
_SIGNATURE_LIMIT = 60
_LEAST_LINE = 20
_FINGERPRINT = 12
_JOINT = "; "
_ARROW = " > "
_CODE_PREFIX = re.compile(r"(?:error )?\[?([A-Za-z]+\d+)\]?: |error\[([A-Z]\d+)\]: ")


def told(failure: Failure, count: int = 1) -> str:
    """Type and message as the block says them."""
    said = message(failure, count)
    return f"{error_type(failure)}: {said}" if said else error_type(failure)


NOTHING_KNOWN = "iteration failed"
"""The mission's words for a failure of which no field says anything."""


def error_type(failure: Failure) -> str:
    """What went wrong, by name; at most 80 characters."""
    return one_line(failure.key.error_type, TYPE_LIMIT)


def message(failure: Failure, count: int = 1) -> str:
    """What is known of a failure seen ``count`` times; at most 160 characters.

    Fingerprint and count are never cut; the error line takes what room is left.
    """
    facts = _facts(failure)
    if count > 1:
        facts.append(f"x{count}")
    rest = _JOINT.join(facts)
    line = _without_type(failure)
    if not rest and not line:
        return NOTHING_KNOWN
    if line:
        room = LIMIT - len(rest) - (len(_JOINT) if rest else 0)
        shown = cut(line, room) if len(line) <= room or room >= _LEAST_LINE else ""
        rest = _JOINT.join(part for part in (shown, rest) if part)
    return rest


def essence(failure: Failure) -> str:
    """What is known of a failure beyond its type: the line, else the facts."""
    return _without_type(failure) or _JOINT.join(_facts(failure))


def _facts(failure: Failure) -> list[str]:
    facts = []
    if failure.phase:
        facts.append(f"phase={failure.phase}")
    if failure.friction:
        facts.append(f"friction={one_line(failure.friction, 30)}")
    if failure.signature:
        facts.append(f"signature: {_signature(failure.signature)}")
    elif failure.exit_code is not None and not failure.crash_file:
        facts.append(f"exit={failure.exit_code}")
    if failure.fingerprint:
        facts.append(f"fp={failure.fingerprint[:_FINGERPRINT]}")
    return facts


def _signature(symbols: tuple[str, ...]) -> str:
    """Frames joined by arrows, as many as fit."""
    names = [one_line(name, _SIGNATURE_LIMIT) for name in symbols]
    while len(names) > 1 and len(_ARROW.join(names)) > _SIGNATURE_LIMIT:
        names.pop()
    return _ARROW.join(names)


def _without_type(failure: Failure) -> str:
    """The error line without the class that the type says already."""
    line = failure.error_line
    if not line:
        return ""
    name = failure.key.error_type
    said = re.match(rf"(?:[^\s:]*[.\s])?{re.escape(name)}(?:: ?|$)", line)
    if said is None:
        coded = _CODE_PREFIX.match(line)
        said = coded if coded and name in coded.groups() else None
    return one_line(line[said.end() :] if said else line)
