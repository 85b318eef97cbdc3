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


def make_solid_image(image: Path, size: int, solid: int) -> None:
    """The same, with its tables and journal in the first ``solid`` bytes, all there.

    So it is the data that a device too small for the image has no room for.
    """
    with image.open("wb") as file:
        file.truncate(size)
    tables = ("-b", "4096", "-N", "64", "-E", "packed_meta_blocks=1")
    _run("mkfs.ext4", "-q", "-F", *tables, str(image))
    with image.open("r+b") as file:
        head = file.read(solid)
        file.seek(0)
        file.write(head)


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
    control = Path("/sys/fs/ext4") / _device(folder) / "trigger_fs_error"
    control.write_text("a row of the fault table")


@contextmanager
def page_by_page(folder: Path) -> Iterator[None]:
    """Let a mounted loop device write single pages.

    What is larger may be written in part, when the backing is full, and the loop
    driver takes a part for the whole (seen on 6.18): a device that lies, where
    one that fails is wanted.
    """
    limit = Path("/sys/block") / _device(folder) / "queue" / "max_sectors_kb"
    before = limit.read_text()
    limit.write_text("4")
    try:
        yield
    finally:
        limit.write_text(before)


def _device(folder: Path) -> str:
    """The name of the block device that is mounted at ``folder``."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    return next(Path(words[0]).name for words in mounts if words[1] == str(folder))


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
