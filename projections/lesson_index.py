"""Where lessons are found: by key, sighting, command and missing program."""

from __future__ import annotations

from collections.abc import Iterable

from projections.lesson import Lesson
from projections.needs import program_of


class LessonIndex:
    """Lessons by what they are asked for; ids only."""

    def __init__(self) -> None:
        """None yet."""
        self._sets: dict[tuple[str, str], set[str]] = {}
        self._of_sighting: dict[str, str] = {}

    def enter(self, label: str, old: Lesson | None, new: Lesson | None) -> None:
        """Let a lesson stand in another's place, or in nobody's, or for nobody."""
        names, known = set(_names(new)), set(_names(old))
        for name in names - known:
            self._sets.setdefault(name, set()).add(label)
        for name in known - names:
            self._sets[name].discard(label)
            if not self._sets[name]:
                del self._sets[name]
        here, there = _sightings(new), _sightings(old)
        self._of_sighting.update(dict.fromkeys(here - there, label))
        for one in there - here:
            if self._of_sighting.get(one) == label:
                del self._of_sighting[one]

    def by_key(self, key: str) -> set[str]:
        """The lessons that collect a key."""
        return self._sets.get(("key", key), set())

    def by_base(self, base: str) -> set[str]:
        """The lessons whose commands failed with this base."""
        return self._sets.get(("base", base), set())

    def by_program(self, program: str) -> set[str]:
        """The lessons that say that this program was not found."""
        return self._sets.get(("program", program), set())

    def by_sighting(self, name: str) -> str | None:
        """The lesson of a sighting."""
        return self._of_sighting.get(name)


def _sightings(lesson: Lesson | None) -> set[str]:
    return {one.id for one in lesson.sightings} if lesson else set()


def _names(lesson: Lesson | None) -> Iterable[tuple[str, str]]:
    if lesson is None:
        return
    yield from (("key", key) for key in lesson.keys)
    yield from (("base", base) for base in lesson.heads)
    programs = {program_of(one) for one in lesson.sightings}
    yield from (("program", one) for one in programs if one)
