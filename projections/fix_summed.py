"""The fix of a lesson whose streaks were compacted, as a summary keeps it."""

from __future__ import annotations

import msgspec

from projections.fix_judge import Fix, Outcome
from projections.fix_records import EDIT
from projections.lesson import Lesson


def summed_fix(lesson: Lesson, outcome: Outcome) -> Outcome:
    """The outcome with the newest fix that was compacted, where none is seen now.

    It falls when it was tried in vain since.
    """
    if outcome.fix is not None:
        return outcome
    for one in reversed(lesson.sightings):
        told = one.summary
        if told is None or told.fix is None or told.fix in outcome.tried:
            continue
        fix = Fix(
            kind=EDIT if told.fix_files else "command",
            text=told.fix,
            rule=told.fix_rule or EDIT,
            head=told.fix_head,
            files=told.fix_files,
            confirmed=True,
            count=told.fix_count,
            runs=told.fix_runs,
            seqs=one.seqs,
        )
        return msgspec.structs.replace(outcome, fix=fix)
    return outcome
