"""What a projection is: a read model, a pure function of the log.

``apply`` folds one recorded event; ``query`` answers from the state.  Neither
touches a clock, a file, the network or chance (an import contract and a
replay test hold it to that): whoever asks passes ``now``.  Everything right of
the log may be deleted and rebuilt from it, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lokid.events import Event, Recorded

Answer = dict[str, Any]
"""JSON-able, keys in a fixed order; the server adds as_of_seq, stale, reason."""


class Projection(Protocol):
    """A read model.

    ``name`` is its route and its query (``/failures``).  ``version`` rises
    with every change of what a replay would give.  ``hears`` are the events that
    its ``apply`` is called with, a class with all below it: `Event` alone brings
    also the lines whose event this version does not know.  ``query`` takes the
    request's parameters (all strings, unknown ones ignored) and ``now``
    (fixed-width UTC), and returns a JSON-able dict.  A projection whose answer
    is also text (``context``) puts it under the key ``text``.
    """

    name: str
    version: int

    @property
    def hears(self) -> tuple[type[Event], ...]:
        """A constant of the class; see above."""

    def apply(self, recorded: Recorded) -> None:
        """Fold one event into the state."""

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """Answer from the state as it is."""
