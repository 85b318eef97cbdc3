"""File systems made for one row: tmpfs, and ext4 on a loop image.

Each is a context manager that unmounts what it mounted, also when the row fails
or a process still stands in it.  Where the machine lets nobody mount, `NotRun`
says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from table import Bench, NotRun

_KIB = 1024


def need(command: str, *tools: str) -> None:
    """Raise NotRun when a tool is missing; ``command`` runs the row elsewhere."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for tool in tools:
        if shutil.which(tool, path=path) is None:
            reason = f"there is no {tool} here"
            raise NotRun(reason, command)


def need_mounts(row: str) -> None:
    """Raise NotRun unless this process may mount."""
    command = f"sudo python tests/faults/run.py --only {row}"
    if os.geteuid() != 0:
        reason = "only root may mount"
        raise NotRun(reason, command)
    need(command, "mount", "umount", "mkfs.ext4", "e2fsck")


@contextmanager
def tmpfs(folder: Path, size: int) -> Iterator[Path]:
    """A tmpfs of ``size`` bytes at ``folder``; raises NotRun where it may not be."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        unmount(folder)


def resize(folder: Path, size: int) -> None:
    """Give a mounted tmpfs another size."""
    _mount("-o", f"remount,size={size}", str(folder))


def make_image(image: Path, size: int) -> None:
    """A sparse image with an empty ext4 in it."""
    with image.open("wb") as file:
        file.truncate(size)
    _run("mkfs.ext4", "-q", "-F", str(image))


def check_image(image: Path) -> None:
    """Repair an unmounted image, as a boot after a failing disk would."""
    subprocess.run(
        ["e2fsck", "-f", "-y", str(image)], capture_output=True, check=False
    )  # its exit code tells that it repaired something, not that it could not


@contextmanager
def loop(image: Path, folder: Path, options: str = "") -> Iterator[Path]:
    """An ext4 image mounted at ``folder``, its journal replayed."""
    folder.mkdir(parents=True, exist_ok=True)
    more = f"loop,{options}" if options else "loop"
    _mount("-t", "ext4", "-o", more, str(image), str(folder))
    try:
        yield folder
    finally:
        unmount(folder)


def break_ext4(folder: Path) -> None:
    """Tell ext4 that it found an error.

    Mounted ``errors=remount-ro`` it is read-only from now on, also for those who
    have files open to write.
    """
    device = next(
        line.split()[0]
        for line in Path("/proc/mounts").read_text().splitlines()
        if line.split()[1] == str(folder)
    )
    control = Path("/sys/fs/ext4") / Path(device).name / "trigger_fs_error"
    control.write_text("a row of the fault table")


@contextmanager
def quick_folder(bench: Bench) -> Iterator[Path]:
    """Memory where this process may mount, else the plain folder.

    For rows that say nothing of disks and open a log thousands of times.
    """
    folder = bench.folder / "memory"
    folder.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", str(folder))
    except NotRun:
        yield folder
        return
    try:
        yield folder
    finally:
        unmount(folder)


def unmount(folder: Path) -> None:
    """Unmount; what is still busy goes when its last file is closed."""
    done = subprocess.run(["umount", str(folder)], capture_output=True, check=False)
    if done.returncode:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def _mount(*words: str) -> None:
    try:
        done = subprocess.run(
            ["mount", *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        reason = "there is no mount here"
        raise NotRun(reason, "run it on Linux, as root") from None
    if done.returncode:
        reason = f"mount {' '.join(words)}: {done.stderr.strip()}"
        raise NotRun(reason, "run it as root, with loop devices and tmpfs")


def _run(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=True)
