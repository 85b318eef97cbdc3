"""The block's lines on lessons of other runs.

Ranked by the words they share with the goal, then the phase, then by how many
runs and how often they were seen, then by recency.  A lesson of which only a
constant is known says nothing worth a line.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping
from typing import NamedTuple

from lokid.prompt import cut, one_line
from projections.failure import Failure
from projections.join import Join
from projections.message import error_type, essence
from projections.recent_lines import current_run

_LIMIT = 120
_TELLING = frozenset({"crash", "exit", "provider"})
_WORD = re.compile(r"[a-z][a-z0-9]{2,}")


class Prior(NamedTuple):
    """One lesson of other runs."""

    key: str
    lesson: str
    text: str
    runs: int
    seen: int
    last_seen: str
    words: frozenset[str]
    phases: frozenset[str]


class PriorLines:
    """The lessons of other runs; made again when another run changed."""

    def __init__(self, join: Join) -> None:
        """``join`` is shared."""
        self._join = join
        self._made_for: tuple[int, int] | None = None
        self._known: list[Prior] = []

    def lines(
        self, params: Mapping[str, str], told: set[str], most: int
    ) -> list[Prior]:
        """The best lessons whose key is not ``told`` already, at most ``most``."""
        goal = frozenset(_words(params.get("goal", "")))
        phase = params.get("phase", "").upper()
        left = (one for one in self._lessons() if one.key not in told)
        return heapq.nlargest(
            most,
            left,
            key=lambda one: (
                len(one.words & goal),
                phase in one.phases,
                one.runs,
                one.seen,
                one.last_seen,
                one.key,
            ),
        )

    def _lessons(self) -> list[Prior]:
        current = current_run(self._join).index
        others = max(
            (made for index, made in self._join.editions.items() if index != current),
            default=0,
        )
        if self._made_for != (current, others):
            self._known = [
                prior
                for key in self._join.causes()
                if (prior := self._prior(key, current)) is not None
            ]
            self._made_for = (current, others)
        return self._known

    def _prior(self, key: str, current: int) -> Prior | None:
        seen = [one for one in self._join.sightings(key) if one.place != current]
        if not seen or seen[0].kind not in _TELLING or seen[0].key.weak:
            return None
        newest = seen[-1]
        runs = len({one.place for one in seen})
        return Prior(
            key=key,
            lesson=newest.lesson,
            text=f"- (prior) {_told(newest, len(seen), runs)}",
            runs=runs,
            seen=len(seen),
            last_seen=newest.time,
            words=frozenset(_words(f"{newest.error_line} {newest.key.family}")),
            phases=frozenset(one.phase for one in seen if one.phase),
        )


def _told(failure: Failure, count: int, runs: int) -> str:
    """What the lesson says, at most 120 characters; the count is never cut."""
    often = f" (x{count} in {runs} runs)" if runs > 1 else f" (x{count})"
    tail = often if count > 1 else ""
    text = one_line(f"{error_type(failure)}: {essence(failure)}")
    return cut(text, _LIMIT - len(tail)) + tail


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("_", " "))
