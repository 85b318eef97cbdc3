"""What the read models share: they stand on the join and the lessons.

What folds nothing itself says so by `View.hears`, and is then never called.
"""

from __future__ import annotations

from collections.abc import Mapping

from lokid.events import Event, Recorded
from projections.join import Join
from projections.lessons import Lessons


class View:
    """A read model over `Join` and `Lessons`, which fold for all of them."""

    name = ""
    version = 1
    hears: tuple[type[Event], ...] = ()

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared and come first among the projections, in this order."""
        self.join = join
        self.lessons = lessons

    def apply(self, recorded: Recorded) -> None:
        """Nothing: the join has filed the event already."""


def number(params: Mapping[str, str], name: str, otherwise: int) -> int:
    """A whole number of a request, at least 0; what is no number is ``otherwise``."""
    try:
        return max(0, int(params.get(name, otherwise)))
    except ValueError:
        return otherwise
