"""Read models: pure functions of the log.  A new one is a file and a line here.

They import ``lokid.events``, ``lokid.projection`` and pure helpers, nothing that
touches a file, a clock, the network or chance.
"""

from __future__ import annotations

from collections.abc import Sequence

from lokid.projection import Projection
from lokid.rules import Rule
from projections.anti_patterns import AntiPatterns
from projections.checks import Check
from projections.context import Context
from projections.council import Council
from projections.effectiveness import Effect
from projections.explain import Explain
from projections.findings import Findings
from projections.gates import Gates
from projections.iterations import Iterations
from projections.join import Join
from projections.lessons import Lessons
from projections.patterns import Patterns
from projections.recent_failures import RecentFailures
from projections.remedies import Remedy

PROJECTIONS = (
    RecentFailures,
    AntiPatterns,
    Council,
    Iterations,
    Gates,
    Findings,
    Patterns,
    Context,
    Check,
    Remedy,
    Explain,
    Effect,
)


def build(rules: Sequence[Rule] = ()) -> tuple[Projection, ...]:
    """Fresh instances that share one join and one book of lessons, the first two.

    ``rules`` are the user's.
    """
    join = Join()
    lessons = Lessons(join, rules)
    return (join, lessons, *(kind(join, lessons) for kind in PROJECTIONS))
