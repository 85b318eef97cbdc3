"""What `lokictl doctor` finds of a state directory: owner, rights, room, socket."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from cli import render
from cli.finding import NOTE, OK, PROBLEM, Finding, typed
from lokid.errors import StorageError
from lokid.paths import Workspace

LEAST_FREE = 64 << 20
"""Bytes of room in the state directory below which it is said."""
ELSEWHERE = "set LOKID_STATE_DIR to a directory of yours"
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"}
_ALL = os.R_OK | os.W_OK | os.X_OK


def refused(place: Workspace, error: StorageError) -> Finding:
    """A state directory that no command uses, since somebody else may have made it."""
    seen, said = place.state.lstat(), error.message
    if not stat.S_ISDIR(seen.st_mode):
        return Finding(PROBLEM, "state", said, typed("rm", place.state))
    remedy = typed("sudo", "chown", "-R", str(os.getuid()), place.state)
    return Finding(PROBLEM, "state", f"{said}; if it is not yours, {ELSEWHERE}", remedy)


def state(place: Workspace) -> Iterator[Finding]:
    """Whether there is one, ours alone, and whether it can be written."""
    where = render.clean(place.state)
    if not place.state.exists():
        yield from _to_be_made(place.state)
        return
    folders = [one for one in (place.state, place.log) if os.path.lexists(one)]
    for folder in folders:
        yield from _folder(folder)
    for folder in list(filter(_read_only, folders))[:1]:
        name = render.clean(folder)
        said = f"{name} lies on a disk that is read-only: nothing is remembered"
        yield Finding(PROBLEM, "state", said, f"mount it writable, or {ELSEWHERE}")
    kind = _file_system(place.state)
    if kind in _REMOTE:
        said = f"{where} lies on {kind}: locks and fsync are not to be trusted there"
        yield Finding(PROBLEM, "state", said, "set LOKID_STATE_DIR to a local disk")
    yield from _in_the_sockets_place(place)
    free = shutil.disk_usage(place.state).free
    if free < LEAST_FREE:
        said = f"only {render.size(free)} free for {where}"
        remedy = "free some space; capture goes on by itself"
        yield Finding(PROBLEM, "state", said, remedy)
    else:
        yield Finding(OK, "state", f"{where}, {render.size(free)} free")


def _to_be_made(folder: Path) -> Iterator[Finding]:
    """There is no state directory yet: whether one can be made."""
    parent = folder.parent
    while not os.path.lexists(parent):
        parent = parent.parent
    name, said = render.clean(parent), f"no state yet: it will be in {folder}"
    if not parent.is_dir():
        reason = f"{said}, but {name} is no directory"
        yield Finding(PROBLEM, "state", reason, ELSEWHERE)
    elif _read_only(parent):
        reason = f"{said}, but {name} lies on a disk that is read-only"
        yield Finding(PROBLEM, "state", reason, f"mount it writable, or {ELSEWHERE}")
    elif not os.access(parent, os.W_OK | os.X_OK):
        reason = f"{said}, but {name} may not be written"
        yield Finding(PROBLEM, "state", reason, _permit(parent))
    else:
        yield Finding(NOTE, "state", said, "lokictl up, or any query, makes it")


def _folder(folder: Path) -> Iterator[Finding]:
    """A folder of the state directory: real, ours, ours alone, and writable."""
    seen, name = folder.lstat(), render.clean(folder)
    mode = stat.S_IMODE(seen.st_mode)
    if stat.S_ISLNK(seen.st_mode):
        back = typed("mv", folder.resolve(), folder)
        remedy = f"{typed('rm', folder)} && {back}"
        yield Finding(PROBLEM, "state", f"{name} is a symbolic link", remedy)
        return
    if seen.st_uid != os.getuid():
        remedy = typed("sudo", "chown", "-R", str(os.getuid()), folder)
        yield Finding(PROBLEM, "state", f"{name} belongs to another user", remedy)
    elif mode & 0o077:
        said = f"{name} is open to others ({mode:o})"
        yield Finding(PROBLEM, "state", said, typed("chmod", "700", folder))
    if not os.access(folder, _ALL) and not _read_only(folder):
        said = f"{name} may not be written: nothing is remembered"
        yield Finding(PROBLEM, "state", said, _permit(folder))


def _permit(folder: Path) -> str:
    """What makes a folder writable for us."""
    if folder.stat().st_uid == os.getuid():
        return typed("chmod", "u+rwx", folder)
    return ELSEWHERE


def _read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _in_the_sockets_place(place: Workspace) -> Iterator[Finding]:
    """A directory where the socket, or the file that names it, should be."""
    folders = [place.state]
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        folders.append(Path(runtime) / "lokid")
    names = (f"{place.id}.sock", f"{place.id[-12:]}.sock")
    sockets = [folder / name for folder in folders for name in names]
    for path in (place.socket_file, *sockets):
        if path.is_dir():
            said = f"{render.clean(path)} is a directory: the socket belongs there"
            yield Finding(PROBLEM, "state", said, typed("rm", "-r", path))


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
