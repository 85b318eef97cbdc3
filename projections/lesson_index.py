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

    def add(self, lesson: Lesson) -> None:
        """Enter a lesson."""
        for name in _names(lesson):
            self._sets.setdefault(name, set()).add(lesson.id)
        self._of_sighting.update((one.id, lesson.id) for one in lesson.sightings)

    def drop(self, lesson: Lesson) -> None:
        """Take a lesson out, as it was entered."""
        for name in _names(lesson):
            known = self._sets[name]
            known.discard(lesson.id)
            if not known:
                del self._sets[name]
        for one in lesson.sightings:
            if self._of_sighting.get(one.id) == lesson.id:
                del self._of_sighting[one.id]

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


def _names(lesson: Lesson) -> Iterable[tuple[str, str]]:
    yield from (("key", key) for key in lesson.keys)
    yield from (("base", base) for base in lesson.heads)
    programs = {program_of(one) for one in lesson.sightings}
    yield from (("program", one) for one in programs if one)
