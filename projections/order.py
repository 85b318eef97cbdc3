"""Order: how a log's sessions follow each other, and matching by order alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from lokid.events import OutputFailed, OutputPassed, Recorded


class Ordered(Protocol):
    """What has a clock reading and may know what came before it."""

    @property
    def recorded(self) -> Recorded:
        """The fact behind it."""

    @property
    def event(self) -> OutputFailed | OutputPassed:
        """The session as told."""

    @property
    def clock(self) -> int | None:
        """The reading, if it has one."""


A = TypeVar("A")
B = TypeVar("B")
O = TypeVar("O", bound=Ordered)  # noqa: E741 - the letter of its bound


def in_order(sessions: Sequence[O]) -> list[O]:
    """Sessions of one file by clock, then by the chain of ``after``.

    One without a clock follows the one before it in its file.
    """
    known = {one.recorded.id: one for one in sessions}
    place: dict[str, tuple[int, int]] = {}
    for one in sessions:
        chain = []
        name: str | None = one.recorded.id
        while name in known and name not in place:
            chain.append(known[name])
            place[name] = (0, 0)  # a circle ends here
            name = known[name].event.after
        clock, depth = place.get(name or "", (-1, 0))
        for link in reversed(chain):
            clock, depth = (clock if link.clock is None else link.clock), depth + 1
            place[link.recorded.id] = (clock, depth)
    return sorted(sessions, key=lambda one: (*place[one.recorded.id], one.recorded.id))


def longest_match(
    left: Sequence[A], right: Sequence[B], fits: Callable[[A, B], bool]
) -> list[tuple[A, B]]:
    """The longest order-preserving one-to-one match; the later ones on ties.

    Ends that fit are matched at once, which loses nothing; the table is only
    made for the rest.
    """
    pairs: list[tuple[A, B]] = []
    i, j = len(left), len(right)
    while i and j and fits(left[i - 1], right[j - 1]):
        i, j = i - 1, j - 1
        pairs.append((left[i], right[j]))
    best = _table(left[:i], right[:j], fits)
    while i and j and best[i][j]:
        longer = best[i][j] == best[i - 1][j - 1] + 1
        if longer and fits(left[i - 1], right[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((left[i], right[j]))
        elif best[i - 1][j] == best[i][j]:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _table(
    left: Sequence[A], right: Sequence[B], fits: Callable[[A, B], bool]
) -> list[list[int]]:
    """``best[i][j]``: the longest match of the first i with the first j."""
    best = [[0] * (len(right) + 1)]
    for one in left:
        above, row = best[-1], [0]
        for j, other in enumerate(right):
            found = max(above[j + 1], row[j])
            if found == above[j] and fits(one, other):
                found += 1
            row.append(found)
        best.append(row)
    return best
