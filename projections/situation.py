"""What the agent is about to work on, as far as anybody told.

The phase, the words and the files of the goal, the files that its last
iterations wrote, and the commands they ran.  It ranks lessons; it never filters
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lokid.events import EpisodeRecorded
from projections.here import Here, current_run
from projections.join import Join

_WORD = re.compile(r"[a-z][a-z0-9]{2,}")
_FILE = re.compile(r"[\w@+-][\w.@+-]*\.[A-Za-z][A-Za-z0-9]{0,9}\b")
_ITERATIONS = 3
"""How many of the last iterations say what is being worked on."""
_ATTEMPTS = 200  # of the newest commands that are looked at


@dataclass(frozen=True, slots=True)
class Situation:
    """Files by their name alone, commands by their base."""

    phase: str | None = None
    words: frozenset[str] = field(default_factory=frozenset)
    files: frozenset[str] = field(default_factory=frozenset)
    bases: frozenset[str] = field(default_factory=frozenset)


def situation(join: Join, here: Here, params: Mapping[str, str]) -> Situation:
    """What is known of the work of whoever stands here."""
    goal = params.get("goal", "")
    heads = list(_heads(join, here))
    return Situation(
        phase=here.phase,
        words=words_of(goal),
        files=files_of([goal, *_written(join, here), *heads]),
        bases=frozenset(heads),
    )


def words_of(*texts: str) -> frozenset[str]:
    """The plain words of texts, in lower case, of three letters or more."""
    found = (_WORD.findall(text.lower().replace("_", " ")) for text in texts)
    return frozenset(word for words in found for word in words)


def files_of(texts: Iterable[str]) -> frozenset[str]:
    """The names of files in texts, without their folders."""
    return frozenset(
        name for text in texts if "." in text for name in _FILE.findall(text)
    )


def _written(join: Join, here: Here) -> Iterator[str]:
    """The files that the episodes of the last iterations name."""
    first = (here.iteration or 0) - _ITERATIONS
    for recorded in join.ledger.about(current_run(join), EpisodeRecorded):
        event = recorded.event
        if isinstance(event, EpisodeRecorded) and (event.iteration or 0) >= first:
            yield from event.files


def _heads(join: Join, here: Here) -> Iterator[str]:
    """The bases of the commands that the last iterations ran."""
    first = (here.iteration or 0) - _ITERATIONS
    for attempt in join.tried.of_run(here.place)[-_ATTEMPTS:]:
        if (attempt.iteration or 0) >= first:
            yield attempt.base
