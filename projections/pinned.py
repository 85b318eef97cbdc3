"""A block told again: the lines that its event names, whatever would rank today.

What a line reads like is a function of the log's position and ``now``; which
lessons had one also hung on the goal (of which only a digest is kept) and on the
settings of then.  So the event's own list stands for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

RECENT, PRIOR, COUNCIL, HELD = "recent", "prior", "council", "held"
MOST = 20
"""More recent lines than any setting allows."""


class Pins(NamedTuple):
    """The lessons of a block's lines by kind, how many council lines it had.

    ``held`` were left out of it.
    """

    recent: tuple[str, ...]
    prior: tuple[str, ...]
    council: int
    held: tuple[str, ...]


def pins_of(text: str) -> Pins | None:
    """What the parameter ``pinned`` says: ``kind:lesson,...``; None for nothing."""
    if not text:
        return None
    parts = [part.partition(":")[::2] for part in text.split(",")]

    def of(kind: str) -> Iterable[str]:
        return (name for known, name in parts if known == kind)

    return Pins(
        tuple(of(RECENT)), tuple(of(PRIOR)), len(tuple(of(COUNCIL))), tuple(of(HELD))
    )
