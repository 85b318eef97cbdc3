"""One failure, as every read model knows it.

A failing iteration is one failure, and so is each friction and each red gate
of an iteration.  The record is a function of the facts that told of it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

import msgspec

from lokid.events import Recorded
from projections.keys import Key

ITERATION_KINDS = frozenset(
    {"interrupted", "empty_output", "crash", "provider", "exit"}
)
REPORTED = "IterationError"
_NAMELESS = ("(anonymous)", "<anonymous>")


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One failure.

    ``id`` is a name among all failures, the same in every replay; ``crash_file``
    tells whether the harness wrote one that counts; ``place`` is the run's,
    ``places`` are those in our own code, nearest the raise first.
    """

    id: str
    kind: str
    key: Key
    run: str | None
    place: int
    iteration: int | None
    time: str
    phase: str | None = None
    exit_code: int | None = None
    error_line: str | None = None
    signature: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    fingerprint: str | None = None
    crash_file: bool = False
    reported_type: str = REPORTED
    friction: str | None = None
    gate: str | None = None
    sources: tuple[str, ...] = ()
    seqs: tuple[int, ...] = ()

    @property
    def of_iteration(self) -> bool:
        """Whether an iteration itself failed (else friction or a gate)."""
        return self.kind in ITERATION_KINDS

    @property
    def lesson(self) -> str:
        """The id of its lesson."""
        return self.key.lesson


def told_by(witnesses: Iterable[Recorded]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The source paths and the seqs of facts, each sorted and named once."""
    known = list(witnesses)
    paths = {one.src.path for one in known if one.src.path}
    return tuple(sorted(paths)), tuple(sorted({one.seq for one in known}))


def shown_symbols(symbols: Iterable[str]) -> tuple[str, ...]:
    """Frames as they are shown: no angle brackets reach a prompt."""
    return tuple(name.replace(_NAMELESS[1], _NAMELESS[0]) for name in symbols)


@functools.lru_cache(maxsize=4096)
def fingerprint_of(symbols: tuple[str, ...]) -> str | None:
    """The harness's fingerprint of a provider failure with these frames.

    sha256 of the class, a newline, and the symbols joined by newlines.
    """
    if not symbols:
        return None
    names = [name.replace(_NAMELESS[0], _NAMELESS[1]) for name in symbols]
    text = "\n".join([REPORTED, *names])
    return hashlib.sha256(text.encode()).hexdigest()
