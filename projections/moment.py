"""Times for comparing, and the names that time gives to an iteration.

Comparisons need exact arithmetic (a tolerance of one second decides which
iteration a crash belongs to), so times are whole milliseconds here.  What is
shown keeps the log's own text.
"""

from __future__ import annotations

import functools

from lokid import clock
from lokid.events import Recorded

SECOND = 1000
HOUR = 3600 * SECOND
FOREVER = 1 << 62
ZONES = 14 * HOUR
"""No clock on earth is further from UTC."""

PHASES = ("REASON", "ACT", "REFLECT", "VERIFY")
SIGNALS = frozenset({130, 137, 143})


@functools.lru_cache(maxsize=16384)
def millis(text: str) -> int:
    """A fixed-width time as whole milliseconds since 1970; 0 for no time."""
    try:
        return round(clock.to_seconds(text) * SECOND)
    except (ValueError, OverflowError):
        return 0


def stamp(moment: int) -> str:
    """Milliseconds as a fixed-width time."""
    return clock.from_seconds(moment / SECOND) or ""


def at(recorded: Recorded) -> int:
    """When a recorded fact happened, in milliseconds."""
    return millis(recorded.time)


def phase_of(iteration: int) -> str:
    """The phase that the harness gives to an iteration, by its number alone."""
    return PHASES[iteration % len(PHASES)]
