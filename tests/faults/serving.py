"""A real daemon with something to tell, for rows that speak to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lokid.client import Client
from lokid.paths import Workspace, find_workspace
from samples import samples

DAEMON = "import sys; from lokid.__main__ import lokid; sys.exit(lokid())"
PATIENCE = 30.0
"""Seconds for what a living daemon does at once."""


class Served:
    """A running daemon: its workspace, its process, what it complained of."""

    def __init__(self, folder: Path) -> None:
        """Start it over one good file of each source; it watches when this returns."""
        root = folder / "work"
        root.mkdir(parents=True)
        self.place: Workspace = find_workspace(str(root), os.environ)
        for sample in samples():
            file = self.place.loki / sample.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(sample.data)
        self.errors = folder / "errors"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", DAEMON, "-C", str(root)],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        self.client = Client(self.place)

    @property
    def path(self) -> Path:
        """Where it listens."""
        return Path(os.fsdecode(self.place.socket_file.read_bytes().rstrip(b"\n")))

    def seq(self) -> int:
        """How far its log goes."""
        return int(self.client.get("status")["log"]["seq"])

    def link(self) -> socket.socket:
        """A connection of our own."""
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(PATIENCE)
        made.connect(str(self.path))
        return made

    def complaint(self) -> str:
        """What it said beside that it watches."""
        said = self.errors.read_text(errors="backslashreplace")
        return "\n".join(line for line in said.splitlines() if "watching" not in line)

    def end(self) -> int:
        """End it well; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """A daemon that answers, and is gone afterwards."""
    one = Served(folder)
    try:
        _wait_until_it_watches(one)
        yield one
    finally:
        one.process.kill()
        one.process.wait()


def _wait_until_it_watches(one: Served) -> None:
    ends = time.monotonic() + PATIENCE
    while b"watching" not in one.errors.read_bytes():
        if one.process.poll() is not None or time.monotonic() > ends:
            message = f"the daemon did not start: {one.complaint()}"
            raise RuntimeError(message)
        time.sleep(0.02)  # it starts
