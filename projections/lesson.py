"""A lesson: the running record of one cause, and what it is made of.

A *sighting* is one failure, or one failed command that no failure tells of.  A
lesson is what people's rules, merges and splits make of the sightings with the
same key; it has at least one sighting, so everything said of it can be shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec

from projections.failure import Failure
from projections.keys import Key


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a cause was met.

    ``kind`` is the failure's, or ``command`` for a failed command of its own;
    ``place`` is the run's index, ``head`` the command's, where one is known.
    """

    id: str
    time: str
    place: int
    run: str | None
    iteration: int | None
    phase: str | None
    kind: str
    key: Key
    head: str | None = None
    base: str | None = None
    exit_code: int | None = None
    failure: Failure | None = None
    attempt: object | None = None
    seqs: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[str, str]:
        """Where it stands among the others."""
        return (self.time, self.id)


def seen_as(failure: Failure) -> Sighting:
    """The sighting that a failure is."""
    return Sighting(
        id=failure.id,
        time=failure.time,
        place=failure.place,
        run=failure.run,
        iteration=failure.iteration,
        phase=failure.phase,
        kind=failure.kind,
        key=failure.key,
        exit_code=failure.exit_code,
        failure=failure,
        seqs=failure.seqs,
        sources=failure.sources,
    )


class State(msgspec.Struct, frozen=True):
    """Where a lesson stands: its name, since when, and the seqs that show it.

    ``by`` says what brought it there: ``person``, ``quiet`` (good iterations),
    ``gate``, ``command``, ``seen``, ``rule``.
    """

    name: str
    since: str | None
    because: tuple[int, ...]
    by: str = "seen"


@dataclass(slots=True, eq=False)
class Lesson:
    """One cause: ``id`` is ``L`` and 8 hex digits, ``sightings`` oldest first."""

    id: str
    keys: tuple[str, ...]
    sightings: list[Sighting]
    late: int = 0

    @property
    def newest(self) -> Sighting:
        """The last sighting."""
        return self.sightings[-1]

    @property
    def first(self) -> Sighting:
        """The first sighting."""
        return self.sightings[0]

    @property
    def count(self) -> int:
        """How often it was seen."""
        return len(self.sightings)

    @property
    def runs(self) -> int:
        """In how many runs it was seen."""
        return len({one.place for one in self.sightings})

    @property
    def family(self) -> str:
        """The bare name of the cause."""
        return self.newest.key.family

    @property
    def weak(self) -> bool:
        """Whether nothing but a constant is known of it."""
        return self.newest.key.weak

    @property
    def error_type(self) -> str:
        """What it is called."""
        return self.newest.key.error_type

    @property
    def phases(self) -> frozenset[str]:
        """The phases it was seen in."""
        return frozenset(one.phase for one in self.sightings if one.phase)

    @property
    def heads(self) -> tuple[str, ...]:
        """The commands that failed with it, without options, most often first."""
        counts = Counter(one.base for one in self.sightings if one.base)
        return tuple(sorted(counts, key=lambda base: (-counts[base], base)))
