"""The harness simulator: writes a `.loki` tree the way the real harness does.

From a *history* (what an agent did, one JSON line an iteration) it makes the
files of harness 7 or 9: the same names, in the same order inside an iteration,
rewritten in place where the harness rewrites in place, renamed where it
renames, appended where it appends.  It is written from the format reference
alone.  The demo, the tests and the benchmarks stand on it.

It promises that every file is closed before `Simulator.steps` yields, so that a
test may ask a question after each single write, and that ``truth`` holds by
then whatever a perfect reader has to know.  It refuses a history that cannot
have happened (`UsageError`, naming the line or the iteration).

``docs/simulator.md`` describes the history's keys and the steps.
"""

from cli.simulator.demo import demo_history
from cli.simulator.history import (
    Command,
    Council,
    Iteration,
    Review,
    Vote,
    read_history,
)
from cli.simulator.options import Options, Step, Truth
from cli.simulator.run import Simulator, simulate

__all__ = [
    "Command",
    "Council",
    "Iteration",
    "Options",
    "Review",
    "Simulator",
    "Step",
    "Truth",
    "Vote",
    "demo_history",
    "read_history",
    "simulate",
]
