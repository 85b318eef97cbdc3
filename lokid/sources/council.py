"""``council/``: transcripts, votes, blocks, counters and convergence.

A transcript is the best record of a round, and the only one that no later
session overwrites.  Round files and members' texts tell the same round from
closer by; ``state.json`` forgets with every session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lokid import clock
from lokid.events import (
    ConvergenceMeasured,
    CouncilBlocked,
    CouncilDecided,
    CouncilReleased,
    CouncilTracked,
    CouncilVoted,
    Event,
    Fact,
    Vote,
)
from lokid.source import Document, Mode, Source, SourceError, TextLine
from lokid.sources.facts import of_document, of_line
from lokid.sources.harness import OUTCOMES
from lokid.sources.values import (
    MALFORMED,
    integer,
    required,
    rows,
    table,
    text,
    truth,
)

VERDICTS = {
    "APPROVE": "approve",
    "COMPLETE": "approve",
    "REJECT": "reject",
    "CONTINUE": "reject",
    "CANNOT_VALIDATE": "cannot_validate",
}
_ROUND_OUTCOMES = {"COMPLETE": "approved", "CONTINUE": "rejected"}
_UNNAMED = "member"
_DEVIL = "devils_advocate"

_MEMBER = re.compile(r".*/iteration-(\d{1,9})/(member-\d{1,4}|contrarian)\.txt")
_VOTE = re.compile(r"^\s*VOTE\s*:\s*([A-Za-z_]+)", re.MULTILINE)
_REASON = re.compile(r"^\s*REASON\s*:[ \t]*(\S.*)", re.MULTILINE)
_CONVERGENCE = re.compile(
    r"(\d{1,12})\|(\d{1,9})\|(\d{1,9})\|(\d{1,9})(?:\|(\d{1,9}))?"
)


# -- transcripts and rounds ----------------------------------------------------


def _verdict(value: object) -> str:
    return VERDICTS.get(str(value).strip().upper(), "abstain")


def _voters(value: object, role: str, verdict: str, reason: str) -> Iterator[Vote]:
    for voter in map(table, rows(value)):
        yield Vote(
            role=text(voter.get(role)) or _UNNAMED,
            verdict=_verdict(voter.get(verdict)),
            reason=text(voter.get(reason)),
        )


def _transcript(document: Document) -> Iterable[Fact]:
    body = document.body
    event = CouncilDecided(
        iteration=required(integer(body.get("iteration"))),
        outcome=required(OUTCOMES.get(str(body.get("outcome")).upper())),
        approve=integer(body.get("approve_count")),
        reject=integer(body.get("reject_count")),
        threshold=integer(body.get("threshold")),
        voters=tuple(_voters(body.get("voters"), "name", "verdict", "reasoning")),
    )
    time = clock.parse(body.get("timestamp"))
    yield of_document(TRANSCRIPTS.name, document, event, time)


def _round(document: Document) -> Iterable[Fact]:
    body = document.body
    event = CouncilVoted(
        iteration=required(integer(body.get("round"))),
        witness="round",
        approve=integer(body.get("complete_votes")),
        reject=integer(body.get("continue_votes")),
        threshold=integer(body.get("threshold")),
        outcome=_ROUND_OUTCOMES.get(str(body.get("verdict")).upper()),
        voters=tuple(_voters(body.get("votes"), "role", "vote", "reason")),
    )
    yield of_document(ROUNDS.name, document, event, clock.parse(body.get("timestamp")))


def _devils_advocate(document: Document) -> Iterable[Fact]:
    """The advocate's look at a unanimous round; an override turns it around."""
    body = document.body
    vote = Vote(
        role=_DEVIL,
        verdict="reject" if truth(body.get("override")) else "approve",
        reason=text(body.get("details")),
    )
    event = CouncilVoted(
        iteration=required(integer(body.get("round"))), witness=_DEVIL, voters=(vote,)
    )
    time = clock.parse(body.get("timestamp"))
    yield of_document(DEVILS_ADVOCATES.name, document, event, time)


def _member(document: Document) -> Iterable[Fact]:
    """A member's own text; it is complete when its vote is there."""
    named = required(_MEMBER.fullmatch(document.path))
    vote = _VOTE.search(document.text)
    if vote is None:
        raise SourceError("torn")
    reason = _REASON.search(document.text)
    role = named[2]
    event = CouncilVoted(
        iteration=int(named[1]),
        witness="contrarian" if role == "contrarian" else "member",
        voters=(
            Vote(
                role=role,
                verdict=_verdict(vote[1]),
                reason=reason[1] if reason else None,
            ),
        ),
    )
    yield of_document(MEMBERS.name, document, event)


# -- values that are overwritten -----------------------------------------------


def _state(_path: str, document: Document | None) -> Event | None:
    if document is None:
        return None
    body = document.body
    return CouncilTracked(
        iteration=integer(body.get("last_track_iteration")),
        no_change_streak=integer(body.get("consecutive_no_change")),
        done_signals=integer(body.get("done_signals")),
        approve_votes=integer(body.get("approve_votes")),
        reject_votes=integer(body.get("reject_votes")),
    )


def _block(path: str, document: Document | None) -> Event:
    block = "gate" if path.endswith("gate-block.json") else "evidence"
    if document is None or document.body.get("blocked") is False:
        return CouncilReleased(block=block)
    return CouncilBlocked(
        block=block,
        reason=text(document.body.get("reason")),
        iteration=integer(document.body.get("iteration")),
    )


def _convergence(line: TextLine) -> Iterable[Fact]:
    found = _CONVERGENCE.fullmatch(line.text.strip())
    if found is None:
        raise SourceError(MALFORMED)
    event = ConvergenceMeasured(
        iteration=int(found[2]),
        files_changed=int(found[3]),
        no_change_streak=int(found[4]),
        done_signals=integer(found[5]),
    )
    yield of_line(CONVERGENCE.name, line, event, clock.from_seconds(int(found[1])))


TRANSCRIPTS = Source(
    name="council_transcripts",
    globs=("council/transcripts/*.json",),
    mode=Mode.DOCUMENT,
    read_document=_transcript,
)
ROUNDS = Source(
    name="council_rounds",
    globs=("council/votes/round-*.json",),
    mode=Mode.DOCUMENT,
    read_document=_round,
)
DEVILS_ADVOCATES = Source(
    name="council_devils_advocates",
    globs=("council/votes/devils-advocate-round-*.json",),
    mode=Mode.DOCUMENT,
    read_document=_devils_advocate,
)
MEMBERS = Source(
    name="council_members",
    globs=(
        "council/votes/iteration-*/member-*.txt",
        "council/votes/iteration-*/contrarian.txt",
    ),
    mode=Mode.DOCUMENT,
    read_document=_member,
    json=False,
)
STATE = Source(
    name="council_state",
    globs=("council/state.json",),
    mode=Mode.STATE,
    read_state=_state,
)
BLOCKS = Source(
    name="council_blocks",
    globs=("council/gate-block.json", "council/evidence-block.json"),
    mode=Mode.STATE,
    read_state=_block,
)
CONVERGENCE = Source(
    name="convergence",
    globs=("council/convergence.log",),
    mode=Mode.LINES,
    read_text=_convergence,
)
