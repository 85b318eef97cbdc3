"""``managed/events.ndjson``: what was done with managed stores, by whoever did it.

Ours and the harness's own lines alike: the journal is the record, so nothing is
appended beside it, and each line is in the log once.
"""

from __future__ import annotations

from collections.abc import Iterable

from lokid import clock
from lokid.events import Fact, ManagedReported
from lokid.source import Mode, Source, TailLine
from lokid.sources.facts import of_tail
from lokid.sources.values import required, table, text

_OURS = "managed_"


def _read(line: TailLine) -> Iterable[Fact]:
    name = required(text(line.body.get("type")))
    if not name.startswith(_OURS):
        return
    said = table(line.body.get("payload"))
    merged = said.get("merged")
    event = ManagedReported(
        name=name,
        op=text(said.get("op")),
        reason=text(said.get("reason")),
        kind=text(said.get("kind")),
        path=(text(said.get("path")) or "").lstrip("/") or None,
        sha256=text(said.get("sha256")),
        merged=merged if isinstance(merged, bool) else None,
    )
    yield of_tail(line, event, clock.parse(line.body.get("ts")))


EVENTS = Source(
    name="managed_events",
    globs=("managed/events.ndjson",),
    mode=Mode.TAIL,
    read_line=_read,
)
