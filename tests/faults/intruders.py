"""Other users of the machine: what they can read, say to the socket, and plant."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from serving import PATIENCE, Served, served
from table import Bench, NotRun, Outcome, Row

HERE = Path(__file__).parent
LOKICTL = "import sys; from lokid.__main__ import lokictl; sys.exit(lokictl())"
NOBODY = 65534
REFUSED = 74
"""How a command ends that may not use its state directory."""
SILENT = ("context",)
"""What never stands in the way: it says so, has no block, and ends with 0."""
_COMMANDS: tuple[tuple[str, ...], ...] = (
    SILENT,
    ("status",),
    ("failures",),
    ("events",),
    ("log", "verify"),
    ("log",),
    ("lessons",),
    ("up",),
)
Place = Callable[[Path], None]


def _as_root() -> None:
    if os.geteuid() != 0:
        raise NotRun("becomes another user", "sudo make faults")


def _reach(bench: Bench) -> Outcome:
    """As nobody, at a daemon as it is, then at one whose modes were opened."""
    _as_root()
    misses = []
    with served(bench.folder) as daemon:
        state, folder = daemon.place.state, daemon.path.parent
        for own in (state, folder):  # what lies above is the machine's business
            _widen(own.parents)
        misses += [f"modes: {one}" for one in _wide(daemon)]
        got = _by_nobody(str(daemon.path), str(state), str(folder))
        misses += [f"as it is: {one}" for one in got]
        _open_all(daemon.path)
        opened = _by_nobody(str(daemon.path))
        if "connected" not in opened:
            raise NotRun(
                "nobody cannot reach the folder of the test", "sudo make faults"
            )
        misses += [f"0666: {one}" for one in opened if one != "connected"]
        daemon.client.ping()
        if said := daemon.complaint():
            misses.append(said)
    return Outcome(figures={"tries": 2, "opened": len(opened)}, misses=misses)


def _wide(daemon: Served) -> Iterator[str]:
    """Files and folders of ours that others may do anything with."""
    for top in (daemon.place.state, daemon.path.parent):
        for path in (top, *top.rglob("*")):
            mode = path.lstat().st_mode
            if stat.S_IMODE(mode) & 0o077:
                yield f"{path} is {stat.filemode(mode)}"


def _by_nobody(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", str(HERE / "other_user.py"), *arguments],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout.splitlines()


def _open_all(path: Path) -> None:
    path.chmod(0o666)
    _widen(path.parents)


def _widen(folders: Iterable[Path]) -> None:
    for folder in folders:
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)


# -- places that somebody else prepared ------------------------------------------


def _theirs(path: Path) -> None:
    path.mkdir(parents=True, mode=0o700)
    os.chown(path, NOBODY, NOBODY)


def _theirs_and_open(path: Path) -> None:
    _theirs(path)
    path.chmod(0o777)


def _planted(path: Path) -> None:
    (path / "log").mkdir(parents=True)
    os.chown(path / "log", NOBODY, NOBODY)
    path.chmod(0o777)


def _link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.mkdir(parents=True)
    path.symlink_to(target)


def _link_of_theirs(path: Path) -> None:
    _link(path)
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def _dangling(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path.with_name("nowhere"))


def _file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _wide_of_ours(path: Path) -> None:
    path.mkdir(parents=True)
    path.chmod(0o777)


UNUSABLE: tuple[Place, ...] = (
    _theirs, _theirs_and_open, _planted, _link, _link_of_theirs, _dangling, _file,
)  # fmt: skip


def _places(bench: Bench) -> Outcome:
    """State directories that somebody else prepared, for each command."""
    _as_root()
    misses: list[str] = []
    tried = 0
    commands = (SILENT,) if bench.quick else _COMMANDS
    places = UNUSABLE[1:4] if bench.quick else UNUSABLE
    for place in places:
        for command in commands:
            folder = bench.folder / f"{place.__name__}-{'-'.join(command)}"
            misses += _refusal(folder, place, command)
            tried += 1
            bench.say(tried, len(places) * len(commands))
    misses += _repaired(bench.folder / "wide")
    return Outcome(figures={"places": tried + 1}, misses=misses)


def _refusal(folder: Path, place: Place, command: Sequence[str]) -> Iterator[str]:
    state = folder / "state"
    place(state)
    before = _below(folder)
    code, said = _lokictl(folder, state, command)
    case = f"{place.__name__.strip('_')}, {command}"
    silent = command == SILENT and said.startswith("lokictl: no context: ")
    if (code != REFUSED and not silent) or "state directory" not in said:
        yield f"{case}: ended {code}: {said[-300:]}"
    if "Traceback" in said:
        yield f"{case}: {said[-600:]}"
    if (after := _below(folder)) != before:
        yield f"{case}: made {set(after) - set(before)}"


def _repaired(folder: Path) -> Iterator[str]:
    """One of ours that is too wide is used, and private from then on."""
    state = folder / "state"
    _wide_of_ours(state)
    code, said = _lokictl(folder, state, ("failures",))
    if code:
        yield f"a wide one of ours: ended {code}: {said}"
    for path in (state, *state.rglob("*")):
        if stat.S_IMODE(path.lstat().st_mode) & 0o077:
            yield f"a wide one of ours: {path} stayed open"


def _lokictl(folder: Path, state: Path, command: Sequence[str]) -> tuple[int, str]:
    root = folder / "work"
    (root / ".loki").mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *(sys.executable, "-c", LOKICTL),
            *("-C", str(root), *command),
        ],
        cwd=folder,
        env={**os.environ, "LOKID_STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _below(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if "work" not in path.parts[-2:]]
    return sorted(map(str, found))


ROWS = (
    Row(
        family="intruders",
        name="intruders-reach",
        fault="another user at the state directory and the socket, shut and opened",
        mark="nothing read, no connection, where modes were opened no answer",
        run=_reach,
    ),
    Row(
        family="intruders",
        name="intruders-places",
        fault="a state directory of another user, a link, one that others wrote in",
        mark="refused by every command, nothing told or made; ours that is wide: shut",
        run=_places,
    ),
)
