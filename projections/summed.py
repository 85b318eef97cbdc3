"""Sightings that were compacted, as their summaries tell them.

A ``lesson.summarised`` gives two sightings, its first and its last, and the last
stands for all others.  They have the fields of the facts that are gone, so that
key, rules, splits and words work on them as before.  The set of summaries decides,
never the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from lokid.command import base_of
from lokid.events import (
    CauseKept,
    LessonSummarised,
    Met,
    Recorded,
    SightingsCounted,
)
from projections.attempts import Attempt
from projections.failure import REPORTED, Failure
from projections.keys import Cause, Key, key_of
from projections.lesson import COMMAND, COMPACTED, Sighting


class Summed:
    """All summaries by key, and the names of what they count already."""

    def __init__(self) -> None:
        """None yet."""
        self.counted: set[str] = set()
        self._by_key: dict[str, dict[str, list[Sighting]]] = {}
        self._changed: set[str] = set()
        self._told = False

    def add(self, recorded: Recorded) -> None:
        """Take a summary in."""
        event = recorded.event
        if isinstance(event, SightingsCounted):
            self.counted.update(event.members)
            self._told = True
        elif isinstance(event, LessonSummarised):
            key = key_of(cause_of(event.cause))
            told = list(_sightings(event, key, recorded.seq))
            self._by_key.setdefault(key.key, {})[recorded.id] = told
            self._changed.add(key.key)

    def take_changed(self) -> set[str]:
        """The keys whose summaries changed since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed

    def take_told(self) -> bool:
        """Whether more became known to be counted already since the last time."""
        told, self._told = self._told, False
        return told

    def keys(self) -> Iterator[str]:
        """Every key that has a summary."""
        return iter(self._by_key)

    def of(self, key: str) -> Sequence[Sighting]:
        """The sightings that were compacted with a key."""
        told = self._by_key.get(key)
        return [one for seen in told.values() for one in seen] if told else ()

    def all(self) -> Iterator[tuple[LessonSummarised, list[Sighting]]]:
        """Each summary with its first and last sighting."""
        for told in self._by_key.values():
            for seen in told.values():
                if (event := seen[-1].summary) is not None:
                    yield event, seen

    def count(self, kind: str | None) -> int:
        """How many failures were compacted: of a kind, or all but commands."""
        return sum(
            event.count
            for event, _ in self.all()
            if (event.kind == kind if kind else event.kind != COMMAND)
        )


def cause_of(kept: CauseKept) -> Cause:
    """What the key is made of."""
    return Cause(**msgspec.structs.asdict(kept))


def kept_of(cause: Cause) -> CauseKept:
    """The same, as it is stored."""
    return CauseKept(**msgspec.structs.asdict(cause))


def _sightings(event: LessonSummarised, key: Key, seq: int) -> Iterator[Sighting]:
    if event.count > 1:
        yield _sighting(event, event.first, key, seq)
    last = _sighting(event, event.last, key, seq)
    count = max(1, event.count - 1)
    yield msgspec.structs.replace(last, count=count, summary=event)


def _sighting(event: LessonSummarised, met: Met, key: Key, seq: int) -> Sighting:
    command = event.kind == COMMAND
    return Sighting(
        id=met.member,
        time=met.time,
        place=COMPACTED,
        run=met.run,
        iteration=met.iteration,
        phase=event.phase,
        kind=event.kind,
        key=key,
        head=event.head,
        base=base_of(event.head) if event.head else None,
        exit_code=event.exit_code,
        failure=None if command else _failure(event, met, key, seq),
        attempt=_attempt(event, met, key, seq) if command else None,
        seqs=(seq,),
    )


def _failure(event: LessonSummarised, met: Met, key: Key, seq: int) -> Failure:
    cause = event.cause
    return Failure(
        id=met.member,
        kind=event.kind,
        key=key,
        run=met.run,
        place=COMPACTED,
        iteration=met.iteration,
        time=met.time,
        phase=event.phase,
        exit_code=event.exit_code,
        error_line=event.error_line or cause.line,
        signature=event.signature,
        places=cause.places,
        fingerprint=event.fingerprint,
        crash_file=event.crash_file,
        reported_type=event.reported or REPORTED,
        friction=cause.friction,
        gate=cause.gate,
        seqs=(seq,),
    )


def _attempt(event: LessonSummarised, met: Met, key: Key, seq: int) -> Attempt:
    head = event.head or ""
    return Attempt(
        id=met.member,
        seq=seq,
        time=met.time,
        head=head,
        base=base_of(head) if head else "",
        ok=False,
        key=key,
        place=COMPACTED,
        run=met.run,
        iteration=met.iteration,
        nth=met.nth,
        session=met.session,
        exit_code=event.exit_code,
        error_line=event.cause.line,
        places=event.cause.places,
        phase=event.phase,
    )
