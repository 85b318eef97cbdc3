"""Which facts a tree still tells: they are read again once their ids are forgotten.

Compaction asks it.  The tree is read whole, as a first scan would read it, into a
corridor that notes ids and appends nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lokid import redact
from lokid.config import Settings
from lokid.events import EpisodeRecorded, Fact
from lokid.ingest.index import Index
from lokid.ingest.intake import read_afresh
from lokid.log import event_id
from lokid.source import Mode, Source

ALL = ".loki"
"""All of the tree, where that is what could not be read."""


class Told(NamedTuple):
    """The ids of the facts that a tree tells, and its episodes.

    ``missed``: what could not be read at this moment, and rotated streams that have
    no successor yet.  What was read there once would be read again when it can be.
    """

    ids: set[bytes]
    episodes: set[str]
    missed: frozenset[str] = frozenset()

    def misses(self, path: str | None) -> bool:
        """Whether this file, or a folder that it is in, could not be read."""
        if path is None or not self.missed:
            return False
        parts = path.split("/")
        folders = ("/".join(parts[:n]) + "/" for n in range(1, len(parts)))
        return not self.missed.isdisjoint({ALL, path, *folders})


class _Ids:
    """Takes every fact for its id alone."""

    def __init__(self) -> None:
        self.rejected: dict[str, int] = {}
        self.told = Told(set(), set())

    def propose(self, source: str, fact: Fact) -> None:  # noqa: ARG002  a corridor's
        """Note the id of a fact."""
        self.told.ids.add(bytes.fromhex(event_id(fact.identity)))
        if isinstance(fact.event, EpisodeRecorded):
            self.told.episodes.add(redact.guard(fact.event).episode)

    def flush(self) -> int:
        """Nothing is appended here."""
        return 0


def told_by_tree(
    loki: Path, sources: Sequence[Source], settings: Settings, index: Index
) -> Told:
    """All that a fresh reading of the tree would propose.

    ``index`` knows the values of the workspace's states and episodes.
    """
    corridor = _Ids()
    done, _ = read_afresh(loki, sources, settings, index, corridor)
    missed = {*done.pending, *done.unreadable}
    missed |= {
        path
        for source in sources
        if source.mode is Mode.TAIL
        for path in source.globs
        if not (loki / path).exists()
    }
    if not loki.is_dir():
        missed.add(ALL)
    return corridor.told._replace(missed=frozenset(missed))
