"""All that is known of a lesson, as an answer: each statement with its events.

The rows of events name the source file below ``.loki`` that each was read from;
whether that file still exists is for whoever may look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from lokid.events import (
    CheckServed,
    ContextServed,
    FixServed,
    LessonMerged,
    LessonMuted,
    LessonResolved,
    LessonSaid,
    LessonSplit,
    Recorded,
    Served,
)
from lokid.projection import Answer
from lokid.rules import Rule
from projections.failure import Failure
from projections.findings import Finding
from projections.fixes import Fix, Outcome, said
from projections.keys import RECIPE
from projections.lesson import COMPACTED, Lesson, Sighting
from projections.message import essence

_SAID = 120
_KINDS: Mapping[type[Served], str] = {
    ContextServed: "context",
    CheckServed: "check",
    FixServed: "fix",
}

Look = Callable[[Iterable[int]], list[Answer]]
"""Rows of the events with these seqs."""
FoundBy = Callable[[Failure], list[Finding]]
"""What reviewers found that explains a failure."""


def event_row(recorded: Recorded) -> Answer:
    """One event: where it stands, what it is, which file told it."""
    return {
        "seq": recorded.seq,
        "id": recorded.id,
        "time": recorded.time,
        "type": recorded.type,
        "source": recorded.src.path,
        "sha256": recorded.src.sha256,
    }


def about(lesson: Lesson) -> Answer:
    """What it is: names, counts, commands, files."""
    newest = lesson.newest
    return {
        "lesson": lesson.id,
        "error_type": newest.key.error_type,
        "message": essence(newest),
        "family": lesson.family,
        "count": lesson.count,
        "runs": lesson.runs,
        "first_seen": lesson.first.time,
        "last_seen": newest.time,
        "late": lesson.late,
        "phases": sorted(lesson.phases),
        "kinds": _most((one.kind, one.count) for one in lesson.sightings),
        "commands": _most((one.head or "", one.count) for one in lesson.sightings),
        "files": _most(
            (file, one.count) for one in lesson.sightings for file in _places(one)
        ),
    }


def keys_row(lesson: Lesson, rules: Iterable[Rule]) -> Answer:
    """Why these sightings are one lesson: the values that make each key.

    Where a rule of the user's made it one, its name stands for all of the keys:
    ``own`` is what its id is made of.
    """
    found: dict[str, Answer] = {}
    for one in lesson.sightings:
        row = found.setdefault(
            one.key.key,
            {
                "key": one.key.key,
                "parts": [
                    {"name": name, "value": value} for name, value in one.key.parts
                ],
                "count": 0,
            },
        )
        row["count"] += one.count
    told = [{"match": one.match, "family": one.family} for one in rules]
    own = f"family|{lesson.named}" if lesson.named else None
    of = list(found.values())
    return {
        "recipe": RECIPE,
        "weak": lesson.weak,
        "own": own,
        "rules": told,
        "of": of,
    }


def sightings_rows(lesson: Lesson, look: Look, found: FoundBy) -> list[Answer]:
    """Each time it was met, the newest first, with its events.

    A review that blocked brings what its reviewers found.  ``stands_for``: how many
    were compacted into this one, itself included.
    """
    return [
        {
            "time": one.time,
            "stands_for": one.count,
            "compacted": one.place == COMPACTED,
            "id": one.id,
            "run": one.run,
            "iteration": one.iteration,
            "phase": one.phase,
            "kind": one.kind,
            "exit_code": one.exit_code,
            "error_line": _line(one),
            "command": one.head,
            "sources": list(one.sources),
            "events": look(one.seqs),
            "findings": [
                {
                    "severity": remark.severity,
                    "text": remark.text,
                    "file": remark.file,
                    "reviewers": list(remark.reviewers),
                    "events": look(remark.seqs),
                }
                for remark in (found(one.failure) if one.failure else ())
            ],
        }
        for one in reversed(lesson.sightings)
    ]


def fix_row(outcome: Outcome, look: Look) -> Answer:
    """What worked, what may have, what did not."""
    return {
        "said": said(outcome, _SAID),
        "confirmed": _fix(outcome.fix, look) if outcome.fix else None,
        "candidates": [_fix(one, look) for one in outcome.candidates],
        "tried": list(outcome.tried),
        "tries": outcome.tries,
        "because": look(outcome.seqs),
    }


def deliveries_row(lesson: Lesson, served: Sequence[Recorded]) -> Answer:
    """How often it was said, when last, and how often it came back after that."""
    rows: list[Answer] = []
    for recorded in served:
        event = recorded.event
        if isinstance(event, Served):
            again = _after(lesson, event)
            rows.append(
                {
                    "seq": recorded.seq,
                    "time": event.now or recorded.time,
                    "moment": _KINDS.get(type(event), recorded.type),
                    "held": lesson.id in event.held,
                    "run": event.run,
                    "iteration": event.iteration,
                    "came_back": again,
                }
            )
    rows.sort(key=lambda row: (row["time"], row["seq"]), reverse=True)
    told = [row for row in rows if not row["held"]]
    return {
        "count": len(told),
        "held": len(rows) - len(told),
        "by_moment": _often(row["moment"] for row in told),
        "last": told[0]["time"] if told else None,
        "came_back": sum(row["came_back"] is not None for row in told),
        "of": rows,
    }


def statements_rows(said_of: Sequence[Recorded]) -> list[Answer]:
    """What people said of it, the newest first."""
    ordered = sorted(said_of, key=lambda one: (one.time, one.id), reverse=True)
    return [{**event_row(one), "says": _statement(one.event)} for one in ordered]


def _statement(event: object) -> Answer:
    told: Answer = {"of": event.lesson} if isinstance(event, LessonSaid) else {}
    if isinstance(event, LessonResolved):
        told["commit"] = event.commit
    elif isinstance(event, LessonMuted):
        told |= {"until": event.until, "sightings": event.sightings}
    elif isinstance(event, LessonMerged):
        told["into"] = event.into
    elif isinstance(event, LessonSplit):
        told["by"] = event.by
    return {name: value for name, value in told.items() if value is not None}


def _after(lesson: Lesson, event: Served) -> str | None:
    """When it was met again in the run it was said in, if it was."""
    moment = event.now or ""
    first = event.iteration
    later = isinstance(event, FixServed)
    for one in lesson.sightings:
        if one.run != event.run or one.time <= moment:
            continue
        if first is None or one.iteration is None or one.iteration >= first + later:
            return one.time
    return None


def _fix(fix: Fix, look: Look) -> Answer:
    return {
        "kind": fix.kind,
        "text": fix.text,
        "rule": fix.rule,
        "files": list(fix.files),
        "commit": fix.commit,
        "streaks": fix.count,
        "runs": fix.runs,
        "because": look(fix.seqs),
    }


def _line(one: Sighting) -> str | None:
    told = one.failure or one.attempt
    return told.error_line if told else None


def _places(one: Sighting) -> tuple[str, ...]:
    """Our own code nearest the raise, and the file of a tool that failed."""
    return tuple(one.key.cause.places)


def _often(names: Iterable[str]) -> list[Answer]:
    return _most((name, 1) for name in names)


def _most(counted: Iterable[tuple[str, int]]) -> list[Answer]:
    """Names with how often each was told, most often first."""
    counts = Counter[str]()
    for name, count in counted:
        if name:
            counts[name] += count
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"name": name, "count": count} for name, count in ordered]
