"""The book of lessons: sightings grouped, found, and asked for their state.

All read models share the one `Lessons`, as they share the one `Join`.  Like the
join it is a function of the set of events, never of their order, and after a
new event only the lessons whose sightings changed are made anew.

From sightings to lessons: the user's rules and the key give each a first label
(``sightings.py``), what people said turns labels into others (``partition.py``),
and all sightings of one label are a lesson, whose id it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from lokid.events import LessonSaid, LessonSummarised, Recorded, SightingsCounted
from lokid.projection import Answer
from lokid.rules import Rule
from projections.failure import Failure
from projections.history import History
from projections.join import Join
from projections.lesson import COMMAND, COMPACTED, Lesson, Sighting, State
from projections.lesson_index import LessonIndex
from projections.partition import Partition
from projections.sightings import Sightings
from projections.statements import Statements
from projections.states import MET, PERSON, Judge, ineffective, late_for
from projections.trials import Trials

Against = Callable[[Lesson], Sequence[Recorded]]
"""What was served of a lesson in vain, as measured with a hold-out; else nothing."""
_SILENT = frozenset({"muted", "ignored", "retired"})


class Lessons:
    """See the module; ``rules`` are the user's."""

    name = "book"
    version = 1
    hears = (LessonSaid, LessonSummarised, SightingsCounted)

    def __init__(self, join: Join, rules: Sequence[Rule] = ()) -> None:
        """``join`` is shared and folds before this does."""
        self.join = join
        self._trials = Trials(join)
        self._history = History(join, self._trials)
        self.judge = Judge(self._history)
        self.sightings = Sightings(join, self._trials, rules)
        self.statements = Statements()
        self._partition = self._parted()
        self._lessons: dict[str, Lesson] = {}
        self._sorted: list[Lesson] | None = None
        self._index = LessonIndex()
        self._reached: dict[str, set[str]] = {}
        self._against: Against | None = None
        self._told = False
        self._heard = -1  # how much the join had heard when this was settled

    def measure(self, against: Against) -> None:
        """Let a lesson that telling was shown to do nothing for be ``ineffective``."""
        self._against = against

    # -- folding -----------------------------------------------------------

    def apply(self, recorded: Recorded) -> None:
        """Take an event in; nothing is made before somebody asks."""
        if isinstance(recorded.event, LessonSaid):
            self.statements.add(recorded)
            self._told = True
        elif isinstance(recorded.event, LessonSummarised | SightingsCounted):
            self.sightings.summed.add(recorded)

    def settle(self) -> None:
        """Make anew what changed since the last time."""
        self.join.settle()
        if self._heard == self.join.heard:
            return
        self._heard = self.join.heard
        feed = self.join.feed.take()
        if feed.again:
            self._trials.forget()
            self._history.forget()
        self._trials.settle(feed.runs)
        self._history.settle(feed.runs)
        keys = set(feed.keys)
        if feed.again or self.sightings.summed.take_told():
            keys |= {*self.sightings.keys(), *self.join.causes(), *self._trials.keys()}
        changed = self.sightings.settle(keys)
        if changed or self._told:
            self._told = False
            self._regroup(changed)

    def _parted(self) -> Partition:
        sightings = self.sightings
        return Partition(sightings.known, sightings.member, self.statements)

    def _regroup(self, changed: set[str]) -> None:
        """Make the lessons of these first labels anew, and those people spoke of."""
        firsts = changed | self._partition.touched
        if self.statements:
            self._partition = self._parted()
            firsts |= self._partition.touched
        labels: set[str] = set()
        for first in firsts:
            labels |= self._reached.pop(first, set())
        touched, known = self._partition.touched, self.sightings.known
        made = {one: known[one] for one in firsts - touched if one in known}
        self._reached.update((one, {one}) for one in made)
        made |= self._moved(touched)
        for label in labels - made.keys():
            self._index.enter(label, self._lessons.pop(label, None), None)
        for label, seen in made.items():
            self._make(label, seen)
        for label in self._partition.judged():
            lesson = self._lessons.get(label)
            if lesson is not None:
                lesson.late = late_for(lesson, self._partition.verdicts(label))
        self._sorted = None

    def _moved(self, touched: set[str]) -> dict[str, list[Sighting]]:
        """The sightings whose labels people's words may have changed, by label."""
        made: dict[str, list[Sighting]] = {}
        for first in touched:
            labels = self._reached.setdefault(first, set())
            for one in self.sightings.known[first]:
                label = self._partition.label(first, one)
                made.setdefault(label, []).append(one)
                labels.add(label)
        for seen in made.values():
            seen.sort(key=lambda one: one.order)
        return made

    def _make(self, label: str, seen: list[Sighting]) -> None:
        keys = tuple(sorted({one.key.key for one in seen}))
        named = self.sightings.family(label)
        lesson = Lesson(label, keys, seen, named=named)
        self._index.enter(label, self._lessons.get(label), lesson)
        self._lessons[label] = lesson

    # -- asking ------------------------------------------------------------

    def all(self) -> list[Lesson]:
        """All lessons but those that a rule ignores, the last seen first."""
        self.settle()
        if self._sorted is None:
            self._sorted = sorted(self._lessons.values(), key=_newest, reverse=True)
        return list(self._sorted)

    def ignored(self) -> list[Lesson]:
        """What would be a lesson but for a rule, the last seen first."""
        self.settle()
        found = []
        for key, seen in self.sightings.ignored.items():
            kept = sorted(seen, key=lambda one: one.order)
            found.append(Lesson(kept[0].key.lesson, (key,), kept, ignored=True))
        return sorted(found, key=_newest, reverse=True)

    def find(self, text: str) -> list[Lesson]:
        """The lessons whose id begins like this, the last seen first.

        Ids that a lesson had count too: before a merge or a split, or by an
        earlier recipe; so does a whole id, whatever else begins with it.
        """
        self.settle()
        wanted = _as_id(text)
        if wanted is None:
            return []
        named = self._partition.named()
        if wanted in self._lessons or wanted in named:
            ids = named.get(wanted, set()) | ({wanted} & self._lessons.keys())
        else:
            ids = {one for one in self._lessons if one.startswith(wanted)}
            for name, became in named.items():
                ids |= became if name.startswith(wanted) else set()
        return self._of(ids)

    def commands(self) -> list[Sighting]:
        """The failed commands that no failure tells of, the last first.

        Those that were compacted are in their lessons alone.
        """
        self.settle()
        found = [*self.sightings.known.values(), *self.sightings.ignored.values()]
        alone = (
            one
            for seen in found
            for one in seen
            if one.kind == COMMAND and one.place != COMPACTED
        )
        return sorted(alone, key=lambda one: one.order, reverse=True)

    def of_key(self, key: str) -> Lesson | None:
        """The lesson that collects a key; of several that seen last."""
        self.settle()
        return next(iter(self._of(self._index.by_key(key))), None)

    def of_failure(self, failure: Failure) -> Lesson | None:
        """The lesson of a failure; None: a rule ignores it."""
        return self.of_sighting(failure.id)

    def of_sighting(self, name: str) -> Lesson | None:
        """The lesson that a failure, or a failed command of its own, belongs to."""
        self.settle()
        label = self._index.by_sighting(name)
        return None if label is None else self._lessons.get(label)

    def of_base(self, base: str) -> list[Lesson]:
        """The lessons whose commands failed with this base, the last seen first."""
        self.settle()
        return self._of(self._index.by_base(base))

    def needing(self, program: str) -> list[Lesson]:
        """The lessons that say that this program was not found."""
        self.settle()
        return self._of(self._index.by_program(program))

    def state(self, lesson: Lesson, now: str) -> State:
        """Where a lesson stands at a moment."""
        self.settle()
        said = self._partition.verdicts(lesson.id)
        state = self.judge.state(lesson, said, now)
        if self._against is None or state.name not in MET:
            return state
        served = self._against(lesson)
        return ineffective(served) if served else state

    def speaks(self, lesson: Lesson, now: str) -> bool:
        """Whether a lesson may stand in the block and in a check.

        Not when a person resolved or muted it, a rule ignores it, or its
        commands ran without it so often that it is retired.  What went quiet by
        itself still speaks: a cause that waits for its command is not gone.
        """
        self.settle()
        if lesson.ignored:
            return False
        said = self._partition.verdicts(lesson.id)
        if not said:
            return not self.judge.retired(lesson)
        state = self.judge.state(lesson, said, now)
        resolved = state.name == "resolved" and state.by == PERSON
        return not resolved and state.name not in _SILENT

    def said(self, lesson: Lesson) -> Sequence[Recorded]:
        """What people said of a lesson beside merges and splits, in order."""
        self.settle()
        return self._partition.verdicts(lesson.id)

    def wholes(self, lesson: Lesson) -> list[str]:
        """The ids of what it was split from, the nearest first."""
        self.settle()
        return self._partition.wholes(lesson.id)

    def rules(self, lesson: Lesson) -> list[Rule]:
        """The rules that decided on its sightings, each once."""
        found = map(self.sightings.rule, lesson.sightings)
        return list(dict.fromkeys(one for one in found if one is not None))

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """How many lessons there are, and how many a rule ignores."""
        return {"lessons": len(self.all()), "ignored": len(self.ignored())}

    def _of(self, ids: Iterable[str]) -> list[Lesson]:
        found = (self._lessons[one] for one in ids if one in self._lessons)
        return sorted(found, key=_newest, reverse=True)


def _newest(lesson: Lesson) -> tuple[str, str]:
    return (lesson.newest.time, lesson.id)


def _as_id(text: str) -> str | None:
    """A lesson's id or its beginning; None for what cannot be one."""
    written = text.strip().lower()
    return f"L{written.removeprefix('l')}" if written.isalnum() else None
