"""A ``.loki`` tree, opened safely: names, and the bytes of regular files.

Whoever writes the workspace may plant anything there.  Below ``.loki``:

* no symbolic link is followed, neither as a file nor as a folder on the way
  (``beneath.py``); a folder is listed through its open handle, never by name, so
  that nothing can be put in its place in between;
* nothing but regular files is opened (``O_NONBLOCK``: a FIFO must not hang us),
  and no more than a limit is read; a file that changes meanwhile is read again;
* a file of another user than us, root or the owner of ``.loki`` is refused
  (``foreign_owner``);
* a file with several names is refused (``hard_link``) where others may make names:
  in a folder of another user, or one that its group or everybody may write.  It
  may be a secret from elsewhere.  In a folder of ours alone only we could have
  linked it, as ``cp -al`` does for a backup.

``.loki`` itself may be a link: it is resolved once a scan.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from lokid.ingest.beneath import Opener, open_beneath
from lokid.ingest.globs import Name, among, any_of, is_utf8, named
from lokid.ingest.refusals import ABSENT, STARVED, Refused, Unfinished, refusal

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_READ = 1 << 20
_name = attrgetter("name")
_TRIES = 3
"""How often a file that changes while it is read is read at most."""
_OPEN_FOLDERS = 96
"""Handles that are kept at most: there may be more folders than handles."""

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

    def __init__(self, loki: Path, opener: Opener = open_beneath) -> None:
        self._path = loki
        self._open = opener
        self._root = -1
        self._owners: set[int] = set()
        self._folders: dict[str, int] = {}
        self._names: dict[str, dict[str, Name]] = {}
        self._gone: set[str] = set()
        self.closed: set[str] = set()
        """Folders of which not all was seen, for want of rights or of handles
        ("" is ``.loki``): what is missed there is not gone."""
        self.starved = False
        """Whether handles were what was wanting."""

    def __enter__(self) -> Self:
        try:
            self._root = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            self._missed("", error)
        else:
            self._owners = {os.getuid(), 0, os.fstat(self._root).st_uid}
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
        if self.exists:
            os.close(self._root)
            self._root = -1

    @property
    def exists(self) -> bool:
        """Whether there is a ``.loki`` folder at all."""
        return self._root >= 0

    def matching(self, glob: str, apart: tuple[str, ...] = ()) -> Iterator[Entry]:
        """Every name that a glob means, in name order; refused ones included.

        Files with a name like one of ``apart`` are not even looked at.
        """
        if not self.exists:
            return
        *above, last = glob.split("/")
        unseen = any_of(apart)
        for folder, link in self._above("", above):
            names = [link] if link else self._meant(folder, last, unseen)
            for name in names:
                entry = self._entry(folder, name)
                if entry is not None:
                    yield entry

    def list_anew(self, path: str) -> None:
        """Forget what a file's folder held: it may hold other names by now."""
        self._names.pop(path.rpartition("/")[0], None)

    def folders(self, glob: str) -> Iterator[str]:
        """Existing folders in which a glob looks, nearest to the root first."""
        yield from self._existing("", glob.split("/")[:-1])

    def listed(self) -> list[str]:
        """The folders that were listed so far, without ``.loki`` itself."""
        return [folder for folder in self._names if folder and folder not in self._gone]

    def read(self, path: str, limit: int, offset: int = 0) -> tuple[bytes, Signature]:
        """Bytes of a regular file from an offset on, at most ``limit``.

        Raises Refused (too_large when more is there, symlink, not_regular,
        unreadable, foreign_owner, hard_link), Vanished, and Unfinished for a
        file that is being written all the time.
        """
        for _ in range(_TRIES):
            data, signature, after = self._pread(path, limit, offset, whole=True)
            if signature == after:
                return data, signature
        raise Unfinished("changing", len(data))

    def peek(self, path: str, length: int, offset: int) -> tuple[bytes, Signature]:
        """At most ``length`` bytes of a regular file; never too_large."""
        return self._pread(path, length, offset, whole=False)[:2]

    def _pread(
        self, path: str, limit: int, offset: int, *, whole: bool
    ) -> tuple[bytes, Signature, Signature]:
        try:
            handle = self._open(self._root, path, _FILE)
        except OSError as error:
            raise refusal(error) from error
        try:
            seen = os.fstat(handle)
            if refused := self._refused(path, seen):
                raise Refused(refused)
            if whole and seen.st_size - offset > limit:
                raise Refused("too_large", seen.st_size)
            data = _read_all(handle, offset, limit)
            after = os.fstat(handle)
        except OSError as error:
            raise refusal(error) from error
        finally:
            os.close(handle)
        return data, signature_of(seen), signature_of(after)

    def _meant(
        self, folder: str, glob: str, unseen: re.Pattern[str] | None
    ) -> list[str]:
        names = [one.name for one in among(self._list(folder), glob)]
        return [one for one in names if not unseen.match(one)] if unseen else names

    def _above(self, folder: str, parts: list[str]) -> Iterator[tuple[str, str | None]]:
        """The folders that these parts mean; with a name: the link that is in the way.

        In name order.
        """
        if not parts:
            yield folder, None
            return
        for one in among(self._list(folder), parts[0]):
            if one.is_folder:
                yield from self._above(_below(folder, one.name), parts[1:])
            elif one.is_link:
                yield folder, one.name

    def _existing(self, folder: str, parts: list[str]) -> Iterator[str]:
        if not parts:
            return
        for one in among(self._list(folder), parts[0]):
            if one.is_folder:
                path = _below(folder, one.name)
                yield path
                yield from self._existing(path, parts[1:])

    def _list(self, folder: str) -> dict[str, Name]:
        names = self._names.get(folder)
        if names is None:
            names = self._names[folder] = {}
            try:
                with os.scandir(self._folder(folder)) as found:
                    listed = sorted(map(named, found), key=_name)
            except OSError as error:
                self._gone.add(folder)
                self._missed(folder, error)
            else:
                names |= {one.name: one for one in listed}
        return names

    def _entry(self, folder: str, name: str) -> Entry | None:
        path = _below(folder, name)
        try:
            above = self._folder(folder)
            seen = os.stat(name, dir_fd=above, follow_symlinks=False)
            refused = self._refused(path, seen)
        except OSError as error:
            self._missed(folder, error)
            return None
        return Entry(path=path, signature=signature_of(seen), refused=refused)

    def _missed(self, folder: str, error: OSError) -> None:
        """Not all of a folder was seen, unless it is not there at all."""
        if error.errno not in ABSENT:
            self.closed.add(folder)
        self.starved = self.starved or error.errno in STARVED

    def _refused(self, path: str, seen: os.stat_result) -> str | None:
        """Why a file is none for us, by what the system says of it."""
        if not stat.S_ISREG(seen.st_mode):
            return "symlink" if stat.S_ISLNK(seen.st_mode) else "not_regular"
        if not (path.isascii() or is_utf8(path)):
            return "name_not_utf8"
        if seen.st_uid not in self._owners:
            return "foreign_owner"
        if seen.st_nlink > 1 and self._others_make_names(path.rpartition("/")[0]):
            return "hard_link"
        return None

    def _others_make_names(self, folder: str) -> bool:
        seen = os.fstat(self._folder(folder))
        others = stat.S_IWGRP | stat.S_IWOTH
        return bool(seen.st_mode & others) or seen.st_uid not in self._owners

    def _folder(self, path: str) -> int:
        """A handle of a folder, for one call: the next one may close it."""
        if not path:
            return self._root
        handle = self._folders.pop(path, None)
        if handle is None:
            handle = self._open(self._root, path, _FOLDER)
            while len(self._folders) >= _OPEN_FOLDERS:
                os.close(self._folders.pop(next(iter(self._folders))))
        self._folders[path] = handle  # the newest last
        return handle


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


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
