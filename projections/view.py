"""What the read models that stand on the join share: they fold nothing."""

from __future__ import annotations

from collections.abc import Mapping

from lokid.events import Recorded
from projections.join import Join


class View:
    """A read model over the `Join`, which folds every event for all of them."""

    name = ""
    version = 1

    def __init__(self, join: Join) -> None:
        """``join`` is shared and comes first among the projections."""
        self.join = join

    def apply(self, recorded: Recorded) -> None:
        """Nothing: the join has filed the event already."""


def number(params: Mapping[str, str], name: str, otherwise: int) -> int:
    """A whole number of a request, at least 0; what is no number is ``otherwise``."""
    try:
        return max(0, int(params.get(name, otherwise)))
    except ValueError:
        return otherwise
