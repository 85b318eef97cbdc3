"""The failures that are no iteration's own: a gate that was red, a friction."""

from __future__ import annotations

from lokid.events import FrictionObserved, GateFailed, Recorded
from projections.failure import Failure, told_by
from projections.gate_cells import Cell, Told
from projections.keys import Cause, key_of
from projections.moment import phase_of
from projections.slots import Run, Slot

_FRICTION = "Friction"


def friction_failure(
    recorded: Recorded, slot: Slot | None, gate: str | None, run: Run
) -> Failure:
    """A friction is a failure of its own; its gate is named where it is known."""
    event = recorded.event
    kind, reported, fingerprint = None, _FRICTION, None
    if isinstance(event, FrictionObserved):
        kind, fingerprint = event.kind, event.fingerprint
        reported = event.error_class or event.kind or _FRICTION
    phase = slot.phase if slot else None
    cause = Cause(
        kind="friction", phase=phase, reported=reported, friction=kind, gate=gate
    )
    sources, seqs = told_by([recorded])
    return Failure(
        id=recorded.id,
        kind="friction",
        key=key_of(cause),
        run=run.id,
        place=run.index,
        iteration=slot.iteration if slot else None,
        time=recorded.time,
        phase=phase,
        fingerprint=fingerprint,
        crash_file=True,
        reported_type=reported,
        friction=kind,
        gate=gate,
        sources=sources,
        seqs=seqs,
    )


def gate_failure(cell: Cell, witnesses: list[Told], run: Run) -> Failure:
    """The one failure of a gate in an iteration; the best witness dates it.

    The counter is read at some later time, so what only it tells is dated by
    the iteration, and it is named as a source only where nobody else saw it.
    """
    ordered = sorted(witnesses, key=lambda one: (one.rank, one.moment, one.recorded.id))
    best = ordered[0]
    time = best.recorded.time
    if best.by_counter and best.slot and best.slot.completed:
        time = best.slot.completed.time
    lines = [_evidence(one) for one in ordered]
    seen = [one.recorded for one in witnesses if not one.by_counter]
    sources, seqs = told_by(seen or [one.recorded for one in witnesses])
    return Failure(
        id=f"{run.index}:{cell.iteration}:{cell.gate}:{cell.part}",
        kind="gate",
        key=key_of(Cause(kind="gate", gate=cell.gate)),
        run=run.id,
        place=run.index,
        iteration=cell.iteration,
        time=time,
        phase=None if cell.iteration is None else phase_of(cell.iteration),
        error_line=next((line for line in lines if line), None),
        reported_type=cell.gate,
        gate=cell.gate,
        sources=sources,
        seqs=seqs,
    )


def _evidence(told: Told) -> str | None:
    event = told.recorded.event
    return event.evidence if isinstance(event, GateFailed) else None
