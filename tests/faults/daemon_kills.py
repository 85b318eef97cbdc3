"""A real daemon, killed again and again while clients record through its socket.

A client whose daemon went away does not know whether it was heard, so it says the
same again to the next one, under the same identity.  In the end all of it must be
in the log, each once, and every file's fact as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from life import account, statement, workspace, write_crash
from lokid.client import Client
from lokid.errors import DaemonMissing, LokidError
from lokid.paths import Workspace
from table import Bench, Outcome

CLIENTS = 3
DAEMON = "import sys; from lokid.__main__ import lokid; sys.exit(lokid())"
PATIENCE = 60.0
"""Seconds for what a living daemon does at once."""
PAUSE = 0.03  # seconds between two tries to find a daemon


class _Speaker(threading.Thread):
    """A client that records one statement after the other."""

    def __init__(self, place: Workspace, name: str) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.again = 0
        self.error = ""
        self.done = threading.Event()
        self._client = Client(place)
        self._name = name

    def run(self) -> None:
        """Speak until told to end, and then finish the last sentence."""
        try:
            while not self.done.is_set():
                self._say(f"{self._name}/{len(self.acknowledged)}")
        except LokidError as error:
            self.error = f"client {self._name}: {type(error).__name__} {error.message}"

    def _say(self, name: str) -> None:
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                self._client.record([statement(name)], durable=True)
            except DaemonMissing:
                if time.monotonic() > ends:
                    raise
                self.again += 1
                time.sleep(PAUSE)  # the next daemon starts
            else:
                self.acknowledged.append(name)
                return


def _start(place: Workspace, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", DAEMON, "-C", str(place.root)],
        cwd=folder,
        env={**os.environ, "LOKID_STATE_DIR": str(place.state)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _serving(daemon: subprocess.Popen[bytes]) -> bool:
    """Wait until it says that it watches; whether it does."""
    assert daemon.stderr is not None
    return b"watching" in daemon.stderr.readline()


def run(bench: Bench, rounds: int) -> Outcome:
    """Kill so many daemons, let one end well, and hold the log to account."""
    chance = bench.random("daemon")
    place = workspace(bench.folder)
    place.root.mkdir()
    speakers = [_Speaker(place, f"c{nth}") for nth in range(CLIENTS)]
    misses: list[str] = []
    daemon = _start(place, bench.folder)
    try:
        for one in speakers:
            one.start()
        for number in range(rounds):
            write_crash(place, chance.randint(1, 1 + number), number)
            if chance.random() < 0.75 and not _serving(daemon):
                misses.append(f"daemon {number} did not start")
            time.sleep(chance.random() * 0.3)  # the moment is the row's chance
            daemon.kill()
            daemon.communicate()
            daemon = _start(place, bench.folder)
            bench.say(number + 1, rounds)
        for one in speakers:
            one.done.set()
        for one in speakers:
            one.join(2 * PATIENCE)
        daemon.terminate()
        said = daemon.communicate(timeout=PATIENCE)[1]
        if daemon.returncode:
            misses.append(f"the last daemon ended {daemon.returncode}: {said[-200:]!r}")
    finally:
        for one in speakers:
            one.done.set()
        with suppress(ProcessLookupError):
            daemon.kill()
        daemon.communicate()
    return _told(place, speakers, misses)


def _told(place: Workspace, speakers: list[_Speaker], misses: list[str]) -> Outcome:
    acknowledged = [name for one in speakers for name in one.acknowledged]
    misses += [one.error for one in speakers if one.error]
    counted = account(place, acknowledged)
    if counted["bad"]:
        misses.append(str(counted))
    again = sum(one.again for one in speakers)
    figures: dict[str, int | float | str] = {
        "acknowledged": len(acknowledged),
        "tried again": again,
        **counted,
    }
    figures.pop("bad")
    return Outcome(figures=figures, misses=misses)
