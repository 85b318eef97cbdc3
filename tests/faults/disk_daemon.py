"""A real daemon for a row, on a state directory that the row will break."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lokid.paths import Workspace, find_workspace
from table import NotRun

LOKID = ("-P", "-c", "from lokid.__main__ import lokid; raise SystemExit(lokid())")
LOKICTL = ("-P", "-m", "lokid")
PATIENCE = 30.0
IDLE = 0.05
"""Which part of a processor a daemon in trouble may take."""
MORTAL = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
"""Root without its right to pass by the modes of files."""
_TICKS = os.sysconf("SC_CLK_TCK")


class Place:
    """A workspace of a row, its state where the row says."""

    def __init__(self, folder: Path, state: Path) -> None:
        """``folder``: an empty one; home, sockets and the tree lie below it."""
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("LOKI")},
            "LOKID_STATE_DIR": str(state),
            "HOME": str(folder),
        }
        self.workspace: Workspace = find_workspace(str(self.root), self.environ)

    def lokictl(
        self, *words: str, before: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end; ``before``: what it is started with."""
        return subprocess.run(
            [*before, sys.executable, *LOKICTL, "-C", str(self.root), *words],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command of ours."""
        return subprocess.Popen(
            [sys.executable, *LOKICTL, "-C", str(self.root), *words],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, *before: str) -> subprocess.Popen[str]:
        """A daemon in the foreground, in a process group of its own."""
        return subprocess.Popen(
            [*before, sys.executable, *LOKID, "-C", str(self.root)],
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @contextmanager
    def daemon(self, *before: str) -> Iterator[subprocess.Popen[str]]:
        """A daemon that watches; it and what it was started with are ended."""
        process = self.start(*before)
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            if "watching" not in said:
                raise RuntimeError(f"the daemon did not start: {said!r}")
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End a process and its group, whatever it is doing."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int | None, str]:
    """Exit code (None: it lives on after all patience) and what it said."""
    try:
        _, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None, ""
    return process.returncode, said


def processor_share(pid: int, seconds: float) -> float:
    """Which part of one processor a process takes over the next seconds."""
    before = _ticks(pid)
    time.sleep(seconds)
    return (_ticks(pid) - before) / _TICKS / seconds


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def reached(true: Callable[[], bool]) -> bool:
    """Wait for something, with all patience."""
    ends = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)  # between two looks at what the daemon says
    return True


def mortal() -> tuple[str, ...]:
    """What a command is started with to be held to modes; NotRun where it cannot."""
    if os.geteuid() != 0:
        return ()
    command = "run it as a user that is not root"
    if shutil.which("setpriv") is None:
        reason = "root passes by the modes of files, and there is no setpriv here"
        raise NotRun(reason, command)
    done = subprocess.run([*MORTAL, "true"], capture_output=True, check=False)
    if done.returncode:
        reason = "root may not give up its capabilities here"
        raise NotRun(reason, command)
    return MORTAL
