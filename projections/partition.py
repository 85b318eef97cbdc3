"""Which lesson each sighting is of, after all that people said.

Made anew from the statements whenever one of them, or a lesson that one of them
names, has changed; it is a function of both, so nothing has to be undone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from lokid.events import LessonMerged, LessonSaid, LessonSplit, Recorded
from projections import keys
from projections.lesson import Sighting
from projections.statements import SPLITS, UNMERGE, UNSPLIT, Known, Move

Member = Callable[[str], tuple[str, Sighting] | None]
"""The sighting that a statement's member is, and its label before anything."""


class Partition:
    """Labels after the statements: ``label``, ``ends``, ``verdicts``."""

    def __init__(
        self, known: Known, member: Member, statements: Iterable[Recorded]
    ) -> None:
        """``known``: all sightings by their label before anybody said anything."""
        self._known = known
        self._member = member
        self._moves: list[Move | None] = []
        self._places: dict[str, list[int]] = {}
        self._merged: dict[str, str] = {}
        self._parts: dict[str, set[str]] = {}
        self._parents: dict[str, str] = {}
        self._verdicts: dict[str, list[Recorded]] = {}
        self._named: dict[str, set[str]] = {}
        for recorded in statements:
            if isinstance(recorded.event, LessonSaid):
                self._take(recorded, recorded.event)

    @property
    def touched(self) -> set[str]:
        """The first labels of all sightings that may have got another one."""
        names = {name for one in self._moves if one for name in (one.label, one.into)}
        return names & self._known.keys()

    def label(self, first: str, sighting: Sighting) -> str:
        """The label of a sighting whose label was ``first`` before anything."""
        label, at = first, 0
        while True:
            places = self._places.get(label, [])
            place = bisect_left(places, at)
            if place == len(places):
                return label
            at = places[place]
            move = self._moves[at]
            label = move.of(sighting) if move else label
            at += 1

    def ends(self, label: str) -> set[str]:
        """The labels that a label has become."""
        return self._ends(label, set())

    def wholes(self, label: str) -> list[str]:
        """The lessons that a label is a part of, the nearest first."""
        found: list[str] = []
        while (whole := self._parents.get(label)) is not None and whole not in found:
            found.append(whole)
            label = whole
        return found

    def named(self) -> dict[str, set[str]]:
        """Every id that is not a lesson's any more, with what became of it."""
        gone = {*self._merged, *self._parts}
        found = {name: self.ends(name) for name in gone}
        for name, labels in self._named.items():
            found.setdefault(name, set()).update(*map(self.ends, labels))
        return found

    def verdicts(self, label: str) -> Sequence[Recorded]:
        """What was said of a lesson beside merges and splits, in order."""
        found: list[Recorded] = []
        line: str | None = label
        while line is not None:
            found += self._verdicts.get(line, ())
            line = self._parents.get(line)
        return sorted(found, key=lambda one: (one.time, one.id))

    def judged(self) -> set[str]:
        """The labels of which something was said."""
        found: set[str] = set()
        return found.union(*map(self.ends, self._verdicts))

    # -- taking statements in their order -----------------------------------

    def _take(self, recorded: Recorded, said: LessonSaid) -> None:
        targets = self._targets(said.lesson, said.recipe, said.members)
        if isinstance(said, LessonMerged):
            intos = self._targets(said.into, said.recipe, said.into_members)
            into = min(set().union(*map(self.ends, intos)), default=None)
            self._name(said.into, intos)
            if into is not None:
                self._merge(targets, into)
        elif isinstance(said, LessonSplit) and said.by == UNSPLIT:
            for whole in sorted(set().union(*map(self._wholes, targets))):
                self._rejoin(whole)
        elif isinstance(said, LessonSplit):
            for target in sorted(set().union(*map(self.ends, targets))):
                self._split(target, said.by)
        else:
            for target in targets:
                label = self._standing(target)
                self._verdicts.setdefault(label, []).append(recorded)
        self._name(said.lesson, targets)

    def _name(self, name: str, labels: set[str]) -> None:
        if labels and labels != {name}:
            self._named.setdefault(name, set()).update(labels)

    def _targets(self, name: str, recipe: int, members: Iterable[str]) -> set[str]:
        """The labels that a statement means, by its id or else by its members."""
        groups = (self._known, self._parents, self._parts, self._merged)
        if recipe == keys.RECIPE and any(name in group for group in groups):
            return {name}
        found = map(self._member, members)
        return {self.label(*one) for one in found if one is not None}

    def _merge(self, targets: set[str], into: str) -> None:
        for target in sorted(set().union(*map(self.ends, targets))):
            if target != into:
                self._add(Move(target, into=into))
                self._merged[target] = into

    def _split(self, target: str, by: str) -> None:
        if by == UNMERGE:
            for place, one in enumerate(self._moves):
                if one and one.into == target:
                    self._moves[place] = None
                    self._merged.pop(one.label, None)
        elif by in SPLITS:
            move = Move(target, by=by)
            parts = {move.of(one) for one in self._with(target)}
            if parts:
                self._add(move)
                self._parts[target] = parts
                self._parents.update(dict.fromkeys(parts, target))
                for part in parts:
                    self._merged.pop(part, None)

    def _wholes(self, label: str) -> set[str]:
        """The lesson that a label is of, where that is split: itself or its whole."""
        label = self._standing(label)
        whole = label if label in self._parts else self._parents.get(label)
        return set() if whole is None else {whole}

    def _rejoin(self, whole: str) -> None:
        """Take a split back, and those of its parts."""
        parts = self._parts.pop(whole, set())
        for part in sorted(parts & self._parts.keys()):
            self._rejoin(part)
        for label in (whole, *parts):
            for place in self._places.get(label, ()):
                move = self._moves[place]
                if move and (move.by or label != whole):
                    self._moves[place] = None
        for part in parts:
            self._parents.pop(part, None)
            self._merged[part] = whole
        for place, one in enumerate(self._moves):
            if one and one.into in parts:
                self._moves[place] = Move(one.label, into=whole)
                self._merged[one.label] = whole

    def _add(self, move: Move) -> None:
        self._places.setdefault(move.label, []).append(len(self._moves))
        self._moves.append(move)

    def _with(self, label: str) -> Iterable[Sighting]:
        """The sightings that have a label at this point."""
        for first in self.touched | ({label} & self._known.keys()):
            for sighting in self._known[first]:
                if self.label(first, sighting) == label:
                    yield sighting

    def _standing(self, label: str) -> str:
        while label in self._merged:
            label = self._merged[label]
        return label

    def _ends(self, label: str, seen: set[str]) -> set[str]:
        label = self._standing(label)
        if label in seen or label not in self._parts:
            return {label}
        found = (self._ends(part, seen | {label}) for part in self._parts[label])
        return set().union(*found)
