"""The words of a lesson, whether a failure or only a command tells of it."""

from __future__ import annotations

from lokid.prompt import cut, one_line
from projections.lesson import Lesson, Sighting
from projections.message import LIMIT, TYPE_LIMIT, error_type, message

_JOINT = "; "


def type_of(lesson: Lesson) -> str:
    """What went wrong, by name; at most 80 characters."""
    failure = lesson.newest.failure
    return error_type(failure) if failure else one_line(lesson.error_type, TYPE_LIMIT)


def message_of(lesson: Lesson) -> str:
    """What is known of it, as its last sighting tells; at most 160 characters."""
    return words_of(lesson.newest, lesson.count)


def words_of(sighting: Sighting, count: int) -> str:
    """What is known of a sighting whose lesson was seen ``count`` times."""
    if sighting.failure is not None:
        return message(sighting.failure, count)
    facts = [f"command={sighting.head}"] if sighting.head else []
    if sighting.exit_code is not None:
        facts.append(f"exit={sighting.exit_code}")
    if count > 1:
        facts.append(f"x{count}")
    rest = _JOINT.join(facts)
    line = one_line(sighting.key.cause.line or "").removeprefix(
        f"{sighting.key.error_type}: "
    )
    shown = cut(line, LIMIT - len(rest) - len(_JOINT)) if line else ""
    return _JOINT.join(part for part in (shown, rest) if part)
