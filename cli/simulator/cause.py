"""What a perfect reader may say about a failing iteration: kind, family, line.

This is the simulator's own, plain reading of the history's commands, written
to be checked against, not to be clever: one rule a known shape of error.
"""

from __future__ import annotations

import re

import msgspec

from cli.simulator.crash import frames
from cli.simulator.history import SIGNALS, Iteration
from cli.simulator.options import Truth
from cli.simulator.output import own_words

_EXCEPTION = re.compile(
    r"^(?:E\s+)?(?:[a-z_]\w*\.)*([A-Z]\w*(?:Error|Exception))(?=:|$)"
)
_CODED = (
    re.compile(r"\berror (TS\d+):"),
    re.compile(r"^error\[(E\d+)\]"),
    re.compile(r"^npm error code (\w+)"),
)
_SPOKEN = re.compile(r"error|fail|fatal|not found|panic", re.IGNORECASE)


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Kind and family by the rules of joining; the line as it was printed."""

    kind: str
    family: str
    error_line: str | None = None


def cause(item: Iteration) -> Cause:
    """Why this iteration failed (call it for failing ones only)."""
    if item.exit in SIGNALS:
        return Cause(kind="interrupted", family="interrupted")
    match item.provider:
        case "empty":
            return Cause(kind="empty_output", family="empty_output")
        case "rate_limited":
            return Cause(kind="provider", family="rate_limited")
        case "not_called":
            return Cause(kind="exit", family=f"exit {item.exit}")
        case _:
            return _said(item)


def failure(item: Iteration) -> Truth:
    """The truth about a failing iteration."""
    why = cause(item)
    return Truth(
        what="failure",
        run=item.run,
        iteration=item.iteration,
        exit_code=item.exit,
        kind=why.kind,
        family=why.family,
        error_line=why.error_line,
        trap=item.trap,
    )


def cut_off(item: Iteration) -> Truth:
    """The truth about an iteration whose harness was killed."""
    return Truth(
        what="failure",
        run=item.run,
        iteration=item.iteration,
        kind="interrupted",
        family="interrupted",
        trap=item.trap,
    )


def _said(item: Iteration) -> Cause:
    """The last error in what the last failing command printed."""
    blamed = [command.output for command in item.commands if command.exit_code]
    if item.provider == "text":
        blamed = [item.output]
    text = blamed[-1] if blamed else "\n".join(own_words(item))
    lines = [line for line in text.splitlines() if line.strip()]
    for line in reversed(lines):
        if found := _EXCEPTION.match(line.strip()):
            return Cause(kind="crash", family=found[1], error_line=line)
    kind = "crash" if frames(text) else "exit"
    for line in lines:
        for rule in _CODED:
            if found := rule.search(line):
                return Cause(kind=kind, family=found[1], error_line=line)
    spoken = [line for line in lines if _SPOKEN.search(line)] or lines
    last = spoken[-1] if spoken else None
    return Cause(kind=kind, family=f"exit {item.exit}", error_line=last)
