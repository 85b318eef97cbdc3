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
from lokid.source import Source


class Told(NamedTuple):
    """The ids of the facts that a tree tells, and its episodes."""

    ids: set[bytes]
    episodes: set[str]


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
    read_afresh(loki, sources, settings, index, corridor)
    return corridor.told
