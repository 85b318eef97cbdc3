"""The words of the block: what is said of a failure, within its limits.

Without an error line, and where nothing is known to end it, this is exactly the
mission's message.

Placeholders stay as they are: ``{path}`` says that a path stood there, which
``...`` would not (that is the mark of a cut), and the block says of a failure
what every other answer and the log say of it.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

from lokid.prompt import cut, one_line
from projections.failure import Failure
from projections.lesson import Lesson, Sighting

TYPE_LIMIT = 80
LIMIT = 160
_SIGNATURE_LIMIT = 60
_LEAST_LINE = 20
_MOST_ENDING = 70
_FINGERPRINT = 12
_PLACE_LIMIT = 60
_JOINT = "; "
_ARROW = " > "
_CODE_PREFIX = re.compile(r"(?:error )?\[?([A-Za-z]+\d+)\]?: |error\[([A-Z]\d+)\]: ")


class Ending(NamedTuple):
    """What is known to end a failure, said within so many characters.

    ``worked``: a confirmed fix, which is worth more than the end of the error
    line; else it stands only where room is left.
    """

    worked: bool
    said: Callable[[int], str]


EndingOf = Callable[[Lesson], Ending]
"""What is known to end a lesson."""
UNKNOWN = Ending(worked=False, said=lambda _: "")
"""Nothing is known of how it ended."""


def told(failure: Failure, count: int = 1, ending: Ending = UNKNOWN) -> str:
    """Type and message as the block says them."""
    return titled(error_type(failure), message(failure, count, ending))


def titled(name: str, text: str) -> str:
    """``name: text``; a name that is a role's is no role marker, side by side."""
    return f"{one_line(name + ':')} {text}" if text else name


NOTHING_KNOWN = "iteration failed"
"""The mission's words for a failure of which no field says anything."""


def error_type(failure: Failure) -> str:
    """What went wrong, by name; at most 80 characters."""
    return one_line(failure.key.error_type, TYPE_LIMIT)


def message(failure: Failure, count: int = 1, ending: Ending = UNKNOWN) -> str:
    """What is known of a failure seen ``count`` times; at most 160 characters.

    Fingerprint and count are never cut; the error line takes what room is left.
    A confirmed fix comes last: beside an error line it displaces the phase and
    then the line's end.
    """
    line = placed(_without_type(failure), failure)
    facts = _facts(failure, phase=not (line and ending.worked))
    if count > 1:
        facts.append(f"x{count}")
    if not facts and not line:
        return NOTHING_KNOWN
    rest = _JOINT.join(facts)
    least = min(len(line), _LEAST_LINE)
    then = _fitting(ending, LIMIT - _width(rest) - least) if ending.worked else ""
    shown = _cut_line(line, LIMIT - _width(rest) - _width(then))
    told = _JOINT.join(part for part in (shown, rest) if part)
    then = then or _fitting(ending, LIMIT - len(told))
    return _JOINT.join(part for part in (told, then) if part)


def _fitting(ending: Ending, room: int) -> str:
    """What ended it, where so much room is left, the joint included."""
    return one_line(ending.said(min(room - len(_JOINT), _MOST_ENDING)), _MOST_ENDING)


def _cut_line(line: str, room: int) -> str:
    """The error line; not the first few characters of one."""
    return cut(line, room) if len(line) <= room or room >= _LEAST_LINE else ""


def _width(part: str) -> int:
    """What a part takes with its joint."""
    return len(part) + len(_JOINT) if part else 0


def essence(sighting: Sighting) -> str:
    """What is known of a sighting beyond its type: the line, else the facts."""
    if sighting.failure is not None:
        told = sighting.failure
        return placed(_without_type(told), told) or _JOINT.join(_facts(told))
    attempt = sighting.attempt
    code = "" if sighting.exit_code is None else f"exit={sighting.exit_code}"
    if attempt is None or not attempt.error_line:
        return code
    return placed(bare_line(attempt.error_line, sighting.key.error_type), attempt)


class Placed(Protocol):
    """What knows where in our own code it was raised."""

    @property
    def places(self) -> tuple[str, ...]:
        """The places, nearest to the raise first."""


def place_of(told: Placed) -> str:
    """Where in our own code it was raised; empty where that is not known."""
    return one_line(told.places[0], _PLACE_LIMIT) if told.places else ""


def placed(line: str, told: Placed) -> str:
    """An error line and its place: what parts two causes must be read, too.

    Frames say it already where there are any.
    """
    place = place_of(told)
    framed = isinstance(told, Failure) and told.signature
    if not line or not place or place in line or framed:
        return line
    return f"{line.rstrip('.')} at {place}"


def reads(failure: Failure) -> tuple[str, str, str]:
    """What is read of a failure, but for its count, phase and ending.

    Family, line (without one: the facts), frames.
    """
    line = placed(_without_type(failure), failure) or _JOINT.join(_facts(failure))
    return (failure.key.family, line, _signature(failure.signature))


def _facts(failure: Failure, *, phase: bool = True) -> list[str]:
    facts = []
    if failure.phase and phase:
        facts.append(f"phase={failure.phase}")
    if failure.friction:
        facts.append(f"friction={one_line(failure.friction, 30)}")
    if failure.signature:
        facts.append(f"signature: {_signature(failure.signature)}")
    elif failure.exit_code is not None and not failure.crash_file:
        facts.append(f"exit={failure.exit_code}")
    if failure.fingerprint and not (failure.error_line and _is_constant(failure)):
        facts.append(f"fp={failure.fingerprint[:_FINGERPRINT]}")
    return facts


def _is_constant(failure: Failure) -> bool:
    """Whether the fingerprint is that of the class alone, as most failures have."""
    name = f"{failure.reported_type}\n"
    return failure.fingerprint == hashlib.sha256(name.encode()).hexdigest()


def _signature(symbols: tuple[str, ...]) -> str:
    """Frames joined by arrows, as many as fit."""
    names = [one_line(name, _SIGNATURE_LIMIT) for name in symbols]
    while len(names) > 1 and len(_ARROW.join(names)) > _SIGNATURE_LIMIT:
        names.pop()
    return _ARROW.join(names)


def _without_type(failure: Failure) -> str:
    return bare_line(failure.error_line, failure.key.error_type)


@functools.lru_cache(maxsize=8192)
def bare_line(line: str | None, name: str) -> str:
    """An error line without the class or code (``name``) that is said already."""
    if not line:
        return ""
    said = re.match(rf"(?:[^\s:]*[.\s])?{re.escape(name)}(?:: ?|$)", line)
    if said is None:
        coded = _CODE_PREFIX.match(line)
        said = coded if coded and name in coded.groups() else None
    if said is None:
        said = re.match(
            rf"(?:{re.escape(name.removesuffix(' error'))}|compile error): ", line
        )
    return one_line(line[said.end() :] if said else line)
