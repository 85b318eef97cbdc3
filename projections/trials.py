"""Commands by what they say of lessons: which failed with a key, which worked.

An index over the join's attempts, made again by run.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

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
            failed: dict[str, list[Attempt]] = {}
            worked: dict[str, list[Attempt]] = {}
            for attempt in self._join.tried.of_run(run):
                if attempt.key is not None:
                    failed.setdefault(attempt.key.key, []).append(attempt)
                elif attempt.ok:
                    worked.setdefault(attempt.base, []).append(attempt)
            keys, bases = self._of_run.get(run, (set(), set()))
            for key in keys - failed.keys():
                self._failed[key].pop(run)
            for key, attempts in failed.items():
                self._failed.setdefault(key, {})[run] = attempts
            for base in bases - worked.keys():
                self._worked[base].pop(run)
                self._sorted.pop(base, None)
            for base, attempts in worked.items():
                known = self._worked.setdefault(base, {})
                if known.get(run) != attempts:
                    known[run] = attempts
                    self._sorted.pop(base, None)
            self._of_run[run] = (set(failed), set(worked))

    def keys(self) -> Iterable[str]:
        """Every key that a command failed with."""
        return self._failed.keys()

    def failed(self, key: str) -> Iterable[tuple[int, list[Attempt]]]:
        """The commands that failed with a key, by run, those of one in order."""
        return self._failed.get(key, {}).items()

    def worked(self, base: str, after: Moment) -> list[Attempt]:
        """The commands of a base that ended well later than ``after``, oldest first."""
        moments, attempts = self._all(base)
        return attempts[bisect_right(moments, after) :]

    def next_worked(self, base: str, after: Moment) -> Attempt | None:
        """The first of them."""
        moments, attempts = self._all(base)
        place = bisect_right(moments, after)
        return attempts[place] if place < len(attempts) else None

    def known(self, base: str) -> list[Moment]:
        """When a base ended well; another list whenever that changed."""
        return self._all(base)[0]

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
