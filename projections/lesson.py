"""A lesson: the running record of one cause, and what it is made of.

A *sighting* is one failure, or one failed command that no failure tells of.  A
lesson is what people's rules, merges and splits make of the sightings with the
same key; it has at least one sighting, so everything said of it can be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from lokid.events import LessonSummarised
from projections.attempts import Attempt
from projections.failure import Failure
from projections.keys import Key

Moment = tuple[str, str, int]
"""Time, session, place in it.  What an iteration came to follows its commands."""
COMMAND = "command"
NOWHERE = "-"
"""The run of what was in none, and in no session."""
COMPACTED = -1
"""The run's index of what was compacted: no run that is known."""
_AFTER_COMMANDS = "\U0010ffff"


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a cause was met.

    ``kind`` is the failure's, or ``command`` for a failed command of its own;
    ``place`` is the run's index, ``head`` the command's, where one is known.

    What was compacted is told by its first sighting and its last, whose place is
    `COMPACTED` (``summed.py``): the last has the ``summary`` and stands for all
    ``count`` of them but the first.
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
    attempt: Attempt | None = None
    seqs: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()
    count: int = 1
    summary: LessonSummarised | None = None

    @property
    def moment(self) -> Moment:
        """When it was, among commands too."""
        one = self.attempt
        if self.kind != COMMAND or one is None:
            return (self.time, _AFTER_COMMANDS, 0)
        return (one.time, one.session or "", one.nth)

    @property
    def setting(self) -> str:
        """What counts as the run it was seen in: outside of runs, the session."""
        one = self.attempt
        return self.run or (one.session if one and one.session else NOWHERE)

    @property
    def order(self) -> tuple[str, str, int, str]:
        """Where it stands among the others."""
        return (*self.moment, self.id)


def seen_as(failure: Failure, witnesses: Sequence[Attempt] = ()) -> Sighting:
    """The sighting that a failure is; ``witnesses`` in the order they ran."""
    last = witnesses[-1] if witnesses else None
    seqs = {*failure.seqs, *(one.seq for one in witnesses)}
    return Sighting(
        id=failure.id,
        time=failure.time,
        place=failure.place,
        run=failure.run,
        iteration=failure.iteration,
        phase=failure.phase,
        kind=failure.kind,
        key=failure.key,
        head=last.head if last else None,
        base=last.base if last else None,
        exit_code=failure.exit_code,
        failure=failure,
        attempt=last,
        seqs=tuple(sorted(seqs)),
        sources=failure.sources,
    )


def tried_as(attempt: Attempt, key: Key) -> Sighting:
    """The sighting that a failed command is by itself."""
    return Sighting(
        id=attempt.id,
        time=attempt.time,
        place=attempt.place,
        run=attempt.run,
        iteration=attempt.iteration,
        phase=attempt.phase,
        kind=COMMAND,
        key=key,
        head=attempt.head,
        base=attempt.base,
        exit_code=attempt.exit_code,
        attempt=attempt,
        seqs=(attempt.seq,),
    )


def count_of(sightings: Iterable[Sighting]) -> int:
    """How many sightings these stand for."""
    return sum(one.count for one in sightings)


def runs_of(sightings: Iterable[Sighting]) -> int:
    """In how many runs these were."""
    older, runs = 0, set[str]()
    for one in sightings:
        if one.place != COMPACTED:
            runs.add(one.setting)
        elif one.summary is not None:
            runs.update(one.summary.runs)
            older += one.summary.older_runs or not one.summary.runs
    return len(runs) + older


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
    """One cause: ``id`` is ``L`` and 8 hex digits, ``sightings`` oldest first.

    ``late``: sightings that came into the log after a person's resolution that
    they had happened before.  ``ignored`` and ``named`` (the family) by a rule.
    ``past`` is where ``states.py`` remembers what it made of them.
    """

    id: str
    keys: tuple[str, ...]
    sightings: list[Sighting]
    late: int = 0
    ignored: bool = False
    named: str | None = None
    past: tuple[object, State | None] | None = None
    _heads: tuple[str, ...] | None = None

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
        return count_of(self.sightings)

    @property
    def runs(self) -> int:
        """In how many runs it was seen."""
        return runs_of(self.sightings)

    @property
    def family(self) -> str:
        """The bare name of the cause."""
        return self.named or self.newest.key.family

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
        if self._heads is None:
            counts = Counter[str]()
            for one in self.sightings:
                if one.base:
                    counts[one.base] += one.count
            heads = sorted(counts, key=lambda base: (-counts[base], base))
            self._heads = tuple(heads)
        return self._heads
