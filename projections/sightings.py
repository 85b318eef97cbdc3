"""Every sighting by its first label: by its key, or by the family of a rule.

Cheap to ask again: a sighting is made again only when its failure was.  What was
compacted is told by summaries (``summed.py``); what they count already is no
sighting of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from lokid.rules import Rule, Rules
from projections.attempts import Attempt
from projections.failure import Failure
from projections.join import Join
from projections.lesson import COMMAND, Lesson, Sighting, seen_as, tried_as
from projections.summed import Summed
from projections.trials import Trials

_HEX = frozenset("0123456789abcdef")


def member_of(sighting: Sighting) -> str:
    """The name of a sighting in a statement: lower-case hex, whatever its id is.

    A gate's failure has no event of its own to be named by.
    """
    if _HEX.issuperset(sighting.id):
        return sighting.id
    _, _, rest = sighting.id.partition(":")
    text = f"{sighting.run}:{rest}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def members_of(lesson: Lesson) -> list[str]:
    """Two members by which a lesson is found again: its first and its last.

    Those that gave it its id come before those that were merged into it.
    """
    own = [one for one in lesson.sightings if one.key.lesson == lesson.id]
    seen = own or lesson.sightings
    return list(dict.fromkeys(member_of(one) for one in (seen[0], seen[-1])))


class Sightings:
    """All sightings: ``known`` by label, ``ignored`` by key."""

    def __init__(self, join: Join, trials: Trials, rules: Iterable[Rule]) -> None:
        """``join`` and ``trials`` are shared; ``rules`` are the user's."""
        self._join = join
        self._trials = trials
        self._rules = Rules(rules)
        self._by_key: dict[str, dict[str, list[Sighting]]] = {}
        self._keys: dict[str, set[str]] = {}
        self._members: dict[str, tuple[str, Sighting]] = {}
        self._families: dict[str, str] = {}
        self._told: dict[str, list[str]] = {}
        self.summed = Summed()
        self.known: dict[str, list[Sighting]] = {}
        self.ignored: dict[str, list[Sighting]] = {}

    def family(self, label: str) -> str | None:
        """The family that a rule gave to a label."""
        return self._families.get(label)

    def rule(self, sighting: Sighting) -> Rule | None:
        """The rule that decides on a sighting, where there is one."""
        return self._rules.of(*_texts(sighting)) if self._rules else None

    def member(self, name: str) -> tuple[str, Sighting] | None:
        """The first label and the sighting of a statement's member."""
        return self._members.get(name)

    def keys(self) -> Iterable[str]:
        """Every key that has a sighting, or had."""
        return (*self._by_key, *self.ignored, *self.summed.keys())

    def all(self) -> Iterator[Sighting]:
        """Every sighting, those that a rule ignores too."""
        for seen in (*self.known.values(), *self.ignored.values()):
            yield from seen

    def settle(self, keys: Iterable[str]) -> set[str]:
        """Take in what changed of these keys; gives the labels that changed."""
        changed: set[str] = set()
        for key in {*keys, *self.summed.take_changed()}:
            changed |= self._settle_key(key)
        for label in changed:
            parts = [
                one
                for key in self._keys.get(label, ())
                for one in self._by_key[key][label]
            ]
            if parts:
                if len(self._keys[label]) > 1:
                    parts.sort(key=lambda one: one.order)
                self.known[label] = parts
            else:
                self.known.pop(label, None)
                self._keys.pop(label, None)
        return changed

    def _settle_key(self, key: str) -> set[str]:
        old = self._by_key.pop(key, {})
        before = {one.id: one for seen in old.values() for one in seen}
        for label in old:
            self._keys[label].discard(key)
        self.ignored.pop(key, None)
        new: dict[str, list[Sighting]] = {}
        summed = self.summed.of(key)
        made = [*summed, *self._left(self._made(key, before))]
        if summed or any(one.kind == COMMAND for one in made):
            made.sort(key=lambda one: one.order)
        for one in made:
            self._place(one, new)
        if new:
            self._by_key[key] = new
        for label, seen in new.items():
            self._keys.setdefault(label, set()).add(key)
            for one in seen:
                if before.pop(one.id, None) is not one or label not in old:
                    self._members[member_of(one)] = (label, one)
        for one in before.values():
            known = self._members.get(member_of(one))
            if known is not None and known[1] is one:  # else another key has it now
                del self._members[member_of(one)]
        return {*old, *new}

    def _left(self, made: Iterable[Sighting]) -> Iterator[Sighting]:
        """Those that no summary counts."""
        counted = self.summed.counted
        return (one for one in made if not counted or member_of(one) not in counted)

    def _made(self, key: str, before: Mapping[str, Sighting]) -> Iterator[Sighting]:
        """The sightings of a key; those made before where nothing changed."""
        told, alone = self._tried(key)
        for failure in self._join.sightings(key):
            known, by = before.get(failure.id), told.get(failure.id, [])
            witnesses = [one.id for one in by]
            same = known is not None and known.failure is failure
            if known is None or not same or self._told.get(failure.id, []) != witnesses:
                known = seen_as(failure, by)
                self._told[failure.id] = witnesses
            yield known
        for attempt in alone:
            if attempt.key is not None:
                known = before.get(attempt.id)
                same = known is not None and known.attempt is attempt
                yield known if known and same else tried_as(attempt, attempt.key)

    def _tried(self, key: str) -> tuple[dict[str, list[Attempt]], list[Attempt]]:
        """The commands that failed with a key: by their failure, and the others.

        The law of `witnesses`: one that has the key of its own iteration's failure
        tells of that.
        """
        told: dict[str, list[Attempt]] = {}
        alone: list[Attempt] = []
        for place, attempts in self._trials.failed(key):
            view = self._join.of_run(self._join.timeline.runs[place])
            slots = view.of_slots if view else {}
            for attempt in attempts:
                failure = None if attempt.slot is None else slots.get(attempt.slot)
                if failure is None or failure.key.key != key:
                    alone.append(attempt)
                else:
                    told.setdefault(failure.id, []).append(attempt)
        return told, alone

    def _place(self, sighting: Sighting, into: dict[str, list[Sighting]]) -> None:
        """Put a sighting under its label, by the rule for it where there is one."""
        label = sighting.key.lesson
        rule = self.rule(sighting)
        if rule is not None and rule.ignore:
            self.ignored.setdefault(sighting.key.key, []).append(sighting)
            return
        if rule is not None and rule.family:
            label = _family_label(rule.family)
            self._families[label] = rule.family
        into.setdefault(label, []).append(sighting)


def _texts(sighting: Sighting) -> tuple[str | None, ...]:
    """What a rule is held against."""
    failure: Failure | None = sighting.failure
    return (
        sighting.key.cause.line,
        failure.error_line if failure else None,
        sighting.key.error_type,
        sighting.key.cause.gate,
        sighting.head,
    )


def _family_label(family: str) -> str:
    digest = hashlib.blake2b(f"family|{family}".encode(), digest_size=4)
    return "L" + digest.hexdigest()
