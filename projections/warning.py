"""The words of a check and of a fix: one line, at most 240 characters.

``"npm ci" failed here 4x in 3 runs (last 2 d ago): ERESOLVE: ...; then worked:
npm ci --legacy-peer-deps``.  It advises: it tells what happened, and leaves to
the agent what to do.  All of it is data, made harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lokid.prompt import cut, one_line
from projections.lesson import Lesson, Sighting, count_of, runs_of
from projections.message import TYPE_LIMIT, Ending, EndingOf, essence, place_of, titled
from projections.moment import HOUR, SECOND, millis

LIMIT = 240
"""Characters of the line."""
NAMED = 3
"""Causes that one line names at most."""
_MOST_CAUSE, _LEAST_CAUSE = 90, 30
_MOST_ENDING = 110
_LEAST_MORE = 24  # characters of a further cause that say something
_MINUTE = 60 * SECOND
_DAY = 24 * HOUR
_NOW = "just now"


class Warned(NamedTuple):
    """What a warning is about: a command's base, and what went wrong with it."""

    base: str
    lessons: Sequence[Lesson]


def warning(about: Warned, ending: EndingOf, now: str) -> tuple[str, list[Lesson]]:
    """The line, and the lessons it has room for; the first one always has."""
    first, *more = about.lessons
    head = f'"{quoted(about.base)}" failed here {_often(about, now)}: '
    then = _then(ending(first), LIMIT - len(head) - _LEAST_CAUSE)
    room = min(_MOST_CAUSE, LIMIT - len(head) - len(then))
    text = head + cut(cause(first), room) + then
    told = [first]
    for one in more[: NAMED - 1]:
        joint = "; also: " if len(told) == 1 else "; "
        room = min(_MOST_CAUSE, LIMIT - len(text) - len(joint))
        if room < _LEAST_MORE:
            break
        text += joint + cut(cause(one), room)
        told.append(one)
    return text, told


def remedy(about: Warned, ending: EndingOf, now: str) -> str:
    """What worked the last time, in a line; empty where that cannot be said."""
    lesson = about.lessons[0]
    then = _then(ending(lesson), LIMIT // 2)
    if not then:
        return ""
    often = f" failed here {_often(about, now)}"
    room = LIMIT - len(often) - len(then)
    return cut(cause(lesson), room) + often + then


def cause(lesson: Lesson) -> str:
    """What went wrong, and where: ``KeyError: 'id' at test_auth.py:test_login``."""
    newest = lesson.newest
    name = one_line(newest.key.error_type, TYPE_LIMIT)
    text = titled(name, essence(newest))
    told = newest.failure or newest.attempt
    place = place_of(told) if told else ""
    return text if not place or place in text else f"{text.rstrip('.')} at {place}"


def ago(moment: str, now: str) -> str:
    """How long ago, in the largest unit that fits: ``3 d ago``."""
    age = max(0, millis(now) - millis(moment))
    for unit, length in (("d", _DAY), ("h", HOUR), ("min", _MINUTE)):
        if age >= length:
            return f"{age // length} {unit} ago"
    return _NOW


def quoted(base: str) -> str:
    """A command as a warning says it between quotes."""
    return one_line(base.replace('"', "'"), 80)


def _often(about: Warned, now: str) -> str:
    """How often it failed like this: ``4x in 3 runs (last 2 d ago)``."""
    seen = [one for lesson in about.lessons for one in sightings_of(lesson, about.base)]
    runs, count = runs_of(seen), count_of(seen)
    times = f"{count}x" if count > 1 else "once"
    inside = f" in {runs} runs" if runs > 1 else ""
    last = ago(max(one.time for one in seen), now)
    several = count > 1 and last != _NOW
    return f"{times}{inside} ({'last ' if several else ''}{last})"


def sightings_of(lesson: Lesson, base: str) -> list[Sighting]:
    """The sightings of this command; all where the command was not told of any."""
    return [one for one in lesson.sightings if one.base == base] or lesson.sightings


def _then(ending: Ending, room: int) -> str:
    """What is known to end it, where it fits."""
    then = one_line(ending.said(min(room - 2, _MOST_ENDING))) if room > 2 else ""  # noqa: PLR2004  the joint
    return f"; {then}" if then else ""
