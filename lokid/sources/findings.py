"""What reviewers found: ``quality/reviews/*/<reviewer>.txt`` and, of 9.x, a list.

A reviewer's file is a text with lines ``- [High] what is wrong (src/app.py:12)``.
It may still be growing, so it is read line by line: a line counts once its
newline is there.  ``state/findings-<N>.json`` repeats the same lines, and the
number comes back with every run; both tell one fact, so its identity is review,
reviewer and line, not the file.

Prompts and diffs lie beside the verdicts and hold source code: they are never
opened.  Of a finding its text is kept as one scrubbed line, without the place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from lokid.events import Fact, FindingReported
from lokid.redact import relative_path
from lokid.source import Document, Mode, Source, SourceError, TextLine
from lokid.sources.facts import of_document, of_line
from lokid.sources.gates import review_time
from lokid.sources.values import MALFORMED, integer, required, rows, table, text

SEVERITIES = ("critical", "high", "medium", "low")
"""Worst first, as the harness asks its reviewers to write them."""

_LINE = re.compile(
    r"[ \t]{0,40}(?:[-*+\u2022]|\d{1,3}[.)])?[ \t]{0,9}\*{0,3}\[[ \t]?"
    rf"({'|'.join(SEVERITIES)})[ \t]?\]\*{{0,3}}:?[ \t]{{0,9}}(\S.*)",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\(([^()\s:,]{1,200})(:\d[^()]{0,40})?\)[\s.]{0,9}$")
_PAPER = re.compile(r".*/([^/]+)/([^/]+)\.txt")
_ITERATION = re.compile(r".*-(\d{1,9})")
_LONGEST = 4000
_Found = tuple[FindingReported, str | None, tuple[str | int, ...]]


def _paper(line: TextLine) -> Iterable[Fact]:
    """One line of a reviewer's file; what is no finding passes in silence."""
    found = _LINE.fullmatch(line.text[:_LONGEST].rstrip())
    if found is None:
        return
    review, reviewer = required(_PAPER.fullmatch(line.path)).groups()
    numbered = _ITERATION.fullmatch(review)
    iteration = int(numbered[1]) if numbered else None
    event, time, identity = _finding(review, reviewer, iteration, *found.groups())
    yield of_line(PAPERS.name, line, event, time, identity)


def _list(document: Document) -> Iterable[Fact]:
    body = document.body
    if not isinstance(body.get("findings"), list):
        raise SourceError(MALFORMED)
    review, iteration = text(body.get("review_id")), integer(body.get("iteration"))
    for entry in map(table, rows(body["findings"])):
        for event, time, identity in _listed(entry, review, iteration):
            yield of_document(LISTS.name, document, event, time, identity)


def _listed(
    entry: dict[str, Any], review: str | None, iteration: int | None
) -> Iterator[_Found]:
    """An entry repeats the reviewer's own line; without it, it tells itself."""
    review = text(entry.get("reviewId")) or review
    reviewer = text(entry.get("reviewer"))
    own = integer(entry.get("iteration"))
    iteration = iteration if own is None else own
    line = (text(entry.get("raw")) or "")[:_LONGEST].strip()
    found = _LINE.fullmatch(line)
    severity = text(entry.get("severity"))
    said = text(entry.get("description"))
    if found:
        severity, said = found.groups()
    if not said:
        return
    event, time, identity = _finding(review, reviewer, iteration, severity, said)
    if event.file is None and (named := text(entry.get("file"))):
        event = msgspec.structs.replace(event, file=relative_path(named))
    yield event, time, identity


def _finding(
    review: str | None,
    reviewer: str | None,
    iteration: int | None,
    severity: str | None,
    said: str,
) -> _Found:
    """The event, its time (that of the review) and its identity."""
    said = said[:_LONGEST].strip()
    severity = severity.lower() if severity else None
    place = _PLACE.search(said)
    file = place[1] if place and (place[2] or "." in place[1]) else None
    event = FindingReported(
        review=review,
        reviewer=reviewer,
        severity=severity,
        text=said[: place.start()].rstrip() if place and file else said,
        file=relative_path(file) if file else None,
        iteration=iteration,
    )
    identity = ("finding", review or "", reviewer or "", severity or "", said)
    return event, review_time(review), identity


PAPERS = Source(
    name="findings",
    globs=("quality/reviews/*/*.txt",),
    apart=("*diff.txt", "*files.txt", "*-prompt.txt"),
    mode=Mode.LINES,
    read_text=_paper,
    json=False,
)
LISTS = Source(
    name="finding_lists",
    globs=("state/findings-*.json",),
    mode=Mode.DOCUMENT,
    read_document=_list,
)
