"""What a verdict means: for the files of the harness, and for the outcome.

Pure functions over what agents said through their tool.  A verdict is one word and
nothing else: "cannot approve", an unknown word, two different words of one agent and
no word at all are an abstention.  What an agent writes beside it is never searched.

====================  ===========  ================  ==========
the agent says        review file  completion file   majority
====================  ===========  ================  ==========
APPROVE, PASS         PASS         APPROVE           -
REQUEST_CHANGES,      FAIL         REJECT            -
REJECT
FAIL                  FAIL         CANNOT_VALIDATE   -
STOP                  PASS         APPROVE           STOP
CONTINUE              PASS         REJECT            CONTINUE
an abstention         PASS         CANNOT_VALIDATE   -
====================  ===========  ================  ==========

The words that a review does not know read PASS in its file, as the harness expects
of a reviewer who has nothing to say; they never count as one that approved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lokid import scrub
from lokid.secret_shapes import hide

COMPLETION, REVIEW = "completion", "review"
ABSTAIN = "ABSTAIN"
APPROVED, REJECTED = "approved", "rejected"
LEAST_VOTES = 2
"""Fewer real verdicts decide nothing."""
_APPROVES, _REFUSES = {"APPROVE", "PASS"}, {"REQUEST_CHANGES", "REJECT"}
_WORDS = {*_APPROVES, *_REFUSES, "FAIL", "STOP", "CONTINUE"}
_COMPLETION = {
    **dict.fromkeys([*_APPROVES, "STOP"], "APPROVE"),
    **dict.fromkeys([*_REFUSES, "CONTINUE"], "REJECT"),
}
SEVERITIES = ("Critical", "High", "Medium", "Low")
MOST_REASON, MOST_ISSUES, MOST_ISSUE = 2000, 20, 300
CUT = " [truncated]"
NO_REASON = "no reason was given"
_SPACES = re.compile(r"\s+")


class Verdict(msgspec.Struct, frozen=True):
    """What one agent said."""

    said: str = ABSTAIN
    reason: str = ""
    issues: tuple[tuple[str, str], ...] = ()
    """Severity and words of each."""

    @property
    def is_real(self) -> bool:
        """Whether it is one at all."""
        return self.said != ABSTAIN


def verdict_of(given: Mapping[str, Any]) -> Verdict:
    """What an agent handed to its tool; whatever it is, a verdict comes of it."""
    word = given.get("verdict")
    said = word.strip().upper() if isinstance(word, str) else ""
    reason = _text(given.get("rationale"), MOST_REASON)
    issues = tuple(_issues(given, reason))
    return Verdict(said if said in _WORDS else ABSTAIN, reason, issues)


def together(first: Verdict | None, second: Verdict) -> Verdict:
    """What an agent said that spoke twice: contradicting itself is abstaining."""
    if first is None or first.said == second.said:
        return second
    return Verdict(ABSTAIN, "two different verdicts were given")


def approves(kind: str, said: str) -> bool | None:
    """How a word counts: for, against, or not at all."""
    if kind == COMPLETION:
        return {"APPROVE": True, "REJECT": False}.get(_COMPLETION.get(said, ""))
    if said in _APPROVES:
        return True
    return False if said in {*_REFUSES, "FAIL"} else None


def outcome(kind: str, verdicts: Sequence[Verdict]) -> str | None:
    """Approved or rejected by two thirds of all who were asked; None: neither."""
    counted = [approves(kind, one.said) for one in verdicts]
    needed = quorum(len(verdicts))
    if counted.count(True) >= needed:
        return APPROVED
    return REJECTED if counted.count(False) >= needed else None


def undecided(kind: str, reason: str, detail: str) -> dict[str, Any]:
    """The answer of a council that decided nothing, and why."""
    return {
        "schema": 1,
        "kind": kind,
        "outcome": None,
        "reason": reason,
        "detail": detail,
        "voters": [],
    }


def quorum(voters: int) -> int:
    """How many must agree."""
    return -(-2 * voters // 3)


def majority(verdicts: Sequence[Verdict]) -> str | None:
    """STOP or CONTINUE, whichever was said more often; None at a tie."""
    said = [one.said for one in verdicts]
    stop, go_on = said.count("STOP"), said.count("CONTINUE")
    if stop == go_on:
        return None
    return "STOP" if stop > go_on else "CONTINUE"


def completion_word(said: str) -> str:
    """What stands behind ``VOTE:``."""
    return _COMPLETION.get(said, "CANNOT_VALIDATE")


def review_word(said: str) -> str:
    """What stands behind ``VERDICT:``."""
    return "FAIL" if approves(REVIEW, said) is False else "PASS"


def completion_file(verdict: Verdict) -> str:
    """A voter's file as the harness writes it."""
    lines = [f"VOTE: {completion_word(verdict.said)}"]
    lines.append(f"REASON: {verdict.reason or NO_REASON}")
    if verdict.issues:
        lines += ["ISSUES:", *_lines(verdict)]
    return "\n".join(lines) + "\n"


def review_file(verdict: Verdict) -> str:
    """A reviewer's file as the harness writes it."""
    lines = [f"VERDICT: {review_word(verdict.said)}", "FINDINGS:"]
    return "\n".join([*lines, *(_lines(verdict) or ["- None"])]) + "\n"


def _lines(verdict: Verdict) -> list[str]:
    return [f"- [{severity}] {words}" for severity, words in verdict.issues]


def _issues(given: Mapping[str, Any], reason: str) -> list[tuple[str, str]]:
    rows = given.get("issues")
    found = [
        (_severity(row.get("severity")), words)
        for row in (rows[:MOST_ISSUES] if isinstance(rows, list) else ())
        if isinstance(row, dict) and (words := _text(row.get("text"), MOST_ISSUE))
    ]
    if not found and given.get("severity") is not None and reason:
        found.append((_severity(given["severity"]), reason[:MOST_ISSUE]))
    return found


def _severity(value: object) -> str:
    said = value.strip().capitalize() if isinstance(value, str) else ""
    return said if said in SEVERITIES else "Medium"


def _text(value: object, most: int) -> str:
    """One printable line: what an agent writes must not look like a line of ours."""
    if not isinstance(value, str):
        return ""
    clean = _SPACES.sub(" ", "".join(map(scrub.printable, hide(value)))).strip()
    return clean if len(clean) <= most else clean[:most] + CUT
