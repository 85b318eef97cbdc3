"""The failure of one iteration, from everything joined to its slot.

Kind, by first match: ``interrupted`` (a signal, or never completed),
``empty_output`` (the provider's exit 0 turned into 1), ``crash`` (an exception
line or a frame from any source), ``provider`` (it refused), else ``exit``.
An interrupted or empty iteration carries no cause, even where a crash file was
written for it: that file says nothing about why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lokid.events import (
    CrashObserved,
    EpisodeRecorded,
    OutputFailed,
    ProviderFailed,
    Recorded,
)
from lokid.extract import exception_class
from projections.failure import (
    REPORTED,
    Failure,
    fingerprint_of,
    shown_symbols,
    told_by,
)
from projections.keys import Cause, key_of, known_class, says_provider
from projections.moment import PHASES, SIGNALS
from projections.session_logs import Session
from projections.slots import Slot

_EMPTY = "provider_empty_output"
_REFUSED = frozenset({"rate_limited", "auth_error"})


@dataclass(slots=True, eq=False)
class Evidence:
    """All that was joined to a slot."""

    session: Session | None = None
    crash: Recorded | None = None
    episodes: list[Recorded] = field(default_factory=list)
    provider: list[Recorded] = field(default_factory=list)
    signals: list[Recorded] = field(default_factory=list)
    agent: Recorded | None = None  # its stage, when that passed

    def facts(self) -> Iterator[Recorded]:
        """Everything, for the record."""
        if self.session:
            yield self.session.recorded
        yield from (one for one in (self.crash, self.agent) if one)
        yield from self.episodes
        yield from self.provider
        yield from self.signals

    def output(self) -> OutputFailed | None:
        """What the log says of the failure."""
        told = self.session.event if self.session else None
        return told if isinstance(told, OutputFailed) else None

    def crashed(self) -> CrashObserved | None:
        """What the crash file says of it."""
        told = self.crash.event if self.crash else None
        return told if isinstance(told, CrashObserved) else None

    def refusals(self) -> list[str]:
        """The classes that the harness gave to the provider's failure."""
        told = sorted(self.provider, key=lambda one: (one.time, one.id))
        events = [one.event for one in told]
        return [one.error_class for one in events if isinstance(one, ProviderFailed)]


def failure_of(slot: Slot, evidence: Evidence) -> Failure:
    """The one failure of a failing slot."""
    kind = kind_of(slot, evidence)
    output, crash = evidence.output(), evidence.crashed()
    if kind in ("interrupted", "empty_output"):
        output = crash = None
    line = output.error_line if output else None
    symbols = output.symbols if output else ()
    signature = (crash.signature if crash else ()) or symbols
    told = bool(output and (line or symbols or output.near))
    near = output.near if output else ()
    cause = Cause(
        kind=kind,
        phase=slot.phase,
        exit_code=slot.exit_code,
        line=line,
        frames=near or (() if line else symbols if told else signature),
        near=bool(near),
        places=output.places if output else (),
        reported=crash.error_class if crash else None,
        provider=_provider(kind, evidence),
    )
    known = [one for one in (slot.started, slot.completed) if one]
    if slot.cut_by and slot.completed is None:
        known.append(slot.cut_by)
    sources, seqs = told_by([*known, *evidence.facts()])
    marker = slot.completed or slot.cut_by or known[0]
    reported = crash or evidence.crashed()
    return Failure(
        id=(slot.started or marker).id,
        kind=kind,
        key=key_of(cause),
        run=slot.run.id,
        place=slot.run.index,
        iteration=slot.iteration,
        time=marker.time,
        phase=slot.phase,
        exit_code=slot.exit_code,
        error_line=line,
        signature=shown_symbols(signature),
        places=output.places if output else (),
        fingerprint=(crash.fingerprint if crash else None) or fingerprint_of(symbols),
        crash_file=crash is not None,
        reported_type=reported.error_class if reported else REPORTED,
        sources=sources,
        seqs=seqs,
    )


def kind_of(slot: Slot, evidence: Evidence) -> str:
    """What kind of failure an iteration is."""
    if slot.interrupted:
        return "interrupted"
    if _empty(evidence):
        return "empty_output"
    output, crash = evidence.output(), evidence.crashed()
    line = output.error_line if output else None
    frames = (output and (output.symbols or output.near)) or (
        crash and (crash.signature or known_class(crash.error_class))
    )
    if frames or (line and exception_class(line)):
        return "crash"
    if evidence.refusals() or says_provider(line):
        return "provider"
    return "exit"


def _empty(evidence: Evidence) -> bool:
    """Whether the provider ended well but said nothing, by any witness."""
    session = evidence.session
    silent = session is not None and session.event.exit_code == 0
    return silent or evidence.agent is not None or _EMPTY in evidence.refusals()


def _provider(kind: str, evidence: Evidence) -> str | None:
    """The class of a refusal; the line, if there is one, says more."""
    if kind != "provider":
        return None
    told = evidence.refusals()
    return next((name for name in told if name in _REFUSED), told[0] if told else None)


def lone_crash(recorded: Recorded, place: int, run: str | None) -> Failure | None:
    """A crash file that no slot allows: a failure of its own."""
    event = recorded.event
    if not isinstance(event, CrashObserved):
        return None
    phase = event.phase if event.phase in PHASES else None
    signalled = event.exit_code in SIGNALS
    kind = "crash" if event.signature or known_class(event.error_class) else "exit"
    cause = Cause(
        kind="interrupted" if signalled else kind,
        phase=phase,
        exit_code=event.exit_code,
        frames=event.signature,
        reported=event.error_class,
    )
    sources, seqs = told_by([recorded])
    return Failure(
        id=recorded.id,
        kind=cause.kind,
        key=key_of(cause),
        run=run,
        place=place,
        iteration=None,
        time=recorded.time,
        phase=phase,
        exit_code=event.exit_code,
        signature=() if signalled else shown_symbols(event.signature),
        fingerprint=None if signalled else event.fingerprint,
        crash_file=not signalled,
        reported_type=event.error_class,
        sources=sources,
        seqs=seqs,
    )


def lone_episode(
    recorded: Recorded, crash: Recorded | None, place: int, run: str | None
) -> Failure | None:
    """A failed episode of a time that no slot tells of.

    Its own claims of a crash may be another's, so only its number, its exit
    code and a crash file of its time are used.
    """
    event = recorded.event
    if not isinstance(event, EpisodeRecorded):
        return None
    found = Evidence(crash=crash).crashed()
    claimed = [one.exit_code for one in event.errors if one.exit_code is not None]
    exit_code = found.exit_code if found else next(iter(claimed), None)
    signature = found.signature if found else ()
    number = event.iteration
    phase = event.phase if number is None else PHASES[number % len(PHASES)]
    interrupted = exit_code in SIGNALS
    reported = known_class(found.error_class) if found else None
    cause = Cause(
        kind=(
            "interrupted"
            if interrupted
            else "crash"
            if signature or reported
            else "exit"
        ),
        phase=phase,
        exit_code=exit_code,
        frames=signature,
        reported=found.error_class if found else REPORTED,
    )
    sources, seqs = told_by(one for one in (recorded, crash) if one)
    return Failure(
        id=recorded.id,
        kind=cause.kind,
        key=key_of(cause),
        run=run,
        place=place,
        iteration=number,
        time=recorded.time,
        phase=phase,
        exit_code=exit_code,
        signature=shown_symbols(signature),
        fingerprint=found.fingerprint if found else None,
        crash_file=found is not None,
        reported_type=found.error_class if found else REPORTED,
        sources=sources,
        seqs=seqs,
    )
