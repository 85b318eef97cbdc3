"""A ``.loki`` tree, opened safely: names, and the bytes of regular files.

Whoever writes the workspace may plant anything there, so below ``.loki`` no
symbolic link is followed, neither as a file nor as a folder on the way to one
(``O_NOFOLLOW`` guards only the last component: measured), nothing but regular
files is opened (``O_NONBLOCK``: a FIFO must not hang us), and no more than a
limit is read.  ``.loki`` itself may be a link: it is resolved once a scan.
"""

from __future__ import annotations

import errno
import fnmatch
import functools
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_READ = 1 << 20

_REASONS = {
    errno.ELOOP: "symlink",
    errno.ENOTDIR: "symlink",
    errno.EACCES: "unreadable",
    errno.EPERM: "unreadable",
    errno.EIO: "unreadable",
    errno.ENXIO: "not_regular",
    errno.ENODEV: "not_regular",
}


class Refused(Exception):
    """A path that is not read, with the reason token of ``source.rejected``."""

    def __init__(self, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.size = size


class Vanished(Exception):
    """The file was there when listed and is gone now; no event."""


Signature = tuple[int, int, int, int, int]
"""Device, inode, size, mtime and ctime (ns): same signature, same content."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a glob matched; ``refused`` says why it is not a file for us."""

    path: str
    signature: Signature
    refused: str | None = None


def signature_of(seen: os.stat_result) -> Signature:
    """What changes whenever content changes (ctime cannot be set back)."""
    return (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


class Tree:
    """One scan's view of a ``.loki`` folder; a context manager.

    ``exists`` is False when there is no such folder: a daemon starts without
    one.  Listings and folder handles live as long as the scan, never longer:
    a folder may be deleted and made again under the same name.
    """

    def __init__(self, loki: Path) -> None:
        self._root = loki
        self._folders: dict[str, int] = {}
        self._names: dict[str, list[os.DirEntry[str]]] = {}
        self.closed: set[str] = set()
        """Folders that are there but may not be listed ("" is ``.loki``)."""

    def __enter__(self) -> Self:
        try:
            self._folders[""] = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except PermissionError:
            self.closed.add("")
        except OSError:
            pass  # there is none, or it is no folder
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for handle in self._folders.values():
            os.close(handle)
        self._folders.clear()

    @property
    def exists(self) -> bool:
        """Whether there is a ``.loki`` folder at all."""
        return "" in self._folders

    def matching(self, glob: str, apart: tuple[str, ...] = ()) -> Iterator[Entry]:
        """Every name that a glob means, in name order; refused ones included.

        Files with a name like one of ``apart`` are not even looked at.
        """
        if self.exists:
            yield from self._descend("", glob.split("/"), _any_of(apart))

    def folders(self, glob: str) -> Iterator[str]:
        """Existing folders in which a glob looks, nearest to the root first."""
        parts = glob.split("/")[:-1]
        yield from self._existing("", parts)

    def read(self, path: str, limit: int, offset: int = 0) -> tuple[bytes, Signature]:
        """Bytes of a regular file from an offset on, at most ``limit``.

        Raises Refused (too_large when more is there, symlink, not_regular,
        unreadable) and Vanished.
        """
        return self._pread(path, limit, offset, whole=True)

    def peek(self, path: str, length: int, offset: int) -> tuple[bytes, Signature]:
        """At most ``length`` bytes of a regular file; never too_large."""
        return self._pread(path, length, offset, whole=False)

    def _pread(
        self, path: str, limit: int, offset: int, *, whole: bool
    ) -> tuple[bytes, Signature]:
        folder, _, name = path.rpartition("/")
        try:
            handle = os.open(name, _FILE, dir_fd=self._folder(folder))
        except OSError as error:
            raise _refusal(error) from error
        try:
            seen = os.fstat(handle)
            if not stat.S_ISREG(seen.st_mode):
                raise Refused("not_regular")
            if whole and seen.st_size - offset > limit:
                raise Refused("too_large", seen.st_size)
            data = _read_all(handle, offset, limit)
        except OSError as error:
            raise _refusal(error) from error
        finally:
            os.close(handle)
        return data, signature_of(seen)

    def _descend(
        self, folder: str, parts: list[str], apart: re.Pattern[str] | None
    ) -> Iterator[Entry]:
        pattern, rest = parts[0], parts[1:]
        for entry in self._list(folder):
            if not _matches(entry.name, pattern):
                continue
            path = f"{folder}/{entry.name}" if folder else entry.name
            if rest and entry.is_dir(follow_symlinks=False):
                yield from self._descend(path, rest, apart)
            elif not rest and apart is not None and apart.match(entry.name):
                continue
            elif not rest or entry.is_symlink():
                yield from _entry(entry, path)

    def _existing(self, folder: str, parts: list[str]) -> Iterator[str]:
        if not parts:
            return
        for entry in self._list(folder):
            if _matches(entry.name, parts[0]) and entry.is_dir(follow_symlinks=False):
                path = f"{folder}/{entry.name}" if folder else entry.name
                yield path
                yield from self._existing(path, parts[1:])

    def _list(self, folder: str) -> list[os.DirEntry[str]]:
        if folder not in self._names:
            entries: list[os.DirEntry[str]] = []
            try:
                with os.scandir(self._root / folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except PermissionError:
                self.closed.add(folder)
            except OSError:
                pass  # gone since its parent was listed
            self._names[folder] = entries
        return self._names[folder]

    def _folder(self, path: str) -> int:
        handle = self._folders.get(path)
        if handle is None:
            above, _, name = path.rpartition("/")
            handle = os.open(name, _FOLDER, dir_fd=self._folder(above))
            self._folders[path] = handle
        return handle


def _entry(entry: os.DirEntry[str], path: str) -> Iterator[Entry]:
    try:
        seen = entry.stat(follow_symlinks=False)
    except OSError:
        return
    refused = None
    if stat.S_ISLNK(seen.st_mode):
        refused = "symlink"
    elif not stat.S_ISREG(seen.st_mode):
        refused = "not_regular"
    elif not _is_utf8(path):
        refused = "name_not_utf8"
    yield Entry(path=path, signature=signature_of(seen), refused=refused)


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:  # the surrogates that stand for other bytes
        return False
    return True


@functools.cache
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob))


@functools.cache
def _any_of(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(fnmatch.translate, globs))) if globs else None


def _matches(name: str, glob: str) -> bool:
    """Hidden names are the harness's temporary files: no ``*`` means them."""
    if "*" not in glob and "?" not in glob:
        return name == glob
    return not name.startswith(".") and _pattern(glob).match(name) is not None


def _refusal(error: OSError) -> Exception:
    if error.errno in {errno.ENOENT, errno.ESTALE}:
        return Vanished()
    return Refused(_REASONS.get(error.errno or 0, "unreadable"))


def _read_all(handle: int, offset: int, limit: int) -> bytes:
    pieces = []
    while limit > 0:
        piece = os.pread(handle, min(limit, _READ), offset)
        if not piece:
            break
        pieces.append(piece)
        offset += len(piece)
        limit -= len(piece)
    return b"".join(pieces)
