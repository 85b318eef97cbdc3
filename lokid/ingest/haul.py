"""What an import finds: facts that wait until all is read, counted by source.

A `Haul` stands where the pipeline stands in a scan, and holds facts to their
kinds of text like it, but appends nothing: what is new is handed over at the
end, in order of time over all that was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from lokid import redact
from lokid.config import Settings
from lokid.events import Fact, SourceRejected
from lokid.imports import Found
from lokid.ingest.index import Index, told_time
from lokid.ingest.intake import read_afresh
from lokid.ingest.outcome import Scan
from lokid.log import event_id
from lokid.source import Source


class Tally(msgspec.Struct, kw_only=True):
    """What was read of one source.

    ``known``: facts that the log holds already; ``first`` and ``last``: the
    times that its facts tell.
    """

    files: int = 0
    new: int = 0
    known: int = 0
    rejected: int = 0
    first: str | None = None
    last: str | None = None

    def note(self, time: str | None, *, new: bool) -> None:
        """Count one fact."""
        self.new += new
        self.known += not new
        if time is not None:
            self.first = min(self.first or time, time)
            self.last = max(self.last or time, time)


class Haul:
    """Collects facts; ``index`` knows what the log holds."""

    def __init__(self, index: Index, *, foreign: bool = False) -> None:
        """``foreign``: a value that the workspace knows of itself is not taken.

        The values of another tree (its counters, its blocks) are old ones here:
        they serve only where nothing was recorded of their file yet.
        """
        self.tallies: dict[str, Tally] = {}
        self.rejected: dict[str, int] = {}
        self.foreign = foreign
        self._index = index
        self._found: dict[str, Fact] = {}

    def propose(self, source: str, fact: Fact) -> None:
        """Count a fact and keep it if it is new."""
        tally = self.tallies.setdefault(source, Tally())
        if isinstance(fact.event, SourceRejected):
            tally.rejected += 1
            self.rejected[source] = tally.rejected
            return
        path = fact.src.path
        value = fact.src.nth is not None and path is not None
        if value and self.foreign and self._index.has_state(path or ""):
            return
        key = event_id(fact.identity)
        if key in self._found:
            return
        new = key not in self._index
        tally.note(fact.time, new=new)
        if new:
            self._found[key] = _clean(fact)

    def flush(self) -> int:
        """Nothing is appended here."""
        return 0

    def new(self) -> list[Found]:
        """What is new, oldest first; values without a time take the newest told."""
        told = (told_time(one.event, one.time) for one in self._found.values())
        newest = max([self._index.told, *told]) or None
        dated = [(key, _dated(fact, newest)) for key, fact in self._found.items()]
        return sorted(dated, key=lambda one: (one[1].time is None, one[1].time or ""))


def read_tree(
    loki: Path, sources: Sequence[Source], settings: Settings, index: Index, haul: Haul
) -> Scan:
    """Read all of a ``.loki`` tree into ``haul``, as a first scan would."""
    done, scanner = read_afresh(loki, sources, settings, index, haul)
    for source in sources:
        if scanner.status[source.name].files:
            tally = haul.tallies.setdefault(source.name, Tally())
            tally.files = scanner.status[source.name].files
    return done


def _clean(fact: Fact) -> Fact:
    path = fact.src.path
    src = fact.src
    if path is not None:
        src = msgspec.structs.replace(src, path=redact.source_path(path))
    return msgspec.structs.replace(fact, event=redact.guard(fact.event), src=src)


def _dated(fact: Fact, newest: str | None) -> Fact:
    if fact.src.nth is None or fact.time is not None:
        return fact
    return msgspec.structs.replace(fact, time=newest)
