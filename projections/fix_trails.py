"""Trails: what the agent did in one run, in order, and where a lesson was met.

A *stretch* begins at a failed attempt and goes on until the lesson is met again
in the same run, at the latest for so many attempts and iterations: what is
further away has nothing to do with it.  Reading and looking is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from projections.attempts import Attempt
from projections.fix_words import looks
from projections.lesson import Sighting

ATTEMPTS = 10
ITERATIONS = 3


class Trail:
    """The attempts of one run, in the order in which they were made."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        """``attempts`` are sorted as the join sorts them."""
        self.attempts = attempts
        self._failed: dict[str, list[int]] = {}
        for number, one in enumerate(attempts):
            if one.key is not None and not one.ok:
                self._failed.setdefault(one.key.key, []).append(number)

    def met(self, sightings: Iterable[Sighting], keys: Iterable[str]) -> list[int]:
        """Where these sightings' commands failed."""
        wanted = {one.iteration for one in sightings if one.kind != _COMMAND}
        named = {one.id for one in sightings}
        found = {
            number
            for key in keys
            for number in self._failed.get(key, ())
            if self.attempts[number].id in named
            or self.attempts[number].iteration in wanted
        }
        return sorted(found)


_COMMAND = "command"


@dataclass(slots=True)
class Stretch:
    """What came after one failed attempt.

    ``returned``: the lesson was met again, at this attempt, within the stretch.
    ``blamed`` are the attempts before any other failure came in between, and
    ``alone`` says that none came at all.
    """

    failed: Attempt
    after: list[Attempt] = field(default_factory=list)
    blamed: set[str] = field(default_factory=set)
    returned: Attempt | None = None
    alone: bool = True


def stretches(trail: Trail, met: Sequence[int]) -> Iterator[Stretch]:
    """The stretch behind each place where a lesson was met."""
    ends = [*met[1:], len(trail.attempts)]
    for start, end in zip(met, ends, strict=True):
        yield _stretch(trail.attempts, start, end)


def _stretch(attempts: Sequence[Attempt], start: int, end: int) -> Stretch:
    failed = attempts[start]
    found = Stretch(failed)
    counted = 0
    for one in attempts[start + 1 : end]:
        counted += not looks(one.head)
        if counted > ATTEMPTS or _far(failed, one):
            return found
        if not one.ok and one.base != failed.base:
            found.alone = False
        found.after.append(one)
        if found.alone:
            found.blamed.add(one.id)
    if end < len(attempts) and not _far(failed, attempts[end]):
        found.returned = attempts[end]
    return found


def _far(failed: Attempt, one: Attempt) -> bool:
    if failed.iteration is None or one.iteration is None:
        return False
    return one.iteration - failed.iteration > ITERATIONS
