"""`lokictl up` and `down`, and `lokid`: the daemon in the foreground.

`up` starts this very package by its absolute path, with the workspace's folder
off Python's path, so that a workspace cannot put code of its own into our
daemon.  The two talk over a pipe until the first scan is done: through it comes
a start-up error, which `up` then reports as its own, exit code included.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from cli import render
from cli.options import command, workspace
from lokid import __version__
from lokid.client import Client
from lokid.config import load_settings
from lokid.errors import (
    DaemonMissing,
    LokidError,
    ProtocolMismatch,
    StorageError,
    WriterExists,
)
from lokid.paths import Workspace

START_SECONDS = 20.0
"""How long `up` waits for a word: 5 s for a lock, 10 s for the first scan, and
time to start on a busy machine."""
DOWN_SECONDS = 10.0
"""How long `down` waits for a daemon that was asked to end."""
NOBODY_SECONDS = 2.0
"""How long it waits for a lock whose holder answers no question."""
_LOCK_STEP = 0.5
LOOK_MS = 500
DAEMON_LOG_BYTES = 1 << 20
_READY = b"ready\n"


class Problem(msgspec.Struct, frozen=True):
    """A start-up error on its way through the pipe."""

    error: str
    hint: str
    exit_code: int


@command(
    "lokid",
    answers=False,
    examples=("lokid", "lokid -C ~/app", "LOKID_RECONCILE_SECONDS=5 lokid"),
)
@click.version_option(__version__, prog_name="lokid")
def foreground() -> int:
    """Watch a workspace and answer lokictl, in the foreground, until Ctrl-C.

    One daemon per workspace.  lokictl up starts the same in the background.
    """
    return _serve(workspace(), None)


@command(
    "up",
    examples=("lokictl up", "lokictl -C ~/app up", "lokictl up --foreground"),
)
@click.option("--foreground", "stay", is_flag=True, help="Stay here, until Ctrl-C.")
@click.option(
    "--ready-fd", type=int, hidden=True, help="Where to say that it is ready."
)
def up(*, stay: bool, ready_fd: int | None, as_json: bool) -> int:
    """Start the daemon of a workspace.

    Comes back when all that lies there is read, or after ten seconds, and then
    says what is not.
    """
    place = workspace()
    if stay:
        return _serve(place, ready_fd)
    try:
        pid = Client(place).ping().pid
        started = False
    except ProtocolMismatch:
        raise
    except DaemonMissing:
        pid, started = _start_unless_somebody_else_did(place)
    unread = pending(place)
    if as_json:
        told = {"schema": 1, "running": True, "started": started, "pid": pid}
        render.emit({**told, "pending": unread})
        return 0
    root = render.clean(place.root)
    verb = "watching" if started else "already running:"
    render.say(f"lokid {verb} {root} (pid {pid})")
    if unread:
        render.say("still reading: " + render.clean(", ".join(unread)))
    if not place.loki.is_dir():
        render.say("there is no .loki yet; what the harness writes there will be read")
    return 0


@command("down", examples=("lokictl down", "lokictl -C ~/app down"))
def down(*, as_json: bool) -> int:
    """Stop the daemon of a workspace.

    Comes back when it is gone and all it saw is on disk.
    """
    place = workspace()
    stopped = stop(place)
    if as_json:
        render.emit({"schema": 1, "running": False, "stopped": stopped})
        return 0
    root = render.clean(place.root)
    render.say(f"stopped: {root}" if stopped else f"no daemon was running for {root}")
    return 0


def _start_unless_somebody_else_did(place: Workspace) -> tuple[int, bool]:
    """The pid of the daemon that runs now, and whether it is ours."""
    try:
        return start(place), True
    except LokidError as error:
        if error.exit_code != WriterExists.exit_code:
            raise
        try:
            return Client(place).ping().pid, False
        except DaemonMissing:
            raise error from None


# -- the daemon itself --------------------------------------------------------


def _serve(place: Workspace, ready_fd: int | None) -> int:
    import projections
    from lokid.daemon import run_daemon
    from lokid.sources import SOURCES

    try:
        loaded = load_settings(place.loki, os.environ, lenient=True)
        for line in loaded.refused:
            render.note(f"lokid: refused: {render.clean(line)}")
        ready = _readiness(place, ready_fd)
        return run_daemon(place, loaded, SOURCES, projections.build, os.environ, ready)
    except LokidError as error:
        if ready_fd is not None:
            problem = Problem(error.message, error.hint, error.exit_code)
            _tell(ready_fd, msgspec.json.encode(problem))
        raise


def _readiness(place: Workspace, ready_fd: int | None) -> Callable[[], None]:
    def ready() -> None:
        if ready_fd is None:
            root = render.clean(place.root)
            render.note(f"lokid: watching {root} (pid {os.getpid()}); Ctrl-C ends it")
        else:
            _tell(ready_fd, _READY)

    return ready


def _tell(fd: int, word: bytes) -> None:
    """Say it to `up`, which may be gone, and hang up."""
    try:
        os.write(fd, word)
        os.close(fd)
    except OSError:
        pass


# -- starting and stopping ----------------------------------------------------


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
    if word != _READY:
        raise _failure(place, child, word)
    child.returncode = 0  # it lives on; nobody here waits for it
    return child.pid


def lokictl() -> list[str]:
    """How to run our own `lokictl`, whatever lies in the current directory."""
    entry = Path(__file__).resolve().parent.parent / "lokid" / "__main__.py"
    return [sys.executable, "-P", str(entry)]


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
            if word == _READY:
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


def stop(place: Workspace) -> bool:
    """Ask the daemon to end and wait until it did; False when none was running.

    One that is just starting is asked again.  Raises WriterExists when something
    keeps the log's lock all the same.
    """
    from lokid.log.lock import take_lock

    begun = time.monotonic()
    stopped = False
    while True:
        try:
            Client(place).shutdown()
            stopped = True
        except ProtocolMismatch:
            stopped = True  # a daemon of another version understood that much
        except DaemonMissing:
            pass
        if not place.log.is_dir():
            return stopped
        try:
            os.close(take_lock(place.log, _LOCK_STEP))
        except WriterExists:
            patience = DOWN_SECONDS if stopped else NOBODY_SECONDS
            if time.monotonic() - begun >= patience:
                raise
        else:
            return stopped
