"""What ended a streak where no command is known: the first good iteration.

A provider that prints plain text tells of no commands.  Then the iteration that
follows the failing one and completed well tells by its files what was done.
Only the next iteration counts: with another failure in between, that one may be
what it repaired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from projections.fix_records import EDIT, Edited, Edits, Ending, Try, edit_tried
from projections.lesson import Sighting
from projections.slots import Run, Slot

_KINDS = frozenset({"crash", "exit"})


def ended_by_iteration(
    run: Run, sightings: Sequence[Sighting], edits: Edits
) -> tuple[list[list[Ending]], list[Try]]:
    """The endings of each sighting, and the edits after which it came back."""
    met = {one.iteration: one for one in sightings if one.kind in _KINDS}
    endings: list[list[Ending]] = []
    tries: list[Try] = []
    for slot, after in zip(run.slots, run.slots[1:], strict=False):
        sighting = met.get(slot.iteration)
        if sighting is None or after.completed is None:
            continue
        back = met.get(after.iteration)
        if back is not None:
            tries += _in_vain(back, edits.get(after.iteration))
        endings.append([] if after.failing else list(_edited(sighting, after, edits)))
    return endings, tries


def _edited(sighting: Sighting, slot: Slot, edits: Edits) -> Iterator[Ending]:
    """The files of the good iteration after a sighting."""
    known = edits.get(slot.iteration)
    if known is None or slot.completed is None:
        return
    seqs = {*sighting.seqs[-1:], known.seq, slot.completed.seq}
    for file in known.files:
        yield Ending(
            rule=EDIT,
            name=file,
            text=file,
            place=sighting.place,
            time=slot.completed.time,
            seqs=tuple(sorted(seqs)),
            sure=False,
            commit=known.commit,
        )


def _in_vain(back: Sighting, known: Edited | None) -> Iterator[Try]:
    """The edits of an iteration that failed as the one before it did."""
    if known is not None and known.files:
        yield edit_tried(known.files, back.time, (known.seq, *back.seqs[-1:]))
