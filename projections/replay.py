"""Scores of a policy over a story of turns: what it said in time, and in vain.

A *turn* is one iteration, a *use* one command in it (or, where no command is
known, the failure itself).  Each use that failed has a *cause*: the truth of a
history, or the lesson that its key leads to.

Rules (the mission's bars are stated in them):

* A *repeat* is a failure whose cause failed before; it is *cross-run* when it was
  first seen in another run, and *cold* when besides it was not yet met in this one.
* A repeat is *reached* when, before the command, the block or the check showed a
  lesson which has an earlier sighting of that cause and at least half of whose
  members are of it.
* A fire of check is *right* when that command then fails with a family that it
  names, *false* when the command works.
* A line is *unused* when its cause is not among the next `AHEAD` failures, and a
  *duplicate* when an earlier line of the same block tells the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

AHEAD = 10
"""Failures within which a line of the block is of use."""


class Shown(NamedTuple):
    """A lesson that was shown; ``causes`` counts its members at that moment."""

    lesson: str
    family: str
    causes: Mapping[str, int]

    def tells(self, cause: str) -> bool:
        """Whether it speaks of a cause: a member, and half of the members."""
        own = self.causes.get(cause, 0)
        return own > 0 and 2 * own >= sum(self.causes.values())


class Use(NamedTuple):
    """One command; ``cause`` is None where it worked.

    ``command`` is empty where only the iteration is known to have failed.
    """

    command: str
    cause: str | None = None
    family: str | None = None


class Turn(NamedTuple):
    """One iteration, at its start."""

    run: int
    iteration: int
    time: str
    uses: tuple[Use, ...]


class Repeat(NamedTuple):
    """What kind of repeat a failure is."""

    cross: bool
    cold: bool


class Story:
    """The turns in order of time, with what is known of each failure."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.turns = turns
        self.repeats: dict[tuple[int, int], Repeat] = {}
        self._causes: list[str] = []
        self._before: list[int] = []
        self._read()

    def _read(self) -> None:
        first: dict[str, int] = {}
        met: set[tuple[int, str]] = set()
        for place, turn in enumerate(self.turns):
            self._before.append(len(self._causes))
            for nth, use in enumerate(turn.uses):
                if use.cause is None:
                    continue
                if use.cause in first:
                    cross = first[use.cause] != turn.run
                    cold = (turn.run, use.cause) not in met
                    self.repeats[place, nth] = Repeat(cross, cold)
                first.setdefault(use.cause, turn.run)
                met.add((turn.run, use.cause))
                self._causes.append(use.cause)

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return len({turn.run for turn in self.turns})

    @property
    def failures(self) -> int:
        """How many uses failed."""
        return len(self._causes)

    def ahead(self, place: int) -> set[str]:
        """The causes of the next failures, from this turn's start on."""
        begin = self._before[place]
        return set(self._causes[begin : begin + AHEAD])


class Score(msgspec.Struct):
    """What one policy came to; all numbers are counts."""

    blocks: int = 0
    lines: int = 0
    duplicates: int = 0
    unused: int = 0
    block_bytes: int = 0
    commands: int = 0
    worked: int = 0
    fires: int = 0
    named: int = 0
    right: int = 0
    false: int = 0
    check_bytes: int = 0
    repeats: Counter[str] = msgspec.field(default_factory=Counter)
    reached: Counter[str] = msgspec.field(default_factory=Counter)
    families: dict[str, Counter[str]] = msgspec.field(default_factory=dict)

    def block(self, lines: Sequence[Shown], size: int, ahead: set[str]) -> None:
        """Count a block: its lines on failures, and its bytes."""
        self.blocks += 1
        self.block_bytes += size
        self.lines += len(lines)
        for place, line in enumerate(lines):
            self.duplicates += any(_same(line, other) for other in lines[:place])
            self.unused += not any(line.tells(cause) for cause in ahead)

    def use(
        self,
        use: Use,
        repeat: Repeat | None,
        shown: Sequence[Shown],
        fired: Sequence[Shown],
        size: int,
    ) -> None:
        """Count a command: ``shown`` is all that was said so far in its turn."""
        self.commands += bool(use.command)
        self.worked += use.cause is None
        if fired:
            self._fire(use, fired, size)
        if repeat is None or use.cause is None:
            return
        hit = any(one.tells(use.cause) for one in shown)
        for kind in _kinds(repeat):
            self.repeats[kind] += 1
            self.reached[kind] += hit

    def _fire(self, use: Use, fired: Sequence[Shown], size: int) -> None:
        self.fires += 1
        self.named += len(fired)
        self.check_bytes += size
        self.false += use.cause is None
        cause = use.cause
        right = cause is not None and use.family in {one.family for one in fired}
        self.right += right
        row = self.families.setdefault(fired[0].family, Counter())
        row["fires"] += 1
        row["right"] += right
        row["cause"] += cause is not None and any(one.tells(cause) for one in fired)


def _same(one: Shown, other: Shown) -> bool:
    """Whether two lines tell the same: the same lesson, or the same single cause."""
    if one.lesson and one.lesson == other.lesson:
        return True
    return len(one.causes) == 1 and one.causes.keys() == other.causes.keys()


def _kinds(repeat: Repeat) -> list[str]:
    if not repeat.cross:
        return ["all", "in_run"]
    return ["all", "cross_run", "cold"] if repeat.cold else ["all", "cross_run"]
