"""Real daemons in forked children: what is imported once is not imported again.

For programs with one thread.  A daemon lives its whole life there, from its
settings to its exit code; nothing of it is made before the fork.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Sequence

import projections
from forks import Child, Tell
from lokid.client import Client
from lokid.config import load_settings
from lokid.daemon import run_daemon
from lokid.errors import DaemonMissing, LokidError, WriterExists
from lokid.paths import Workspace
from lokid.sources import SOURCES

PATIENCE = 30.0
"""Seconds for what a living daemon does at once."""
TAKEN = WriterExists.exit_code
_PAUSE = 0.01  # seconds between two questions whether somebody is there


class Gate:
    """Where children wait until all are there; a pipe whose end opens it."""

    def __init__(self) -> None:
        """Closed."""
        self._wait, self._open = os.pipe()

    def passed(self) -> None:
        """In a child: come back when it opens."""
        os.close(self._open)
        os.read(self._wait, 1)

    def open(self) -> None:
        """In the parent: let all go at once."""
        os.close(self._open)
        os.close(self._wait)


def daemon(place: Workspace, gate: Gate | None = None) -> Child:
    """A daemon in a child, begun when the gate opens; it tells its error."""

    def work(tell: Tell, _pipe: int) -> int:
        if gate is not None:
            gate.passed()
        try:
            loaded = load_settings(place.loki, os.environ)
            return run_daemon(place, loaded, SOURCES, projections.build, os.environ)
        except LokidError as error:
            tell(f"{type(error).__name__}: {error.message}")
            return error.exit_code

    return Child(work)


def answering(place: Workspace, pid: int | None = None) -> int | None:
    """The pid that answers in time, where ``pid`` is given that one; None: nobody."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            found = Client(place).ping().pid
        except DaemonMissing:
            found = None
        if found is not None and pid in (None, found):
            return found
        time.sleep(_PAUSE)  # it binds its socket in a moment
    return None


def still_running(children: Sequence[Child], at_most: int) -> list[Child]:
    """Wait until at most so many children run; those that do at the end of patience."""
    notices = {os.pidfd_open(one.pid): one for one in children}
    running = dict(notices)
    ends = time.monotonic() + PATIENCE
    try:
        while len(running) > at_most and (left := ends - time.monotonic()) > 0:
            for notice in select.select(list(running), [], [], left)[0]:
                del running[notice]
    finally:
        for notice in notices:
            os.close(notice)
    return list(running.values())


def ended(child: Child, number: int) -> tuple[int, list[str]]:
    """End a child with a signal: its exit code, and what it said."""
    os.kill(child.pid, number)
    if not child.wait(PATIENCE):
        os.kill(child.pid, signal.SIGKILL)
    return child.ended()
