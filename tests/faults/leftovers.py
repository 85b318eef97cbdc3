"""What a daemon finds that an earlier one, or somebody else, left behind.

    python leftovers.py FOLDER ROUNDS KILLS

Stale sockets and pids in every shape: the next daemon must start, answer under its
own pid and end well, and a client that comes before it is answered, not led astray.
Then so many daemons are killed and started again, one after the other.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from cli.ask import query
from daemons import answering, daemon, ended
from forks import Child, Tell
from life import account, workspace, write_crash
from lokid.paths import Workspace, choose_socket
from story import Story

DEEP = 12
"""Folders of 20 letters: a state directory that is too long for a socket."""


def _stale_socket(place: Workspace) -> None:
    """A socket nobody listens on, and the file that names it."""
    path = choose_socket(place, os.environ)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    place.socket_file.write_bytes(os.fsencode(path) + b"\n")


def _no_socket(place: Workspace) -> None:
    """A file that names a socket which is not there."""
    place.socket_file.write_bytes(b"/nowhere/at/all.sock\n")


def _file_for_socket(place: Workspace) -> None:
    """A plain file in the place of the socket."""
    path = choose_socket(place, os.environ)
    path.unlink(missing_ok=True)
    path.write_bytes(b"no socket\n")
    place.socket_file.write_bytes(os.fsencode(path) + b"\n")


def _garbage(place: Workspace) -> None:
    """A file that names nothing at all."""
    place.socket_file.write_bytes(b"\0\xff\n\n")


def _empty(place: Workspace) -> None:
    """A file that a power cut left empty."""
    place.socket_file.write_bytes(b"")


def _dead_pid(place: Workspace) -> None:
    """The pid of a process that is gone."""
    gone = Child(lambda _tell, _pipe: 0)
    gone.ended()
    (place.log / "LOCK").write_bytes(b"%d\n" % gone.pid)


def _living_pid(place: Workspace) -> None:
    """The pid of a process that lives and has nothing to do with it."""
    (place.log / "LOCK").write_bytes(b"%d\n" % os.getpid())


def _no_pid(place: Workspace) -> None:
    """No pid, but something."""
    (place.log / "LOCK").write_bytes(b"\xff" * 4096)


CASES: tuple[Callable[[Workspace], None], ...] = (
    _stale_socket,
    _no_socket,
    _file_for_socket,
    _garbage,
    _empty,
    _dead_pid,
    _living_pid,
    _no_pid,
)


def main() -> None:
    """Every case in two workspaces, one of them deep; then the kills."""
    folder, rounds, kills = Path(sys.argv[1]), *map(int, sys.argv[2:4])
    story = Story()
    deep = folder.joinpath(*["a" * 20] * DEEP)
    places = [_used(folder / "near"), _used(deep)]
    number, of = 0, rounds * len(places) * len(CASES) + kills
    for _ in range(rounds):
        for place in places:
            for leave in CASES:
                number += 1
                write_crash(place, number, number)
                leave(place)
                _come_and_go(story, place, (leave.__doc__ or "").split("\n")[0])
                story.progress(number, of)
    _without_a_folder(story, places[1])
    for _ in range(kills):
        number += 1
        write_crash(places[0], number, number)
        _kill(story, places[0], number)
        story.progress(number, of)
    for place in places:

        def work(tell: Tell, _pipe: int, place: Workspace = place) -> int:
            tell(msgspec.json.encode(account(place, ())).decode())
            return 0

        for wrong in story.settle(*Child(work).ended()):
            story.miss(f"in {'deep' if place is places[1] else 'near'}: {wrong}")
    story.end()


def _used(folder: Path) -> Workspace:
    """A workspace that a daemon has served once."""
    place = workspace(folder)
    place.root.mkdir(parents=True)
    one = daemon(place)
    answering(place, one.pid)
    ended(one, signal.SIGTERM)
    return place


def _come_and_go(story: Story, place: Workspace, case: str) -> None:
    """Ask without a daemon, then start one, ask it, and end it."""
    story.add("left behind")

    def work(tell: Tell, _pipe: int) -> int:
        answer = query(place, "failures", {"all": "1"})
        tell("stale" if answer["stale"] else "answered")
        return 0

    code, lines = Child(work).ended()
    if code or lines != ["answered"]:
        story.miss(f"{case} Without a daemon: {code} {lines[-3:]}")
    one = daemon(place)
    if answering(place, one.pid) is None:
        story.miss(f"{case} The next daemon does not answer")
    code, lines = ended(one, signal.SIGTERM)
    if code:
        story.miss(f"{case} The next daemon ended {code}: {lines[-3:]}")


def _without_a_folder(story: Story, place: Workspace) -> None:
    """With no folder for sockets, and a state directory too long for one.

    The daemon then makes a short folder of its own, the only thing outside of
    ours; what lies in it for this workspace goes with the daemon.
    """
    own = Workspace(root=place.root, state=place.state, id=f"fault-{os.getpid()}")
    kept = os.environ.pop("XDG_RUNTIME_DIR", None)
    try:
        _come_and_go(story, own, "No folder for sockets.")
    finally:
        if kept is not None:
            os.environ["XDG_RUNTIME_DIR"] = kept


def _kill(story: Story, place: Workspace, number: int) -> None:
    one = daemon(place)
    if answering(place, one.pid) is None:
        story.miss(f"start {number}: it does not answer")
    code, lines = ended(one, signal.SIGKILL)
    story.add("killed", int(code == -signal.SIGKILL))
    if code != -signal.SIGKILL:
        story.miss(f"start {number}: it ended {code}: {lines[-3:]}")


if __name__ == "__main__":
    main()
