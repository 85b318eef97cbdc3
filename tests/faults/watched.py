"""A daemon under a row: a workspace of its own, an ear on its log, a harness.

`Watched` is the daemon as a process; `Ear` reads its log from outside, so what
it hears was found without a question; `crash` and `write` are what the harness
does.  All of it lies below the folder that it is given, sockets included.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from lokid.client import Client
from lokid.errors import DaemonMissing
from lokid.log import LogReader
from lokid.paths import Workspace, find_workspace
from lokid.projection import Answer

DEFAULT_MS = 150
"""What ``lokictl context`` gives a daemon, if not told."""
PATIENT_MS = 5000
"""The deadline at which nothing may be stale."""
QUICK_STEP = 20
"""Milliseconds of the watch's own step, where it is not what is asked about."""
PATIENCE = 20.0
"""Seconds after which something is taken as never to come."""
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
"""When the harness's story begins; each crash comes a second after the other."""
_DAEMON = "from lokid.__main__ import lokid; lokid()"
_STEP = 0.005


class Heard(NamedTuple):
    """A line of the log that tells of a file."""

    seq: int
    type: str
    sha256: str | None
    when: float


class Ear:
    """What the log holds, by the path it was read from; asks nobody."""

    def __init__(self, workspace: Workspace) -> None:
        """From the beginning of the log."""
        self.paths: defaultdict[str, list[Heard]] = defaultdict(list)
        self.seqs: list[int] = []
        self._tail = LogReader(workspace.log).tail()

    def listen(self) -> None:
        """Take in what was appended since."""
        for raw in self._tail.poll():
            line = msgspec.json.decode(raw, type=dict[str, Any])
            self.seqs.append(line["seq"])
            src = line.get("src") or {}
            kind, content = line["type"], src.get("sha256")
            heard = Heard(line["seq"], kind, content, time.monotonic())
            self.paths[src.get("path") or ""].append(heard)

    def of(self, path: str) -> list[Heard]:
        """What is told of a file by now."""
        self.listen()
        return self.paths.get(path, [])

    def waits(self, path: str, sha256: str | None = None) -> float | None:
        """Seconds until a content of a file (any, if not told) is in the log.

        None when it never comes.
        """
        return until(
            lambda: any(sha256 is None or one.sha256 == sha256 for one in self.of(path))
        )


class Watched:
    """A daemon's process on a workspace of its own; a context manager."""

    def __init__(
        self, folder: Path, before: Sequence[str] = (), **settings: object
    ) -> None:
        """``before``: a command that runs the daemon; ``settings``: its own.

        The timed reconcile is far away unless set, so that what is found without
        a question was found by the watch.
        """
        for name in ("work", "run"):
            (folder / name).mkdir(mode=0o700)
        told = {"reconcile_seconds": 3600, "watch_step_ms": QUICK_STEP, **settings}
        own = ("LOKI", "XDG_")
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(own)},
            **{f"LOKID_{key.upper()}": str(value) for key, value in told.items()},
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder / "run"),
        }
        self.workspace = find_workspace(str(folder / "work"), self.environ)
        self.client = Client(self.workspace)
        self.ear = Ear(self.workspace)
        self._before = before
        self._folder = folder
        self._said = folder / "said"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def loki(self) -> Path:
        """The harness's folder."""
        return self.workspace.loki

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)

    def start(self) -> None:
        """Begin, and come back when it serves."""
        with self._said.open("wb") as said:
            # its folder, not the checkout: what it imports is the environment's choice
            self._process = subprocess.Popen(
                [
                    *self._before,
                    sys.executable,
                    "-c",
                    _DAEMON,
                    "-C",
                    self.workspace.root,
                ],
                cwd=self._folder,
                env=self.environ,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        until(lambda: self.has_ended() or b"watching" in self._said.read_bytes(), 60)
        self.check()

    def has_ended(self) -> bool:
        """Whether it is gone though nobody ended it."""
        return self._process is not None and self._process.poll() is not None

    def check(self) -> None:
        """Raise RuntimeError with what it said when it is gone by itself."""
        if self._process is not None and self.has_ended():
            said = self._said.read_text(errors="replace")[-3000:]
            message = f"the daemon ended with {self._process.returncode}: {said}"
            raise RuntimeError(message)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and give its exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        if how is signal.SIGKILL:
            process.send_signal(signal.SIGCONT)
        process.wait(timeout=60)
        return process.returncode

    def context(self, deadline_ms: int = PATIENT_MS) -> Answer:
        """Ask for the block; raises RuntimeError where the daemon is gone."""
        try:
            return self.client.get("context", {}, deadline_ms)
        except DaemonMissing:
            self.check()
            raise

    def watch(self) -> dict[str, Any]:
        """What ``status`` says of the watch; it passes the barrier."""
        told: dict[str, Any] = self.client.get("status")["watch"]
        return told

    def is_armed(self) -> bool:
        """Whether the kernel tells of changes again, soon."""
        return until(lambda: self.watch()["mode"] == "notify") is not None


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> float | None:
    """Seconds until something holds; None when it does not."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > seconds:
            return None
        time.sleep(_STEP)
    return time.monotonic() - begun


def name_of(number: int) -> str:
    """The class by which a crash is known in a block: no other contains it."""
    return f"Crash{number:06d}Error"


def crash(number: int, at: datetime | None = None) -> bytes:
    """The content of a crash file, as `json.dump` writes it."""
    body = {
        "captured_at": (at or BEGAN + timedelta(seconds=number)).isoformat(),
        "error_class": name_of(number),
        "exit_code": 1,
        "friction_kind": None,
        "rarv_phase": "ACT",
        "stack_signature": ["load", "parse"],
    }
    return json.dumps(body, indent=2, sort_keys=True).encode()


def path_of(number: int) -> str:
    """The path of a crash file below ``.loki``."""
    print_of = hashlib.sha256(str(number).encode()).hexdigest()
    return f"crash/{print_of}-{int(BEGAN.timestamp()) + number}.json"


def write(loki: Path, number: int, content: bytes | None = None) -> str:
    """Write a crash as the harness does: the folder, then the file in place."""
    path = path_of(number)
    (loki / "crash").mkdir(parents=True, exist_ok=True)
    (loki / path).write_bytes(crash(number) if content is None else content)
    return path


def digest(content: bytes) -> str:
    """The hash by which the log knows a content."""
    return hashlib.sha256(content).hexdigest()
