"""What each command did: its failures and successes, by its base.

One index over the join's attempts, made anew only for the runs that changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from projections.attempts import Attempt
from projections.join import Join

_Order = tuple[str, str, int, str]


class Outcomes:
    """The attempts by base and by program."""

    def __init__(self, join: Join) -> None:
        """``join`` is shared."""
        self._join = join
        self._edition = -1
        self._editions: dict[int, int] = {}
        self._by_run: dict[int, dict[str, list[Attempt]]] = {}
        self._ends: dict[str, dict[int, tuple[_Order, Attempt]]] = {}
        self._bases: dict[str, set[str]] = {}
        self._last: dict[str, Attempt | None] = {}

    def of(self, base: str) -> list[Attempt]:
        """What a command did, oldest first."""
        self._settle()
        return self._sorted([base])

    def of_program(self, program: str) -> list[Attempt]:
        """What a program did, whatever its arguments, oldest first."""
        self._settle()
        return self._sorted(self._bases.get(program, ()))

    def last(self, base: str) -> Attempt | None:
        """What it did last; None: it was never run."""
        self._settle()
        if base not in self._last:
            ends = self._ends.get(base, {}).values()
            newest = max(ends, key=itemgetter(0), default=None)
            self._last[base] = newest[1] if newest else None
        return self._last[base]

    def _sorted(self, bases: Iterable[str]) -> list[Attempt]:
        found = [
            one
            for base in bases
            for place in self._ends.get(base, ())
            for one in self._by_run[place][base]
        ]
        return sorted(found, key=order)

    def _settle(self) -> None:
        self._join.settle()
        tried = self._join.tried
        if tried.edition == self._edition:
            return
        self._edition = tried.edition
        for place in self._editions.keys() - tried.editions.keys():
            del self._editions[place]
            self._read(place, [])
        for place, edition in tried.editions.items():
            if self._editions.get(place) != edition:
                self._editions[place] = edition
                self._read(place, tried.of_run(place))

    def _read(self, place: int, attempts: list[Attempt]) -> None:
        """Take in what was run in one run, in the place of what was known of it."""
        by_base: dict[str, list[Attempt]] = {}
        for one in attempts:
            by_base.setdefault(one.base, []).append(one)
        for base in self._by_run.get(place, {}).keys() - by_base.keys():
            self._last.pop(base, None)
            del self._ends[base][place]
        for base, found in by_base.items():
            ends = self._ends.setdefault(base, {})
            known, end = ends.get(place), (order(found[-1]), found[-1])
            if known is None or known[1] is not end[1]:
                self._last.pop(base, None)
                ends[place] = end
            self._bases.setdefault(base.split(" ", 1)[0], set()).add(base)
        self._by_run[place] = by_base


def order(one: Attempt) -> _Order:
    """Where an attempt stands among the others."""
    return (one.time, one.session or "", one.nth, one.id)
