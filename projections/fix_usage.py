"""How often things are done at all, so that what is common is no remedy.

Counted in units: an iteration, or a provider session where no iteration is
known.  A command that worked counts once in a unit under its base and once
under its program; so does a file that was edited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from projections.attempts import Attempt
from projections.fix_records import Edits
from projections.fix_words import edited_file


class Tally:
    """What one run adds to the counts."""

    def __init__(self, attempts: Iterable[Attempt], edits: Edits) -> None:
        """``edits`` are those that the harness remembers of the run."""
        seen: set[tuple[str, object]] = set()
        units: set[object] = set()
        self.failed: Counter[str] = Counter()
        self.worked: Counter[str] = Counter()
        for one in attempts:
            unit = one.session if one.iteration is None else one.iteration
            units.add(unit)
            if not one.ok:
                self.failed[one.head] += 1
                continue
            self.worked[one.head] += 1
            file = edited_file(one.head)
            if file:
                seen.add((file, unit))
            else:
                seen |= {(one.base, unit), (program_name(one.base), unit)}
        for iteration, known in edits.items():
            units.add(iteration)
            seen |= {(file, iteration) for file in known.files}
        self.seen = Counter(name for name, _ in seen)
        self.units = len(units)


def program_name(base: str) -> str:
    """How a program is counted, apart from a command without arguments."""
    return base.split(" ", maxsplit=1)[0] + " *"


class Usage:
    """The sum over all runs."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._seen: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._worked: Counter[str] = Counter()
        self._units = 0

    def add(self, tally: Tally) -> None:
        """Take a run in."""
        self._seen.update(tally.seen)
        self._failed.update(tally.failed)
        self._worked.update(tally.worked)
        self._units += tally.units

    def take_back(self, tally: Tally) -> None:
        """Undo `add`, for a run that is told otherwise now."""
        self._seen.subtract(tally.seen)
        self._failed.subtract(tally.failed)
        self._worked.subtract(tally.worked)
        self._units -= tally.units

    def units(self) -> int:
        """In how many units anything was done."""
        return self._units

    def seen(self, name: str) -> int:
        """In how many units a command or program worked, or a file was edited."""
        return self._seen[name]

    def fails_as_often(self, head: str) -> bool:
        """Whether a command failed at least as often as it worked."""
        return self._failed[head] >= max(1, self._worked[head])
