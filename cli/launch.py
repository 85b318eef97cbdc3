"""Start a daemon in the background, for `up` and `demo`.

The daemon is this very package, run by its absolute path, with the current
directory off Python's path and out of its way, so that a workspace cannot put
code of its own into it.  The two talk over a pipe until the first scan is done:
through it comes a start-up error, which the caller then raises as its own.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from lokid.client import Client
from lokid.errors import (
    DaemonMissing,
    LokidError,
    ProtocolMismatch,
    StorageError,
    WriterExists,
)
from lokid.holder import hanging
from lokid.paths import Workspace

START_SECONDS = 20.0
"""How long `up` waits for a word: 5 s for a lock, 10 s for the first scan, and
time to start on a busy machine."""
LOOK_MS = 500
"""How long a daemon that has just come up may take to say what is pending."""
DAEMON_LOG_BYTES = 1 << 20
"""Size over which ``daemon.log`` is begun anew."""
RESTART = "lokictl down && lokictl up"
"""What helps where a daemon hangs."""
READY = b"ready\n"
"""What a daemon says through the pipe when it is ready."""


class Problem(msgspec.Struct, frozen=True):
    """A start-up error on its way through the pipe."""

    error: str
    hint: str
    exit_code: int


def ensure(place: Workspace) -> tuple[int, bool]:
    """The pid of the daemon of a workspace, and whether it was started for this.

    Raises ProtocolMismatch when one of another protocol runs, WriterExists when one
    hangs, and as `start`.
    """
    try:
        return Client(place).ping().pid, False
    except ProtocolMismatch:
        raise
    except DaemonMissing as missing:
        hung = hanging(place, missing)
    if hung is not None:
        message = f"the daemon (pid {hung}) does not answer"
        raise WriterExists(message, f"end it and start another: {RESTART}")
    try:
        return start(place), True
    except LokidError as error:
        if error.exit_code != WriterExists.exit_code:
            raise
        try:  # somebody else was quicker
            return Client(place).ping().pid, False
        except DaemonMissing:
            raise error from None


def start(place: Workspace) -> int:
    """Start a daemon in the background; its pid, once it is ready.

    Raises the daemon's own start-up error, or StorageError when it says nothing.
    """
    place.create()
    heard, tell = os.pipe()
    try:
        with _daemon_log(place) as log:
            child = subprocess.Popen(  # noqa: S603  our own package, by absolute path
                _command_line(place, tell),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                pass_fds=(tell,),
                start_new_session=True,
            )
    finally:
        os.close(tell)
    with os.fdopen(heard, "rb", buffering=0) as pipe:
        word = _hear(pipe)
    if word != READY:
        raise _failure(place, child, word)
    child.returncode = 0  # it lives on; nobody here waits for it
    return child.pid


def lokictl() -> list[str]:
    """How to run our own `lokictl`, whatever lies in the current directory."""
    entry = Path(__file__).resolve().parent.parent / "lokid" / "__main__.py"
    return [sys.executable, "-P", str(entry)]


def tell(fd: int, word: bytes) -> None:
    """Say it to whoever started us, who may be gone, and hang up."""
    with contextlib.suppress(OSError):
        os.write(fd, word)
        os.close(fd)


def confession(error: LokidError) -> bytes:
    """A start-up error, as it goes through the pipe."""
    return msgspec.json.encode(Problem(error.message, error.hint, error.exit_code))


def _command_line(place: Workspace, ready_fd: int) -> list[str]:
    options = ["up", "--foreground", "--ready-fd", str(ready_fd)]
    return [*lokictl(), "-C", str(place.root), *options]


def _environment() -> dict[str, str]:
    """Ours, fit for another current directory and without a way into it."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    state = environment.get("LOKID_STATE_DIR")
    if state:
        environment["LOKID_STATE_DIR"] = str(Path(state).absolute())
    return environment


def _daemon_log(place: Workspace) -> Any:  # noqa: ANN401  a file
    path = place.daemon_log
    try:
        full = path.exists() and path.stat().st_size > DAEMON_LOG_BYTES
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if full else 0)
        return os.fdopen(os.open(path, flags, 0o600), "ab")
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise StorageError(message) from error


def _hear(pipe: Any) -> bytes:  # noqa: ANN401  a file
    """What the daemon says, all of it; empty when it says nothing in time."""
    ends = time.monotonic() + START_SECONDS
    word = b""
    while (left := ends - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            part = pipe.read(65536)
            if not part:
                break
            word += part
            if word == READY:
                break
    return word


def _failure(
    place: Workspace, child: subprocess.Popen[bytes], word: bytes
) -> LokidError:
    try:
        problem = msgspec.json.decode(word, type=Problem)
    except msgspec.DecodeError:
        said = f"the daemon ended with {child.wait()}" if _ended(child) else "no answer"
        message = f"the daemon did not come up within {START_SECONDS:.0f} s: {said}"
        return StorageError(message, f"what it said is in {place.daemon_log}")
    error = LokidError(problem.error, problem.hint)
    error.exit_code = problem.exit_code
    return error


def _ended(child: subprocess.Popen[bytes]) -> bool:
    try:
        child.wait(timeout=1.0)
    except subprocess.TimeoutExpired:
        return False
    return True


def pending(place: Workspace) -> list[str]:
    """Sources that a running daemon has not read to the end yet."""
    try:
        told = Client(place).get("status", {}, LOOK_MS)
    except LokidError:
        return ["everything"]
    rows = [row["name"] for row in told["sources"] if row["pending"]]
    return rows or (["everything"] if told["stale"] else [])
