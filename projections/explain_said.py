"""A line of ``check`` or ``fix`` read back: which lessons it tells, in its order.

``"npm ci" failed here 4x in 3 runs (last 2 d ago): CAUSE; ...; also: CAUSE`` is of
the lessons that this command failed with, ``CAUSE failed here once (2 d ago); then
worked: ...`` of any.  The line may be old: each cause is compared with what every
sighting would read like, cut where the line was cut; counts and endings change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from lokid.prompt import CUT
from projections.lesson import Lesson, Sighting, count_of
from projections.needs import program_of
from projections.warning import NAMED, cause, quoted, sightings_of

CHECK, FIX = "check", "fix"
_OFTEN = r" failed here (?:once|\d+x)(?: in \d+ runs)? \([^()]*\)"
_CHECK = re.compile(rf'"([^"]*)"{_OFTEN}: (.+)')
_FIX = re.compile(rf"(.+?){_OFTEN}(?:; (.*))?")
_JOINT, _ALSO = "; ", "; also: "

Ends = Callable[[Lesson, str], bool]
"""Whether a lesson is known to end so."""


class Spoken(NamedTuple):
    """What such a line says: whose it is, of which command, and the rest of it.

    ``command`` as it stands between the quotes, empty for a fix; ``causes`` is
    what follows on what went wrong, ``ending`` what a fix says that worked.
    """

    kind: str
    command: str
    causes: str
    ending: str = ""


class Named(NamedTuple):
    """A lesson that a line names, and the sighting that reads like it."""

    lesson: Lesson
    sighting: Sighting


def spoken(text: str) -> Spoken | None:
    """What a line of check or fix says; None for any other text."""
    check = _CHECK.fullmatch(text)
    if check:
        return Spoken(CHECK, check[1], check[2])
    fix = _FIX.fullmatch(text)
    return Spoken(FIX, "", fix[1], fix[2] or "") if fix else None


def bases_of(line: Spoken, lessons: Iterable[Lesson]) -> set[str]:
    """The commands that stand so between the quotes of a check."""
    heads = {base for lesson in lessons for base in lesson.heads}
    return {base for base in heads if quoted(base) == line.command}


def needs(line: Spoken, lesson: Lesson) -> bool:
    """Whether a lesson says that the check's program is not there."""
    return any(
        program is not None and quoted(program) == line.command
        for program in map(program_of, lesson.sightings)
    )


def named(line: Spoken, lessons: Iterable[Lesson], ends: Ends) -> list[Named]:
    """The lessons that a line names, in its order; none: none reads like this."""
    if line.kind == FIX:
        return _named_by_fix(line, lessons, ends)
    known = list(lessons)
    bases = bases_of(line, known)
    of_it = [
        (one, _count(one, bases))
        for one in known
        if bases & set(one.heads) or needs(line, one)
    ]
    of_it.sort(key=lambda pair: (pair[1], pair[0].newest.time), reverse=True)
    return list(_in_order(line.causes, [one for one, _ in of_it]))


def _named_by_fix(line: Spoken, lessons: Iterable[Lesson], ends: Ends) -> list[Named]:
    found = [
        ((ends(lesson, line.ending), length, lesson.newest.time, lesson.id), one)
        for lesson in lessons
        for length, one in [_read(line.causes, lesson)]
        if length == len(line.causes) and one is not None
    ]
    if not found:
        return []
    rank, sighting = max(found, key=lambda pair: pair[0])
    lesson = next(one for one in lessons if one.id == rank[-1])
    return [Named(lesson, sighting)]


def _in_order(text: str, lessons: list[Lesson]) -> Iterator[Named]:
    """The lesson whose cause comes first, then those after ``also``."""
    for nth in range(NAMED):
        read = [(_read(text, lesson), lesson) for lesson in lessons]
        (length, sighting), lesson = max(
            read, key=lambda pair: pair[0][0], default=((0, None), None)
        )
        if lesson is None or sighting is None:
            return
        yield Named(lesson, sighting)
        lessons = [one for one in lessons if one is not lesson]
        rest = text[length:]
        text = rest.partition(_JOINT if nth else _ALSO)[2]


def _read(text: str, lesson: Lesson) -> tuple[int, Sighting | None]:
    """How far a text is this lesson's cause, and which sighting says so."""
    best: tuple[int, Sighting | None] = (0, None)
    tried: set[str] = set()
    for one in reversed(lesson.sightings):
        whole = cause(Lesson(lesson.id, lesson.keys, [one], named=lesson.named))
        if whole not in tried:
            tried.add(whole)
            best = max(best, (_length(text, whole), one), key=lambda pair: pair[0])
    return best if best[0] else (0, None)


def _length(text: str, whole: str) -> int:
    """How much of a text is this cause, whole or cut; 0: it begins otherwise."""
    if text.startswith(whole) and _ends_at(text, len(whole)):
        return len(whole)
    shown = text.find(CUT)
    while shown > 0:
        end = shown + len(CUT)
        if not whole.startswith(text[:shown]):
            return 0
        if _ends_at(text, end):
            return end
        shown = text.find(CUT, shown + 1)
    return 0


def _ends_at(text: str, end: int) -> bool:
    return end == len(text) or text.startswith(_JOINT, end)


def _count(lesson: Lesson, bases: set[str]) -> int:
    """How often it was met with the line's command, as the check counts it."""
    return max((count_of(sightings_of(lesson, base)) for base in bases), default=0)
