"""What an agent did: the script that the simulator plays, iteration by iteration.

A history is a file of JSON lines, one line an iteration, in time order.  Decoding
is strict: an unknown key or a value of the wrong kind is a `UsageError` that
names the line, because a typo would otherwise silently play another story.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from lokid.clock import parse
from lokid.errors import UsageError

PHASES = ("REASON", "ACT", "REFLECT", "VERIFY")
SIGNALS = {130: "SIGINT", 137: "SIGKILL", 143: "SIGTERM"}
_TERMINATED = 143
_NOT_CALLED = 125

Provider = Literal["stream", "text", "empty", "killed", "rate_limited", "not_called"]
Verdict = Literal["PASS", "FAIL", "NO_OUTPUT"]
Ballot = Literal["approve", "reject", "cannot_validate"]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a history; a key it does not know is an error."""


class Command(_Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shell command of the agent.  ``trap`` names the cause when it failed."""

    command: str
    exit_code: int = 0
    output: str = ""
    trap: str | None = None


class Review(_Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code review: each reviewer's verdict, and whether it stops the work."""

    verdicts: dict[str, Verdict]
    blocking: bool = False


class Vote(_Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One council member's ballot."""

    role: str
    verdict: Ballot
    reason: str = ""


class Council(_Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A council round.

    ``block`` says which gate blocked it, if one did.  ``path`` is the default
    one, which leaves a round file, or the forced review, whose members vote in
    text files and whose verdict is an event.
    """

    outcome: Literal["approved", "rejected", "blocked"]
    votes: tuple[Vote, ...]
    block: Literal["evidence", "gate"] = "evidence"
    path: Literal["default", "vote"] = "default"

    def count(self, verdict: Ballot) -> int:
        """How many voted like this."""
        return sum(vote.verdict == verdict for vote in self.votes)

    @property
    def unanimous(self) -> bool:
        """Whether all approved, so that a devil's advocate is heard."""
        return 0 < len(self.votes) == self.count("approve")


class Iteration(_Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One iteration: what ran, what it printed, how it ended, what came after.

    ``time`` and ``ended`` are the provider's, UTC.  ``trap`` is the truth about
    the cause, for whoever checks an answer; the simulator never writes it.
    """

    run: int
    iteration: int
    time: str
    ended: str
    phase: str | None = None
    goal: str = ""
    exit_code: int = 0
    commands: tuple[Command, ...] = ()
    output: str = ""
    trap: str | None = None
    kind: str | None = None
    files: tuple[str, ...] = ()
    commit: str | None = None
    then_worked: str | None = None
    gates: dict[str, Literal["pass", "fail"]] = {}
    review: Review | None = None
    council: Council | None = None
    provider: Provider = "stream"
    unfinished: bool = False

    @property
    def rarv(self) -> str:
        """The phase that the harness derives from the iteration's number."""
        return PHASES[self.iteration % 4]

    @property
    def exit(self) -> int:
        """The exit code that the harness records for the iteration."""
        match self.provider:
            case "empty":
                return 1
            case "killed":
                return self.exit_code if self.exit_code in SIGNALS else _TERMINATED
            case "not_called":
                return _NOT_CALLED
            case "rate_limited":
                return self.exit_code or 1
            case _:
                return self.exit_code

    @property
    def marked_exit(self) -> int:
        """The exit code in the log's end marker: the provider's own."""
        return 0 if self.provider == "empty" else self.exit

    @property
    def red_gates(self) -> frozenset[str]:
        """The gates that fail; a blocking review is gate ``code_review``."""
        red = {gate for gate, verdict in self.gates.items() if verdict == "fail"}
        if self.review and self.review.blocking:
            red.add("code_review")
        return frozenset(red)


def read_history(path: Path) -> Iterator[Iteration]:
    """Decode a history file, line by line; empty lines are skipped.

    Raises `UsageError` for a file that cannot be read and for a line that is
    not an iteration (the message names the line).
    """
    decoder = msgspec.json.Decoder(Iteration)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _decoded(decoder, line, f"{path.name}, line {number}")
    except OSError as error:
        raise UsageError(
            f"cannot read the history {path.name}: {error.strerror}",
            "give a file of JSON lines; docs/simulator.md describes them",
        ) from error


def checked(history: Iterable[Iteration]) -> Iterator[Iteration]:
    """Pass a history on, refusing what cannot have happened.

    Runs come one after another, iterations count up from 1 in each, and none
    follows one that is unfinished.  Raises `UsageError`.
    """
    last: Iteration | None = None
    done: set[int] = set()
    for item in history:
        where = f"run {item.run}, iteration {item.iteration}"
        if last and last.run == item.run:
            if last.unfinished:
                raise UsageError(f"{where}: its run ended with an unfinished iteration")
            if item.iteration != last.iteration + 1:
                raise UsageError(f"{where}: expected iteration {last.iteration + 1}")
        else:
            if item.run in done or item.iteration != 1:
                raise UsageError(f"{where}: a run begins once, with iteration 1")
            done.add(item.run)
        _check(item, where)
        last = item
        yield item


def _check(item: Iteration, where: str) -> None:
    """Refuse an iteration that contradicts itself."""
    started, ended = parse(item.time), parse(item.ended)
    if not started or not ended or started > ended:
        raise UsageError(f"{where}: `time` and `ended` must be UTC times in this order")
    if "code_review" in item.red_gates and item.gates.get("code_review") == "pass":
        raise UsageError(f"{where}: a blocking review and a passing gate code_review")
    if item.council and item.exit:
        raise UsageError(f"{where}: a council round follows exit code 0 only")
    if item.provider == "text" and not item.exit and not item.output:
        raise UsageError(f"{where}: a provider that prints nothing is `empty`")
    if item.phase not in (None, item.rarv):
        raise UsageError(f"{where}: its phase is {item.rarv}, by its number")


def _decoded(
    decoder: msgspec.json.Decoder[Iteration], line: bytes, where: str
) -> Iteration:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{where}: {error}", "docs/simulator.md describes a history's keys"
        ) from error
