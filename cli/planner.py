"""Plan a compaction in a process of its own, for a daemon that goes on answering.

Reading and summing up a long log takes a core for a while, and threads of one
process would wait for each other.  The child reads the log without its lock, at low
priority, and gives the plan through a pipe; the daemon alone writes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress

from cli import launch
from lokid.compaction import Plan
from lokid.config import Settings
from lokid.errors import StorageError
from lokid.events import Recorded
from lokid.paths import Workspace

LOOK_SECONDS = 0.2
"""How often it is looked whether the plan is still wanted."""
_NICE = 10
"""How far the child stands back: behind whoever answers, but never for ever, since a
busy machine must not keep a log from being cut."""


def stand_back() -> None:
    """Let others go first; for the child."""
    with suppress(OSError):
        os.nice(_NICE)


def plan_elsewhere(
    place: Workspace,
    settings: Settings,  # noqa: ARG001  the child reads its own: the same files
    facts: Sequence[Recorded],  # noqa: ARG001  and the log
    rest: Callable[[], None],
) -> Plan | None:
    """What the settings ask for now; None where nothing is to go.

    Raises StorageError when there is no plan, and what ``rest`` raises.
    """
    words = [*launch.lokictl(), "-C", str(place.root), "log", "compact", "--plan"]
    try:
        started = subprocess.Popen(  # noqa: S603  our own package, by absolute path
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={**os.environ, "LOKID_STATE_DIR": str(place.state)},
        )
    except OSError as error:
        message = f"a compaction could not be planned: {error.strerror}"
        raise StorageError(message) from error
    with started as child:
        try:
            told = _heard(child, rest)
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        message = f"a compaction could not be planned: it ended with {child.returncode}"
        raise StorageError(message)
    return Plan.unpack(told) if told else None


def _heard(child: subprocess.Popen[bytes], rest: Callable[[], None]) -> bytes:
    while True:
        try:
            return child.communicate(timeout=LOOK_SECONDS)[0]
        except subprocess.TimeoutExpired:
            rest()
