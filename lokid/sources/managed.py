"""``managed/``: what was done with managed stores, and what managed councils said.

The journal's lines are ours and the harness's own alike: it is the record, so nothing
is appended beside it, and each line is in the log once.  A council that decided leaves
a file of its round: so its vote counts like that of any other.
"""

from __future__ import annotations

from collections.abc import Iterable

from lokid import clock
from lokid.events import CouncilDecided, Fact, ManagedReported, Vote
from lokid.source import Document, Mode, Source, TailLine
from lokid.sources.council import VERDICTS
from lokid.sources.facts import of_document, of_tail
from lokid.sources.harness import OUTCOMES
from lokid.sources.values import integer, required, rows, table, text

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


def _round(document: Document) -> Iterable[Fact]:
    body = document.body
    voters = [table(one) for one in rows(body.get("voters"))]
    votes = tuple(
        Vote(
            role=text(one.get("role")) or "member",
            verdict=VERDICTS.get(str(one.get("vote")).strip().upper(), "abstain"),
            reason=text(one.get("reason")),
        )
        for one in voters
    )
    verdicts = [one.verdict for one in votes]
    event = CouncilDecided(
        iteration=required(integer(body.get("iteration"))),
        outcome=required(OUTCOMES.get(str(body.get("outcome")).upper())),
        approve=verdicts.count("approve"),
        reject=verdicts.count("reject"),
        threshold=integer(body.get("threshold")),
        voters=votes,
    )
    time = clock.parse(body.get("timestamp"))
    yield of_document(COUNCILS.name, document, event, time)


COUNCILS = Source(
    name="managed_councils",
    globs=("managed/completion-council-round-*.json",),
    mode=Mode.DOCUMENT,
    read_document=_round,
)
EVENTS = Source(
    name="managed_events",
    globs=("managed/events.ndjson",),
    mode=Mode.TAIL,
    read_line=_read,
)
