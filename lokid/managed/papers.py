"""The files of a council, in the harness's own shapes.

A review's files are written once, by us or by the harness and never by both: where
one of them is there already nothing is written.  The voters' files of a completion
council are the last round's; what a round said is kept in a sidecar of its own, which
a source reads into the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lokid import clock
from lokid.managed import beneath, verdicts
from lokid.managed.personas import POOLS
from lokid.managed.verdicts import COMPLETION, REVIEW, Verdict

_REVIEW_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
RESULT, SELECTION = "managed_result.json", "selection.json"

Round = Mapping[str, Verdict]


def is_review_id(text: str) -> bool:
    """Whether a review may be called so: its folder is."""
    return _REVIEW_ID.fullmatch(text) is not None


def completion(loki: Path, number: int, said: Round, more: Mapping[str, object]) -> str:
    """Write a round's files; gives the sidecar's path below ``.loki``.

    Raises NotWritten, OSError, StorageError.
    """
    votes = beneath.folder(loki, "council/verdicts")
    files = {
        votes / f"{role}.txt": verdicts.completion_file(one).encode()
        for role, one in said.items()
    }
    name = f"managed/completion-council-round-{number}.json"
    told = {
        "schema": 1,
        "round": number,
        "iteration": number,
        "timestamp": clock.now(),
        "outcome": verdicts.outcome(COMPLETION, list(said.values())),
        "threshold": verdicts.quorum(len(said)),
        "voters": [_row(COMPLETION, role, one) for role, one in said.items()],
        **more,
    }
    beneath.folder(loki, "managed")
    files[loki / name] = _json(told)
    beneath.write_all(files, new=False)
    return name


def review(loki: Path, ident: str, said: Round, more: Mapping[str, object]) -> str:
    """Write a review's files; gives their folder below ``.loki``.

    Raises NotWritten, OSError, StorageError.
    """
    name = f"quality/reviews/{ident}"
    place = beneath.folder(loki, name)
    told = {
        "schema": 1,
        "review_id": ident,
        "timestamp": clock.now(),
        "outcome": verdicts.outcome(REVIEW, list(said.values())),
        "reviewers": [_row(REVIEW, role, one) for role, one in said.items()],
        **more,
    }
    chosen = {"source": "managed", "reviewers": [{"name": role} for role in said]}
    files = {
        place / f"{role}.txt": verdicts.review_file(one).encode()
        for role, one in said.items()
    }
    files |= {place / SELECTION: _json(chosen), place / RESULT: _json(told)}
    beneath.write_all(files, new=True)
    return name


def is_taken(loki: Path, ident: str) -> bool:
    """Whether somebody wrote files of this review already."""
    place = loki / "quality/reviews" / ident
    names = [f"{role.name}.txt" for role in POOLS[REVIEW]] + [RESULT, SELECTION]
    return any((place / name).exists() for name in names)


def _row(kind: str, role: str, one: Verdict) -> dict[str, object]:
    word = verdicts.completion_word if kind == COMPLETION else verdicts.review_word
    return {
        "role": role,
        "said": one.said,
        "vote": word(one.said),
        "reason": one.reason or verdicts.NO_REASON,
    }


def _json(told: Mapping[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"
