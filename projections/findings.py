"""``findings``: what reviewers found, worst first, and which red gate it explains.

Reviewers who say the same of the same file are one finding with several voices.
A blocking review is gate ``code_review``, so its findings are that failure's
evidence: by the review's own name where one of the failure's witnesses is the
review, else by its iteration in the same run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from lokid.events import FindingReported, Recorded, ReviewCompleted
from lokid.projection import Answer
from projections.failure import Failure
from projections.gate_cells import REVIEW_GATE
from projections.join import Join
from projections.lessons import Lessons
from projections.moment import at
from projections.view import View, number

_SEVERITIES = ("critical", "high", "medium", "low")
_SHOWN = 20


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that reviewers found in one review.

    ``time`` is the review's; ``reviewers`` are those who said it, by name;
    ``severity`` the worst that one of them gave it.
    """

    review: str | None
    iteration: int | None
    time: str
    severity: str | None
    text: str | None
    file: str | None
    reviewers: tuple[str, ...]
    sources: tuple[str, ...]
    seqs: tuple[int, ...]

    @property
    def order(self) -> tuple[int, str, str]:
        """Worst first, then by what is said."""
        return (_rank(self.severity), self.text or "", self.file or "")


class FindingBook:
    """Files findings by their review; whoever needs them folds one of its own."""

    HEARS = (FindingReported, ReviewCompleted)

    def __init__(self, join: Join) -> None:
        """``join`` is shared; it knows which run a time belongs to."""
        self._join = join
        self._reviews: dict[str, list[Recorded]] = {}
        self._named: dict[int, str] = {}

    def apply(self, recorded: Recorded) -> None:
        """File a finding, or the name of a review."""
        event = recorded.event
        if isinstance(event, FindingReported):
            self._reviews.setdefault(event.review or "", []).append(recorded)
        elif isinstance(event, ReviewCompleted) and event.review:
            self._named[recorded.seq] = event.review

    def of_review(self, review: str | None) -> list[Finding]:
        """The findings of a review, worst first."""
        voices: dict[tuple[str | None, str | None], list[Recorded]] = {}
        for recorded in self._reviews.get(review or "", ()):
            event = recorded.event
            if isinstance(event, FindingReported):
                voices.setdefault((event.text, event.file), []).append(recorded)
        return sorted(map(_finding, voices.values()), key=lambda one: one.order)

    def of_failure(self, failure: Failure) -> list[Finding]:
        """The findings that explain a failure of gate ``code_review``, worst first."""
        if failure.gate != REVIEW_GATE or failure.kind != "gate":
            return []
        self._join.settle()
        named = {self._named[seq] for seq in failure.seqs if seq in self._named}
        reviews = named or self._of_iteration(failure)
        found = [one for review in sorted(reviews) for one in self.of_review(review)]
        return sorted(found, key=lambda one: one.order)

    def all(self) -> list[Finding]:
        """Every finding: the newest review first, in it the worst."""
        found = [one for review in self._reviews for one in self.of_review(review)]
        found.sort(key=lambda one: one.order)
        return sorted(found, key=lambda one: (one.time, one.review or ""), reverse=True)

    def _of_iteration(self, failure: Failure) -> set[str]:
        if failure.iteration is None:
            return set()
        return {
            review
            for review, told in self._reviews.items()
            if any(self._is_of(one, failure) for one in told)
        }

    def _is_of(self, recorded: Recorded, failure: Failure) -> bool:
        event = recorded.event
        if not isinstance(event, FindingReported):
            return False
        run = self._join.timeline.run_at(at(recorded))
        return event.iteration == failure.iteration and run.index == failure.place


class Findings(View):
    """Parameters: ``review``, ``iteration``, ``limit``."""

    name = "findings"
    hears = FindingBook.HEARS

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        super().__init__(join, lessons)
        self.book = FindingBook(join)

    def apply(self, recorded: Recorded) -> None:
        """File what is a finding."""
        self.book.apply(recorded)

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """The findings, those of the newest review first, and how many there are."""
        review, iteration = params.get("review"), params.get("iteration")
        found = [
            one
            for one in self.book.all()
            if (not review or one.review == review)
            and (not iteration or str(one.iteration) == iteration)
        ]
        shown = found[: number(params, "limit", _SHOWN)]
        return {"findings": [row(one) for one in shown], "total": len(found)}


def row(one: Finding) -> Answer:
    """A finding as answers tell it."""
    lists = {"reviewers", "sources", "seqs"}
    told: Answer = msgspec.structs.asdict(one)
    return {key: list(v) if key in lists else v for key, v in told.items()}


def _finding(voices: Iterable[Recorded]) -> Finding:
    """One finding from those who said it."""
    told = sorted(voices, key=lambda one: one.id)
    events = [one.event for one in told if isinstance(one.event, FindingReported)]
    worst = min(events, key=lambda event: _rank(event.severity))
    return Finding(
        review=worst.review,
        iteration=min(
            (e.iteration for e in events if e.iteration is not None), default=None
        ),
        time=min(one.time for one in told),
        severity=worst.severity,
        text=worst.text,
        file=worst.file,
        reviewers=tuple(sorted({e.reviewer for e in events if e.reviewer})),
        sources=tuple(sorted({one.src.path for one in told if one.src.path})),
        seqs=tuple(sorted(one.seq for one in told)),
    )


def _rank(severity: str | None) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)
