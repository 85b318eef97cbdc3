"""Commands by what they say of lessons: which failed with a key, which worked.

An index over the join's attempts, made again by run.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from projections.attempts import Attempt
from projections.join import Join
from projections.lesson import Moment


def moment_of(attempt: Attempt) -> Moment:
    """When a command ran."""
    return (attempt.time, attempt.session or "", attempt.nth)


class Trials:
    """See the module; ``settle`` before asking."""

    def __init__(self, join: Join) -> None:
        """``join`` is shared."""
        self._join = join
        self._failed: dict[str, dict[int, list[Attempt]]] = {}
        self._worked: dict[str, dict[int, list[Attempt]]] = {}
        self._sorted: dict[str, tuple[list[Moment], list[Attempt]]] = {}
        self._of_run: dict[int, tuple[set[str], set[str]]] = {}

    def forget(self) -> None:
        """Begin anew: every run may be another one now."""
        self._failed, self._worked, self._sorted, self._of_run = {}, {}, {}, {}

    def settle(self, runs: Iterable[int]) -> None:
        """Take in the commands of these runs as they are now."""
        for run in runs:
            self._drop(run)
            keys, bases = set(), set()
            for attempt in self._join.tried.of_run(run):
                if attempt.key is not None:
                    key = attempt.key.key
                    keys.add(key)
                    self._failed.setdefault(key, {}).setdefault(run, []).append(attempt)
                elif attempt.ok:
                    base = attempt.base
                    bases.add(base)
                    self._worked.setdefault(base, {}).setdefault(run, []).append(
                        attempt
                    )
            for base in bases:
                self._sorted.pop(base, None)
            if keys or bases:
                self._of_run[run] = (keys, bases)

    def keys(self) -> Iterable[str]:
        """Every key that a command failed with."""
        return self._failed.keys()

    def failed(self, key: str) -> Iterator[Attempt]:
        """The commands that failed with a key, in no order."""
        for attempts in self._failed.get(key, {}).values():
            yield from attempts

    def worked(self, base: str, after: Moment) -> list[Attempt]:
        """The commands of a base that ended well later than ``after``, oldest first."""
        moments, attempts = self._all(base)
        return attempts[bisect_right(moments, after) :]

    def next_worked(self, base: str, after: Moment) -> Attempt | None:
        """The first of them."""
        moments, attempts = self._all(base)
        place = bisect_right(moments, after)
        return attempts[place] if place < len(attempts) else None

    def count(self, base: str) -> int:
        """How often a base ended well."""
        return len(self._all(base)[0])

    def _all(self, base: str) -> tuple[list[Moment], list[Attempt]]:
        found = self._sorted.get(base)
        if found is None:
            runs = self._worked.get(base, {}).values()
            known = sorted(
                (one for run in runs for one in run),
                key=lambda one: (*moment_of(one), one.id),
            )
            found = self._sorted[base] = ([moment_of(one) for one in known], known)
        return found

    def _drop(self, run: int) -> None:
        keys, bases = self._of_run.pop(run, (set(), set()))
        for key in keys:
            self._failed[key].pop(run)
        for base in bases:
            self._worked[base].pop(run)
            self._sorted.pop(base, None)
