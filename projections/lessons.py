"""The book of lessons: sightings grouped, found, and asked for their state.

All read models share the one `Lessons`, as they share the one `Join`.  Like the
join it is a function of the set of events, never of their order, and after a
new event only the lessons whose sightings changed are made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lokid.events import Recorded
from lokid.projection import Answer
from projections.failure import Failure
from projections.join import Join
from projections.lesson import Lesson, State, seen_as
from projections.states import History

SILENT = frozenset({"muted", "ignored", "resolved", "retired"})
"""States in which a lesson stands neither in the block nor in a check."""


class Lessons:
    """See the module; ``rules`` are the user's."""

    name = "book"
    version = 1

    def __init__(self, join: Join, rules: Sequence[object] = ()) -> None:
        """``join`` is shared and folds before this does."""
        self.join = join
        self.rules = rules
        self._edition = -1
        self._lessons: dict[str, Lesson] = {}
        self._history = History(join)

    def apply(self, recorded: Recorded) -> None:  # noqa: ARG002  for the protocol
        """Take notice of an event; nothing is made before somebody asks."""
        self._history.disturb()

    def settle(self) -> None:
        """Make anew what changed since the last time."""
        self.join.settle()
        if self._edition == self.join.edition:
            return
        self._edition = self.join.edition
        self._lessons = {}
        for key in self.join.causes():
            seen = [seen_as(one) for one in self.join.sightings(key)]
            self._lessons[key] = Lesson(seen[0].key.lesson, (key,), seen)

    def all(self) -> list[Lesson]:
        """All lessons but those that a rule ignores, the last seen first."""
        self.settle()
        found = self._lessons.values()
        return sorted(found, key=lambda one: (one.newest.time, one.id), reverse=True)

    def find(self, text: str) -> list[Lesson]:
        """The lessons whose id begins like this."""
        return [one for one in self.all() if one.id.startswith(text)]

    def of_key(self, key: str) -> Lesson | None:
        """The lesson that collects a key."""
        self.settle()
        return self._lessons.get(key)

    def of_failure(self, failure: Failure) -> Lesson | None:
        """The lesson of a failure; None: a rule ignores it."""
        return self.of_key(failure.key.key)

    def of_base(self, base: str) -> list[Lesson]:
        """The lessons whose commands failed with this base."""
        return [one for one in self.all() if base in one.heads]

    def needing(self, program: str) -> list[Lesson]:
        """The lessons that say that this program was not found."""
        return [
            one
            for one in self.all()
            if one.family == "exit 127" and program in (one.heads or ())
        ]

    def state(self, lesson: Lesson, now: str) -> State:  # noqa: ARG002  a mute ends at a time
        """Where a lesson stands at a moment."""
        self.settle()
        return self._history.state(lesson.sightings)

    def speaks(self, lesson: Lesson, now: str) -> bool:
        """Whether a lesson may stand in the block and in a check."""
        state = self.state(lesson, now)
        return state.name not in SILENT or state.by not in ("person", "rule")

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """How many lessons there are."""
        return {"lessons": len(self.all())}
