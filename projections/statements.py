"""What people said of lessons, and which sightings are one lesson after it.

Statements are taken in the order in which they were said, (time, id), whatever
the order in which they came.  Each names its lesson by id; where that id is not
known (the key's recipe changed, a rule was written, more became known of a
failure) it is the lesson, or the lessons, of the statement's members.

* A *merge* turns the label of a lesson into another's.  A label is merged only
  from where it stands at that time to where the other stands, so chains end and
  circles cannot be: the second merge of two lessons says nothing new.
* A *split* turns a label into one for each phase, exit code, command or place.
  It can be taken back: the parts are the whole again, what was merged into one
  of them is merged into the whole, and what was said of a part alone lapses.
* What else is said of a label is true of it and of what it is split into.
"""

from __future__ import annotations

import hashlib
from bisect import insort
from collections.abc import Callable, Iterator, Mapping

import msgspec

from lokid.events import Recorded
from projections.lesson import Sighting

UNMERGE, UNSPLIT = "merge", "none"
_VALUES: dict[str, Callable[[Sighting], object]] = {
    "phase": lambda one: one.phase,
    "exit_code": lambda one: one.exit_code,
    "command": lambda one: one.base,
    "place": lambda one: next(iter(one.key.cause.places or one.key.cause.frames), None),
}
SPLITS = (*_VALUES, UNMERGE)
"""What a lesson can be split by; ``merge`` takes merges back."""

Known = Mapping[str, list[Sighting]]
"""The sightings of each label before anybody said anything."""


class Move(msgspec.Struct, frozen=True):
    """A label becomes another: ``into`` one, or ``by`` a value of each sighting."""

    label: str
    into: str = ""
    by: str = ""

    def of(self, sighting: Sighting) -> str:
        """The label that one of its sightings gets."""
        if self.into:
            return self.into
        value = _VALUES[self.by](sighting)
        text = f"{self.label}|{self.by}|{'' if value is None else value}"
        return "L" + hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


class Statements:
    """All that was said, in order; any order of arrival."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._said: list[tuple[str, str, Recorded]] = []

    def add(self, recorded: Recorded) -> None:
        """Take one statement in."""
        insort(self._said, (recorded.time, recorded.id, recorded), key=lambda x: x[:2])

    def __iter__(self) -> Iterator[Recorded]:
        """All of them, in the order in which they were said."""
        return (recorded for *_, recorded in self._said)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._said)
