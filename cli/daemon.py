"""`lokictl up` and `down`, and `lokid`: the daemon in the foreground."""

from __future__ import annotations

import os
from collections.abc import Callable

import click

from cli import ending, last_words, launch, render
from cli.options import command, memory_is_on, workspace
from lokid import __version__
from lokid.config import load_settings
from lokid.errors import LokidError
from lokid.paths import Workspace


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
    pid, started = launch.ensure(place)
    unread = launch.pending(place)
    if as_json:
        told = {"schema": 1, "running": True, "started": started, "pid": pid}
        render.emit({**told, "pending": unread})
        return 0
    root = render.clean(place.root)
    verb = "watching" if started else "already running:"
    render.say(f"lokid {verb} {root} (pid {pid})")
    if unread:
        render.say("still reading: " + render.clean(", ".join(unread)))
        render.say("lokictl status comes back when that is done")
    if not memory_is_on():
        render.say("memory is off (LOKI_FAILURE_MEMORY=0): it records nothing")
    if not place.loki.is_dir():
        render.say("there is no .loki yet; what the harness writes there will be read")
    return 0


@command("down", examples=("lokictl down", "lokictl -C ~/app down"))
def down(*, as_json: bool) -> int:
    """Stop the daemon of a workspace.

    Comes back when it is gone and all it saw is on disk.  One that hangs is ended
    by a signal; what it acknowledged is on disk all the same.
    """
    place = workspace()
    ended = ending.stop(place)
    if as_json:
        told = {"schema": 1, "running": False, "stopped": ended.stopped}
        render.emit({**told, "forced": ended.forced})
        return 0
    root = render.clean(place.root)
    if ended.forced:
        render.say(f"stopped: {root}")
        render.say(f"pid {ended.pid} did not answer and was ended with {ended.forced}")
    elif ended.stopped:
        render.say(f"stopped: {root}")
    else:
        render.say(f"no daemon was running for {root}")
        if ended.swept:
            render.say("one that was killed had left its socket: it is removed")
    return 0


# -- the daemon itself --------------------------------------------------------


def _serve(place: Workspace, ready_fd: int | None) -> int:
    import projections
    from cli.planner import plan_elsewhere
    from lokid.daemon import run_daemon
    from lokid.sources import SOURCES

    try:
        loaded = load_settings(place.loki, os.environ, lenient=True)
        for line in loaded.refused:
            render.note(f"lokid: refused: {render.clean(line)}")
        ready = _readiness(place, ready_fd)
        build = projections.build
        code = run_daemon(
            place, loaded, SOURCES, build, os.environ, ready, plan_elsewhere
        )
    except LokidError as error:
        if ready_fd is not None:
            launch.tell(ready_fd, launch.confession(error))
        raise
    if ready_fd is not None:
        last_words.ended()
    return code


def _readiness(place: Workspace, ready_fd: int | None) -> Callable[[], None]:
    def ready() -> None:
        if ready_fd is None:
            root = render.clean(place.root)
            render.note(f"lokid: watching {root} (pid {os.getpid()}); Ctrl-C ends it")
        else:
            last_words.began()
            launch.tell(ready_fd, launch.READY)

    return ready
