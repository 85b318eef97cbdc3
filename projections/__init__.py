"""Read models: pure functions of the log.  A new one is a file and a line here.

They import ``lokid.events``, ``lokid.projection`` and pure helpers, nothing that
touches a file, a clock, the network or chance.
"""

from __future__ import annotations

from lokid.projection import Projection
from projections.anti_patterns import AntiPatterns
from projections.context import Context
from projections.council import Council
from projections.gates import Gates
from projections.iterations import Iterations
from projections.join import Join
from projections.recent_failures import RecentFailures

PROJECTIONS = (RecentFailures, AntiPatterns, Council, Iterations, Gates, Context)


def build() -> tuple[Projection, ...]:
    """Fresh instances that share one join, which comes first."""
    join = Join()
    return (join, *(kind(join) for kind in PROJECTIONS))
