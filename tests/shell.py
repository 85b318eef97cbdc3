"""A shell for tests: our commands as processes, and workspaces with a story."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.simulator import Options, demo_history, simulate
from lokid.paths import Workspace, find_workspace

PATIENCE = 40.0
"""Seconds for what a daemon, or its child, does by itself on a busy machine."""

COMMAND = (sys.executable, "-P", "-m", "lokid")
PATIENCE_MS = "20000"
"""What `context` gives itself without a daemon: tests run beside each other."""
AT = "2026-03-02T18:00:00.000Z"
"""Some hours after the story: what its last block is asked as of."""


def lokictl(
    *words: str, at: Workspace | None = None, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run ``lokictl`` to its end; ``more`` are variables of its environment."""
    return _run(words, at, cwd, more)


def _run(
    words: tuple[str, ...],
    at: Workspace | None,
    cwd: Path | None,
    more: dict[str, str],
) -> subprocess.CompletedProcess[str]:
    place = ("-C", str(at.root)) if at else ()
    return subprocess.run(
        [*COMMAND, *place, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={"LOKID_EMBEDDED_DEADLINE_MS": PATIENCE_MS, **os.environ, **more},
        timeout=60,
    )


def ask(*words: str, at: Workspace, **more: str) -> dict[str, Any]:
    """The JSON that a command answers; it must end well and say nothing else."""
    done = _run((*words, "--json"), at, None, more)
    assert (0, "") == (done.returncode, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def up(at: Workspace) -> Iterator[None]:
    """A daemon in the background for the length of a block."""
    done = lokictl("up", at=at)
    assert 0 == done.returncode, done.stderr
    try:
        yield
    finally:
        lokictl("down", at=at)


def until(found: Callable[[], Any]) -> Any:
    """What is found at last; fails when it is nothing for so long."""
    ends = time.monotonic() + PATIENCE
    while not (told := found()):
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)  # between two looks at what a daemon has done: nothing tells
    return told


def story(root: Path, options: Options | None = None) -> Workspace:
    """A workspace in which a simulated harness has run twice."""
    root.mkdir(exist_ok=True)
    simulate(demo_history(datetime(2026, 3, 2, 9, tzinfo=UTC)), root, options)
    return find_workspace(str(root), os.environ)


class Terminal:
    """A command on a terminal of a given width, and what it showed."""

    def __init__(self, *words: str, columns: int, **more: str) -> None:
        """Start it; ``more`` are variables of its environment."""
        ours, theirs = pty.openpty()
        env = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS"}}
        env |= {"TERM": "xterm", **more}
        _resize(theirs, columns)
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=env,
            start_new_session=True,
        )
        os.close(theirs)
        self._terminal = ours
        self._shown = b""
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while part := os.read(self._terminal, 65536):
                with self._news:
                    self._shown += part
                    self._news.notify_all()
        except OSError:  # the other side is closed: Linux says EIO
            pass

    def shows(self, text: str) -> bool:
        """Wait until it has shown this."""
        with self._news:
            return self._news.wait_for(lambda: text.encode() in self._shown, 60)

    def ended(self) -> tuple[int, str]:
        """Wait for its end: exit code, and all it showed."""
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=10)
        os.close(self._terminal)
        return code, self._shown.decode().replace("\r\n", "\n")


def _resize(terminal: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def interrupt(process: subprocess.Popen[Any]) -> None:
    """Press Ctrl-C."""
    process.send_signal(signal.SIGINT)
