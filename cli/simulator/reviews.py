"""`quality/reviews/review-<time>-<iteration>/`: a code review and its events.

``aggregate.json`` is written last and marks the end.  Diff and prompts hold
source code.  A blocking review is gate ``code_review``; its failure is known
from the event ``code_review_complete``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from cli.simulator.history import Iteration
from cli.simulator.moments import compact
from cli.simulator.options import Step, Truth
from cli.simulator.spelling import Style
from cli.simulator.stream import Stream
from cli.simulator.tree import Tree

_REVIEWERS = ("architecture-strategist", "performance-oracle", "eng-database")
_BLOCKING = ("High", "an empty body is not checked before it is read", 12)
_REMARK = ("Low", "two names for one thing", 3)


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """One review: who said what about which files."""

    id: str
    iteration: int
    files: tuple[str, ...]
    verdicts: dict[str, str]
    blocking: bool

    @property
    def place(self) -> str:
        """Its directory."""
        return f"quality/reviews/{self.id}"

    @property
    def finding(self) -> tuple[str, str, int]:
        """What a reviewer who says FAIL has found: severity, text, line."""
        return _BLOCKING if self.blocking else _REMARK

    @property
    def found(self) -> str:
        """The finding as a reviewer's file lists it."""
        severity, text, line = self.finding
        return f"- [{severity}] {text} ({self.files[0]}:{line})"


class Reviews:
    """Writes the review of an iteration."""

    def __init__(self, tree: Tree, stream: Stream) -> None:
        """Write into this tree and its events."""
        self._tree = tree
        self._stream = stream

    def hold(self, item: Iteration, at: datetime, *, blocking: bool) -> Iterator[Step]:
        """The whole review, from its start event to its completion event."""
        held = _Held(
            id=f"review-{compact(at)}-{item.iteration}",
            iteration=item.iteration,
            files=item.files or ("src/orders.py",),
            verdicts=_verdicts(item, blocking=blocking),
            blocking=blocking,
        )
        yield from self._stream.event(
            at,
            "code_review_start",
            review_id=held.id,
            reviewers=", ".join(held.verdicts),
            iteration=held.iteration,
        )
        yield from self._papers(held)
        yield from self._opinions(held)
        yield from self._aggregate(held)
        yield from self._completed(held, at)
        if self._tree.options.nine:
            yield from self._findings(held)

    def _papers(self, held: _Held) -> Iterator[Step]:
        """What the reviewers are given."""
        names = "\n".join(held.files) + "\n"
        yield from self._tree.put(f"{held.place}/diff.txt", _diff(held), "review diff")
        yield from self._tree.put(f"{held.place}/files.txt", names, "review files")
        chosen = {
            "reviewers": [
                {"name": name, "focus": "the change", "checks": "wrong input, names"}
                for name in held.verdicts
            ],
            "scores": {},
            "pool_size": len(held.verdicts),
        }
        path = f"{held.place}/selection.json"
        yield from self._tree.put(path, chosen, "review selection", style=Style.LINE)

    def _opinions(self, held: _Held) -> Iterator[Step]:
        """Each reviewer's prompt and verdict."""
        for name, verdict in held.verdicts.items():
            stem = f"{held.place}/{name}"
            prompt = f"You review as {name}.\n{_diff(held)}"
            yield from self._tree.put(f"{stem}-prompt.txt", prompt, "review prompt")
            if verdict == "NO_OUTPUT":
                continue
            found = held.found if verdict == "FAIL" else "- None"
            text = f"VERDICT: {verdict}\nFINDINGS:\n{found}\n"
            yield from self._tree.put(f"{stem}.txt", text, "review verdict")

    def _aggregate(self, held: _Held) -> Iterator[Step]:
        body = {"review_id": held.id, "iteration": held.iteration, **self._tally(held)}
        said = (f"{name}:{verdict}" for name, verdict in held.verdicts.items())
        body["verdicts"] = " ".join(said)
        if self._tree.options.nine:
            body |= {"quality_score": 0, "nonblocking_medium": 0, "nonblocking_low": 1}
        path = f"{held.place}/aggregate.json"
        yield from self._tree.put(path, body, "review aggregate")

    def _completed(self, held: _Held, at: datetime) -> Iterator[Step]:
        tally = {"review_id": held.id, **self._tally(held)}
        last = {"iteration": held.iteration}
        if self._tree.options.nine:
            name = "code_review_council_complete"
            yield from self._stream.event(at, name, (), **tally, **last)
            tally["devils_advocate"] = "not_run"
            tally["devils_advocate_speculative"] = False
        gate = Truth(
            what="gate",
            run=self._tree.run,
            iteration=held.iteration,
            gate="code_review",
        )
        known = (gate,) if held.blocking else ()
        yield from self._stream.event(
            at, "code_review_complete", known, **tally, **last
        )

    def _tally(self, held: _Held) -> dict[str, Any]:
        words = list(held.verdicts.values())
        real = len(words) - words.count("NO_OUTPUT")
        tally: dict[str, Any] = {
            "pass_count": words.count("PASS"),
            "fail_count": words.count("FAIL"),
            "has_blocking": held.blocking,
        }
        if self._tree.options.nine:
            tally |= {"real_verdict_count": real, "inconclusive": real == 0}
        return tally

    def _findings(self, held: _Held) -> Iterator[Step]:
        severity, text, line = held.finding
        found = [
            {
                "reviewId": held.id,
                "iteration": held.iteration,
                "reviewer": name,
                "severity": severity,
                "description": f"{text} ({held.files[0]}:{line})",
                "file": held.files[0],
                "line": line,
                "raw": held.found,
            }
            for name, verdict in held.verdicts.items()
            if verdict == "FAIL"
        ]
        body = {"review_id": held.id, "iteration": held.iteration, "findings": found}
        path = f"state/findings-{held.iteration}.json"
        yield from self._tree.put(path, body, "review findings")


def _verdicts(item: Iteration, *, blocking: bool) -> dict[str, str]:
    """The history's verdicts, or the usual reviewers'."""
    if item.review:
        return dict(item.review.verdicts)
    usual = dict.fromkeys(_REVIEWERS, "PASS")
    return {**usual, _REVIEWERS[-1]: "FAIL"} if blocking else usual


def _diff(held: _Held) -> str:
    return "".join(f"--- a/{name}\n+++ b/{name}\n+value = 1\n" for name in held.files)
