"""What `lokictl doctor` looks at: each check says what it found and what to do.

A check changes nothing and takes no lock.  It gives `Finding`s: ``ok`` (nothing
to do), ``note`` (good to know), ``problem`` (something is wrong, and the remedy
says what helps).  What a check cannot find out is a note, never silence.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from cli import render
from cli.launch import RESTART
from cli.log import REPAIR, remedy
from lokid.client import Client
from lokid.config import load_settings
from lokid.errors import DaemonMissing, LokidError, ProtocolMismatch
from lokid.holder import hanging
from lokid.log import VerifyReport, verify
from lokid.log.backup import ASIDE, INCOMING
from lokid.paths import Workspace

OK, NOTE, PROBLEM = "ok", "note", "problem"
LEAST_FREE = 64 << 20
"""Bytes of room in the state directory below which it is said."""
ASK_MS = 2000
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"}
_PACKAGES = ("lokid", "projections", "cli")


class Finding(NamedTuple):
    """What was found: ``level``, about what, in words, and what to do about it."""

    level: str
    about: str
    said: str
    remedy: str = ""


def examine(place: Workspace) -> list[Finding]:
    """All findings about a workspace, in the order in which they should be read."""
    checks = (_workspace, _state, _log, _aside, _daemon, _settings, _packages)
    found: list[Finding] = []
    for check in checks:
        about = check.__name__.strip("_")
        try:
            found += check(place)
        except LokidError as error:
            found.append(Finding(PROBLEM, about, error.message, error.hint))
        except OSError as error:
            said = f"cannot be looked at: {error.filename}: {error.strerror}"
            found.append(Finding(PROBLEM, about, said, "check its rights"))
    return found


def _workspace(place: Workspace) -> Iterator[Finding]:
    root = render.clean(place.root)
    if not place.loki.is_dir():
        said = f"there is no .loki in {root}"
        yield Finding(NOTE, "workspace", said, "-C names another workspace")
    elif not os.access(place.loki, os.R_OK | os.X_OK):
        said = f"{root}/.loki may not be read"
        yield Finding(PROBLEM, "workspace", said, "chmod u+rx .loki")
    else:
        yield Finding(OK, "workspace", f"{root} has a .loki")
    if os.environ.get("LOKI_FAILURE_MEMORY") == "0":
        said = "LOKI_FAILURE_MEMORY=0 here: nothing is read or printed"
        yield Finding(NOTE, "workspace", said, "unset it to turn the memory on")


def _state(place: Workspace) -> Iterator[Finding]:
    where = render.clean(place.state)
    if not place.state.exists():
        said = f"no state yet: it will be in {where}"
        yield Finding(NOTE, "state", said, "lokictl up, or any query, makes it")
        return
    for folder in (place.state, place.log):
        if not folder.exists():
            continue
        seen = folder.lstat()
        name = render.clean(folder)
        if stat.S_ISLNK(seen.st_mode):
            yield Finding(
                PROBLEM, "state", f"{name} is a symbolic link", "make it real"
            )
        elif seen.st_uid != os.getuid():
            yield Finding(
                PROBLEM, "state", f"{name} belongs to another user", "chown it"
            )
        elif stat.S_IMODE(seen.st_mode) & 0o077:
            said = f"{name} is open to others ({stat.S_IMODE(seen.st_mode):o})"
            yield Finding(PROBLEM, "state", said, f"chmod 700 {name}")
    kind = _file_system(place.state)
    if kind in _REMOTE:
        said = f"{where} lies on {kind}: locks and fsync are not to be trusted there"
        yield Finding(PROBLEM, "state", said, "set LOKID_STATE_DIR to a local disk")
    free = shutil.disk_usage(place.state).free
    if free < LEAST_FREE:
        said = f"only {render.size(free)} free for {where}"
        yield Finding(
            PROBLEM, "state", said, "free some space; capture goes on by itself"
        )
    else:
        yield Finding(OK, "state", f"{where}, {render.size(free)} free")


def _file_system(path: Path) -> str:
    """The kind of file system a path lies on; "" where the system does not say."""
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    here = os.path.realpath(path)
    best = ("", "")
    for line in lines:
        _, mount, kind, *_ = line.split(" ")
        inside = here == mount or here.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def _log(place: Workspace) -> Iterator[Finding]:
    report = verify(place.log)
    if not report.segments:
        yield Finding(NOTE, "log", "there is no log yet")
        return
    yield from _places(report)
    held = f"{render.plural(report.events, 'event')}, {render.size(report.bytes)}"
    if not report.damaged:
        older = (
            f", {report.compacted:,} older ones summed up" if report.compacted else ""
        )
        yield Finding(OK, "log", f"whole: {held}, up to seq {report.last_seq}{older}")
    if report.torn:
        said = "the last line is incomplete: a write is under way, or a crash tore it"
        yield Finding(NOTE, "log", said, "the next writer sets it aside by itself")
    if report.unknown:
        events = render.plural(report.unknown, "event")
        yield Finding(NOTE, "log", f"{events} of a newer lokid: kept, and skipped")


def _places(report: VerifyReport) -> Iterator[Finding]:
    helps = remedy(report)
    for one in report.problems:
        said = f"event {one.seq}, {one.segment} at byte {one.offset}: {one.reason}"
        if one.accepted:
            yield Finding(NOTE, "log", f"accepted loss: {said}")
        elif report.unserved:
            yield Finding(PROBLEM, "log", f"damaged: {said}", helps)
        else:
            yield Finding(PROBLEM, "log", f"lost: {said}", helps)
    if report.unserved:
        events = render.plural(report.unserved, "intact event")
        said = f"{events} behind the damage cannot be served"
        yield Finding(PROBLEM, "log", said, f"{REPAIR} appends them again")


def _aside(place: Workspace) -> Iterator[Finding]:
    """What was set aside and lies there: torn ends, logs before a restore."""
    from lokid.events import LogRepaired
    from lokid.log import LogReader

    torn = sorted(place.torn.iterdir()) if place.torn.is_dir() else []
    if torn:
        size = render.size(sum(path.stat().st_size for path in torn))
        said = f"{render.plural(len(torn), 'torn end')} set aside ({size})"
        yield Finding(NOTE, "set aside", said, f"in {render.clean(place.torn)}")
    told = LogReader(place.log).read()
    for recorded in told:
        if isinstance(recorded.event, LogRepaired) and recorded.event.suspect:
            said = f"the repair at seq {recorded.seq} dropped a whole line: perhaps rot"
            remedy = "check the disk; what was not acknowledged may be missing"
            yield Finding(NOTE, "set aside", said, remedy)
    for path in sorted(place.state.glob("log.*")) if place.state.is_dir() else []:
        if path.name.startswith(ASIDE):
            said = f"a log from before a restore: {render.clean(path)}"
            yield Finding(NOTE, "set aside", said, "delete it when it is not needed")
        elif path.name == INCOMING:
            said = "a restore did not end well"
            yield Finding(PROBLEM, "set aside", said, "lokictl log restore once more")


def _daemon(place: Workspace) -> Iterator[Finding]:
    client = Client(place)
    try:
        client.ping()
        told = client.get("status", {}, ASK_MS)
    except ProtocolMismatch as error:
        yield Finding(PROBLEM, "daemon", error.message, error.hint)
        return
    except DaemonMissing as error:
        hung = hanging(place, error)
        if hung is not None:
            said = f"pid {hung} keeps the log's lock and does not answer"
            yield Finding(PROBLEM, "daemon", said, RESTART)
            return
        left = place.socket_file.exists()
        said = error.message if left else "none runs: each command reads by itself"
        remedy = (
            "lokictl up replaces it" if left else "lokictl up makes answers quicker"
        )
        yield Finding(PROBLEM if left else NOTE, "daemon", said, remedy)
        return
    yield Finding(OK, "daemon", f"pid {told['daemon']['pid']} answers")
    if told.get("trouble"):
        said = render.clean(told["trouble"])
        yield Finding(PROBLEM, "daemon", said, "free some space, or see its log")
    yield from _watching(told["watch"])
    for source in told["sources"]:
        if source["rejected"]:
            times = render.plural(source["rejected"], "time")
            said = f"source {source['name']} refused something {times}"
            remedy = "lokictl events --type source.rejected says what and why"
            yield Finding(NOTE, "daemon", said, remedy)


def _watching(watch: dict[str, Any]) -> Iterator[Finding]:
    if watch["mode"] != "notify":
        said = f"watching by {watch['mode']}: {render.clean(watch['reason'])}"
        remedy = "answers stay right; raise fs.inotify.max_user_watches to wake sooner"
        yield Finding(NOTE, "daemon", said, remedy)


def _settings(place: Workspace) -> Iterator[Finding]:
    loaded = load_settings(place.loki, os.environ)
    for line in loaded.refused:
        said = f"refused: {render.clean(line)}"
        yield Finding(NOTE, "settings", said, "lokictl config show")
    if not loaded.refused:
        yield Finding(OK, "settings", "each value stands")


def _packages(_place: Workspace) -> Iterator[Finding]:
    """Two of our packages have plain names: nobody else may install them here."""
    owners = metadata.packages_distributions()
    for package in _PACKAGES:
        others = sorted(set(owners.get(package, ())) - {"lokid"})
        if others:
            said = f"{', '.join(others)} installs a package {package!r} here too"
            remedy = "install lokid on its own: uv tool install, or pipx"
            yield Finding(PROBLEM, "packages", said, remedy)
    if not any(set(owners.get(one, ())) - {"lokid"} for one in _PACKAGES):
        yield Finding(OK, "packages", "nobody else uses our names")
