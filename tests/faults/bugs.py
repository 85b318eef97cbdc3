"""Eight bugs, as patches of lokid's text; never in the product.

`seeded` makes a copy of the three packages with one of them in it.  A suite that
stays green on such a copy proves nothing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("lokid", "projections", "cli")


class Edit(msgspec.Struct, frozen=True):
    """In ``file``, ``old`` (which is there once) becomes ``new``."""

    file: str
    old: str
    new: str


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """A bug, and the rows that should find it."""

    name: str
    rows: tuple[str, ...]
    edits: tuple[Edit, ...]


BUGS = (
    Bug(
        name="no fsync",
        rows=("kill-at-each-call", "fsync-order", "power-cut"),
        edits=(
            Edit(
                "lokid/log/commit.py",
                "            os.fdatasync(fd)\n",
                "            os.fstat(fd)\n",
            ),
        ),
    ),
    Bug(
        name="no directory fsync",
        rows=("kill-at-each-call", "fsync-order"),
        edits=(
            Edit(
                "lokid/atomic.py",
                "        fsync(fd, path)\n    finally:\n        os.close(fd)\n\n\ndef ",
                "        os.fstat(fd)\n    finally:\n        os.close(fd)\n\n\ndef ",
            ),
        ),
    ),
    Bug(
        name="acknowledge before fsync",
        rows=("kill-at-each-call", "fsync-order"),
        edits=(
            Edit(
                "lokid/log/commit.py",
                "        self._lead(fd, goal)\n",
                "        threading.Timer(0.01, self._lead, (fd, goal)).start()\n",
            ),
        ),
    ),
    Bug(
        name="retry after a failed fsync",
        rows=("fail-each-call", "failing-fsync"),
        edits=(
            Edit(
                "lokid/log/commit.py",
                "            os.fdatasync(fd)\n",
                "            try:\n                os.fdatasync(fd)\n"
                "            except OSError:\n                os.fdatasync(fd)\n",
            ),
        ),
    ),
    Bug(
        name="truncate in the middle",
        rows=("sealed-bit-flip", "active-bit-flip", "killed-bit-flip"),
        edits=(
            Edit(
                "lokid/log/recovery.py",
                "        _begin_behind_damage(directory, walk.place, ",
                "        cut = directory / walk.place.segment\n"
                "        os.truncate(cut, walk.place.offset)\n"
                "        _begin_behind_damage(directory, walk.place, ",
            ),
        ),
    ),
    Bug(
        name="dedupe by name",
        rows=("kill-at-random", "watch-rewritten"),
        edits=(
            Edit(
                "lokid/sources/facts.py",
                "identity or (source, document.path, document.sha256)",
                "identity or (source, document.path)",
            ),
        ),
    ),
    Bug(
        name="no lock",
        rows=("rivals", "starts-at-once", "engines-race"),
        edits=(
            Edit(
                "lokid/log/lock.py",
                "            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
                "            os.fstat(fd)\n",
            ),
        ),
    ),
    Bug(
        name="cached directory handle",
        rows=("watch-recreated",),
        edits=(
            Edit(
                "lokid/ingest/files.py",
                "_READ = 1 << 20\n",
                "_READ = 1 << 20\n_kept: dict[Path, int] = {}\n",
            ),
            Edit(
                "lokid/ingest/files.py",
                "            self._root = os.open("
                "self._path, os.O_RDONLY | os.O_DIRECTORY)\n",
                "            if self._path not in _kept:\n"
                "                flags = os.O_RDONLY | os.O_DIRECTORY\n"
                "                _kept[self._path] = os.open(self._path, flags)\n"
                "            self._root = os.dup(_kept[self._path])\n",
            ),
        ),
    ),
)


def seeded(bug: Bug | None, folder: Path) -> Path:
    """A copy of the packages with a bug in it, or none; what `PYTHONPATH` names.

    Raises ValueError when the text to change is not there exactly once.
    """
    for package in PACKAGES:
        shutil.copytree(
            REPOSITORY / package,
            folder / package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for edit in bug.edits if bug else ():
        file = folder / edit.file
        text = file.read_text("utf-8")
        if text.count(edit.old) != 1:
            message = (
                f"the bug cannot be put into {edit.file}: this stands there"
                f" {text.count(edit.old)} times, not once:\n{edit.old}"
            )
            raise ValueError(message)
        file.write_text(text.replace(edit.old, edit.new), "utf-8")
    return folder
