"""Who says that a gate failed: trust events, evidence, counters, lists, reviews.

None of them tells all: ``trust-events.jsonl`` (9.x) is the best, the failure
memory keeps only gates with evidence, counters and lists have no history, and
a blocking review is gate ``code_review`` under another name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile

import msgspec

from lokid import clock
from lokid.events import (
    Event,
    Fact,
    GateFailed,
    GatesCounted,
    GatesListed,
    ReviewCompleted,
)
from lokid.source import Document, Mode, Source, TailLine
from lokid.sources.facts import of_document, of_tail
from lokid.sources.values import integer, required, table, text, truth

_STAGE_OF_LISTING = re.compile(r"_(?:ESCALATED|PAUSED)$")
_GATE = re.compile(r"[A-Za-z]\w*(?:[.-]\w+)*", re.ASCII)
_SUMMARY = re.compile(r'"summary"\s*:\s*"((?:[^"\\]|\\.)*)')
_REVIEW_TIME = re.compile(r"review-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-.*")


def _trust(line: TailLine) -> Iterable[Fact]:
    body = line.body
    if body.get("type") != "gate_failure":
        return
    event = GateFailed(
        gate=required(text(body.get("gate"))),
        witness="trust",
        iteration=integer(body.get("iteration")),
        run_id=text(body.get("run_id")),
        consecutive=integer(body.get("consecutive")),
    )
    yield of_tail(line, event, clock.parse(body.get("ts")))


def _evidence(line: TailLine) -> Iterable[Fact]:
    body = line.body
    if text(body.get("verdict")) not in (None, "FAIL"):
        return
    event = GateFailed(
        gate=required(text(body.get("gate"))),
        witness="evidence",
        run_id=text(body.get("run_id")),
        evidence=_summary(text(body.get("evidence"))),
    )
    yield of_tail(line, event, clock.parse(body.get("recorded_at")))


def _summary(evidence: str | None) -> str | None:
    """The evidence; of a JSON artefact (it may be cut off) only its summary."""
    if evidence is None or not evidence.lstrip().startswith("{"):
        return evidence
    try:
        return text(table(msgspec.json.decode(evidence)).get("summary"))
    except (msgspec.DecodeError, RecursionError):
        found = _SUMMARY.search(evidence)
        return found[1] if found else None


def _counter(_path: str, document: Document | None) -> Event:
    body = document.body if document else {}
    counts = ((gate, integer(count)) for gate, count in body.items())
    return GatesCounted(
        counts={gate: count for gate, count in counts if count is not None}
    )


def _list(_path: str, document: Document | None) -> Event:
    """Gate names; the suffixes for many failures in a row are left out.

    What follows a word that names no gate is no list any more: a line of a log, and
    in it perhaps somebody's key.
    """
    listed = re.split(r"[,\s]+", document.text) if document else []
    gates = takewhile(_GATE.fullmatch, filter(None, listed))
    names = (_STAGE_OF_LISTING.sub("", name) for name in gates)
    return GatesListed(gates=tuple(dict.fromkeys(names)))


def _review(document: Document) -> Iterable[Fact]:
    body = document.body
    review = required(text(body.get("review_id")))
    event = ReviewCompleted(
        review=review,
        witness="aggregate",
        iteration=integer(body.get("iteration")),
        passed=integer(body.get("pass_count")),
        failed=integer(body.get("fail_count")),
        blocking=truth(body.get("has_blocking")),
        inconclusive=truth(body.get("inconclusive")),
    )
    yield of_document(REVIEWS.name, document, event, review_time(review))


def review_time(review: str | None) -> str | None:
    """When a review began, which only its name tells."""
    began = _REVIEW_TIME.fullmatch(review or "")
    return clock.parse("{}-{}-{}T{}:{}:{}Z".format(*began.groups())) if began else None


TRUST = Source(
    name="trust_events",
    globs=("metrics/trust-events.jsonl",),
    mode=Mode.TAIL,
    read_line=_trust,
)
EVIDENCE = Source(
    name="gate_evidence",
    globs=("memory/failures.jsonl",),
    mode=Mode.TAIL,
    read_line=_evidence,
)
COUNTERS = Source(
    name="gate_counters",
    globs=("quality/gate-failure-count.json",),
    mode=Mode.STATE,
    read_state=_counter,
)
LISTS = Source(
    name="gate_list",
    globs=("quality/gate-failures.txt",),
    mode=Mode.STATE,
    read_state=_list,
    json=False,
)
REVIEWS = Source(
    name="reviews",
    globs=("quality/reviews/*/aggregate.json",),
    mode=Mode.DOCUMENT,
    read_document=_review,
)
