"""Failures that no slot tells of: crash files alone, and episodes from before.

A crash without a slot is shown at once, since its iteration may still be told.
A failed episode counts by itself only where the main stream tells nothing of
its time (a tree without ``events.jsonl``, or one older than it).
"""

from __future__ import annotations

from collections.abc import Iterator

from lokid.events import CrashObserved, EpisodeRecorded, Recorded
from projections.failure import Failure
from projections.ledger import Ledger
from projections.moment import SECOND, at, phase_of
from projections.slot_failures import lone_crash, lone_episode
from projections.slots import Run
from projections.timeline import Timeline

_FAILED = "failure"


def strays_of(
    run: Run, alone: list[Recorded], timeline: Timeline, ledger: Ledger
) -> Iterator[Failure]:
    """The failures of a run that belong to no slot; ``alone``: its lone crashes.

    A crash file of an early episode's time and phase tells of that episode.
    """
    taken: set[str] = set()
    before: int | None = None
    for episode in _early_episodes(run, timeline, ledger):
        event, end = episode.event, at(episode)
        if isinstance(event, EpisodeRecorded) and event.outcome == _FAILED:
            left = [one for one in alone if one.id not in taken]
            crash = _crash_of(event, before, end, left)
            if crash is not None:
                taken.add(crash.id)
            failure = lone_episode(episode, crash, run.index, run.id)
            if failure is not None:
                yield failure
        before = end
    for recorded in alone:
        failure = lone_crash(recorded, run.index, run.id)
        if failure is not None and recorded.id not in taken:
            yield failure


def _early_episodes(run: Run, timeline: Timeline, ledger: Ledger) -> list[Recorded]:
    """Episodes from before anything that the main stream tells, by time."""
    if run.index:
        return []
    first = timeline.first
    return [
        one
        for one in ledger.about(run, EpisodeRecorded)
        if first is None or at(one) < first - SECOND
    ]


def _crash_of(
    episode: EpisodeRecorded, before: int | None, end: int, alone: list[Recorded]
) -> Recorded | None:
    """The nearest crash file since the episode before, of the same phase."""
    phase = None if episode.iteration is None else phase_of(episode.iteration)
    fitting = []
    for recorded in alone:
        event, moment = recorded.event, at(recorded)
        if not isinstance(event, CrashObserved) or moment > end + SECOND:
            continue
        inside = before is None or moment > before - SECOND
        if inside and event.phase in (None, phase):
            fitting.append((end - moment, recorded.id, recorded))
    return min(fitting, key=lambda one: one[:2])[2] if fitting else None
