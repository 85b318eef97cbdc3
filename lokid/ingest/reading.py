"""What a reader works with: one file of one source in one scan."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable

import msgspec

from lokid.events import Fact, SourceRejected, Src
from lokid.ingest.files import Tree
from lokid.ingest.hints import Hint
from lokid.ingest.index import Index
from lokid.source import Source

Propose = Callable[[str, Fact], None]


class Reading(msgspec.Struct, frozen=True):
    """What a reader works with, one file of one source in one scan."""

    tree: Tree
    source: Source
    path: str
    hint: Hint
    index: Index
    propose: Propose
    limit: int
    ends: float | None = None

    def late(self) -> bool:
        """Whether the scan's time is up; a growing file is then left where it is."""
        return self.ends is not None and time.monotonic() > self.ends

    def tell(self, facts: Iterable[Fact]) -> None:
        """Propose facts of this source."""
        for fact in facts:
            self.propose(self.source.name, fact)

    def reject(self, reason: str, identity: str, size: int | None, src: Src) -> None:
        """Say once why this identity was not read."""
        event = SourceRejected(source=self.source.name, reason=reason, size=size)
        key = ("rejected", self.path, reason, identity)
        self.propose(self.source.name, Fact(event=event, identity=key, src=src))


def digest(data: bytes) -> str:
    """The hash by which generations, anchors and lines are known (16 hex)."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()
