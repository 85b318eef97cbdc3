"""A line of a block read back: which lesson says this.

The text may be years old, so it is compared with what each sighting would read
like, but for its numbers: counts and endings change, the cause does not.  Of
several lessons that fit, the one whose counts agree and that was seen last is
the likeliest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from lokid.prompt import CUT, one_line
from projections.lesson import Lesson, Sighting
from projections.message import (
    NOTHING_KNOWN,
    TYPE_LIMIT,
    bare_line,
    essence,
    placed,
)

_BULLET = re.compile(r"^\s*(?:[-*] )?\s*")
_PRIOR = "(prior) "
_GATES = "gates: "
_OFTEN = re.compile(r" \(x(\d+)(?: in (\d+) runs)?\)$")
_ENDING = re.compile(
    r"(?:^|; |: )(?:then worked: .*|no known fix \(\d+ tr(?:y|ies)\))$"
)
_FACT = re.compile(r"(phase|friction|exit|fp)=(.*)|(signature): (.*)|x(\d+)")
_GATE = re.compile(r"^(.*?)(?: x(\d+))?$")
_MARK = re.compile(r"\[lokid seq=(\d+) h=([0-9a-f]+)\]")
_JOINT = "; "
_CUTTABLE = frozenset({"fp", "signature", "friction"})
_WORD = re.compile(r"[A-Za-z_][\w.-]*")


class Reading(NamedTuple):
    """What a line says: name, error line (perhaps cut), facts, counts."""

    name: str
    line: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    times: int | None = None
    runs: int | None = None


class Found(NamedTuple):
    """A lesson that reads like a line, and the sighting that does."""

    lesson: Lesson
    sighting: Sighting


def bare(text: str) -> str:
    """A pasted line without its bullet and what surrounds it."""
    return _BULLET.sub("", text.strip(), count=1).strip()


def marked(text: str) -> tuple[int, str] | None:
    """Position and digest of a ``--mark`` line."""
    found = _MARK.search(text)
    return (int(found[1]), found[2]) if found else None


def gates_in(text: str) -> list[str]:
    """The gates that the block's joint line names; none: it is another line."""
    if not text.startswith(_GATES):
        return []
    named = (_GATE.match(part) for part in text[len(_GATES) :].split(_JOINT))
    return [one[1] for one in named if one and one[1] and one[1] != CUT]


def read(text: str) -> Reading:
    """What a line says of a lesson; any text gives something."""
    text = bare(text).removeprefix(_PRIOR)
    count = runs = None
    text = _ENDING.sub("", text)
    often = _OFTEN.search(text)
    if often:
        text = text[: often.start()]
        count, runs = int(often[1]), int(often[2] or 1)
    name, _, rest = text.partition(": ")
    parts = rest.split(_JOINT) if rest else []
    facts: list[tuple[str, str]] = []
    while parts and (fact := _FACT.fullmatch(parts[-1])):
        parts.pop()
        if fact[5]:
            count = int(fact[5])
        else:
            facts.append((fact[1] or fact[3], fact[2] or fact[4] or ""))
    return Reading(name, _JOINT.join(parts), tuple(facts), count, runs)


def lessons_reading(text: str, lessons: Iterable[Lesson]) -> list[Found]:
    """The lessons that read like this line, the likeliest first."""
    reading = read(text)
    found: list[tuple[tuple[bool, bool, int, bool, str], Found]] = []
    for lesson in lessons:
        fits = [
            (fit, one)
            for one in lesson.sightings
            if (fit := _fit(reading, one)) is not None
        ]
        if fits:
            (exact, facts), one = max(fits, key=lambda pair: (pair[0], pair[1].order))
            counted = reading.times in (None, lesson.count)
            newest = one is lesson.newest
            rank = (exact, counted, facts, newest, lesson.newest.time)
            found.append((rank, Found(lesson, one)))
    found.sort(key=lambda pair: pair[1].lesson.id)
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [one for _, one in found]


def nearest(text: str, lessons: Iterable[Lesson], most: int = 3) -> list[Lesson]:
    """The lessons that share most words with a text that none reads like."""
    words = {word.lower() for word in _WORD.findall(text)}
    scored = [
        (len(words & _words_of(lesson)), lesson.newest.time, lesson.id, lesson)
        for lesson in lessons
    ]
    scored.sort(key=lambda one: one[:3], reverse=True)
    return [one[3] for one in scored[:most] if one[0]]


def _words_of(lesson: Lesson) -> set[str]:
    newest = lesson.newest
    told = f"{newest.key.error_type} {essence(newest)} {newest.base or ''}"
    return {word.lower() for word in _WORD.findall(told)}


def _fit(reading: Reading, sighting: Sighting) -> tuple[bool, int] | None:
    """Whether a sighting reads like this: its line whole, and so many facts."""
    if one_line(sighting.key.error_type, TYPE_LIMIT) != reading.name:
        return None
    told = sighting.failure or sighting.attempt
    line = bare_line(told.error_line if told else None, sighting.key.error_type)
    line = placed(line, told) if told else line
    if reading.line == NOTHING_KNOWN and not line:
        return (True, 0)
    known = _known(sighting)
    facts = [known.get(name, "") for name, _ in reading.facts]
    for (name, shown), whole in zip(reading.facts, facts, strict=True):
        if shown != whole and not (name in _CUTTABLE and _same(shown, whole)):
            return None
    if reading.line == line:
        return (True, len(facts))
    if not reading.line:
        return (not line, len(facts))
    whole = essence(sighting)
    return (False, len(facts)) if _same(reading.line, line or whole) else None


def _known(sighting: Sighting) -> dict[str, str]:
    failure = sighting.failure
    code = "" if sighting.exit_code is None else str(sighting.exit_code)
    if failure is None:
        return {"exit": code, "phase": sighting.phase or ""}
    signature = " > ".join(one_line(name, 60) for name in failure.signature)
    return {
        "phase": failure.phase or "",
        "exit": code,
        "fp": failure.fingerprint or "",
        "friction": one_line(failure.friction or "", 30),
        "signature": signature,
    }


def _same(shown: str, whole: str) -> bool:
    """Whether a text, perhaps cut, is the whole one."""
    if shown.endswith(CUT) and whole.startswith(shown.removesuffix(CUT)):
        return True
    return bool(shown) and whole.startswith(shown)
