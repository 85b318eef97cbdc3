"""What block, check and fix have in common: ranking, fixes, outcomes, hold-out.

**Hold-out** (``holdout_percent``, off unless the user turns it on) leaves a
lesson out of everything that is said in a run, chosen by a hash of lesson and
run, so that it can be told afterwards whether saying it changes anything.  By
run, not by iteration: what an agent was told in one iteration of a run shows in
the code that the next one finds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from lokid.events import Recorded, Served
from projections.exposure import HIGHEST, Exposures
from projections.fixes import fixes_of, said
from projections.here import Here
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.message import Ending
from projections.outcomes import Outcomes
from projections.rank import Rank
from projections.view import number

_HUNDRED = 100
_DOUBTED = 0.7
"""A command that worked last may fail again: its lesson ranks lower, no more."""


class Delivery:
    """The shared parts of one view over join and lessons."""

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        self.join = join
        self.fixes = fixes_of(join, lessons)
        self.outcomes = Outcomes(join)
        self._exposures = Exposures(join, lessons)
        self.rank = Rank(lessons, self._exposures.lift, self._confidence)

    def apply(self, recorded: Recorded) -> None:
        """Remember what was served: what telling a lesson changed ranks it."""
        event = recorded.event
        if isinstance(event, Served):
            self._exposures.apply(recorded)
            if event.held:
                self.rank.most_effect = HIGHEST

    def ending(self, lesson: Lesson) -> Ending:
        """What is known to end a lesson."""
        outcome = self.fixes.of(lesson)
        return Ending(
            worked=outcome.fix is not None, said=lambda limit: said(outcome, limit)
        )

    def _confidence(self, lesson: Lesson) -> float:
        """Less where the command that fails most often with it worked last.

        With an option of its own (the fix, perhaps) it says nothing of itself.
        """
        heads = lesson.heads
        last = self.outcomes.last(heads[0]) if heads else None
        worked = last is not None and last.ok and last.head == last.base
        return _DOUBTED if worked else 1.0

    def held(
        self, params: Mapping[str, str], where: Here, lessons: Iterable[str]
    ) -> list[str]:
        """Those of these lessons that are held out in this run."""
        percent = number(params, "holdout_percent", 0)
        return [name for name in lessons if percent and is_held(name, where, percent)]


def is_held(lesson: str, where: Here, percent: int) -> bool:
    """Whether a lesson is held out where this agent works; always the same."""
    name = f"{lesson} {where.run or where.session or ''}"
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _HUNDRED < percent
