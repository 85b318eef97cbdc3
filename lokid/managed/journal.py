"""``.loki/managed/events.ndjson``: what was done with the managed stores.

One JSON object a line, ``{ts, type, payload}``; the daemon is the only one of ours
that writes it.  Before a line that would pass `ROTATE_BYTES` the file gets the
second's name as its ending, and a number where that is taken: nothing is ever
written over.

It never raises: a journal that cannot be written is remarked once, and what it
would have told is lost with it, while the iteration goes on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from lokid import __version__, atomic, clock

NAME = "events.ndjson"
ROTATE_BYTES = 10 * 1024 * 1024
WRITER = "lokid"
"""What a line of ours says in ``by``: the source passes over it."""
_STAMPS = (("iteration_id", "LOKI_ITERATION_COUNT"), ("session_id", "LOKI_SESSION_ID"))
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW

Payload = Mapping[str, object]


class Journal:
    """See the module; any thread."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], remark: Callable[[str], None]
    ) -> None:
        """``folder`` is made at the first line; ``remark`` hears what fails."""
        self._folder = folder
        self._remark = remark
        self._said = False
        self._lock = threading.Lock()
        version = environ.get("LOKI_VERSION") or "unknown"
        self._stamps: dict[str, object] = {"loki_version": version}
        self._stamps |= {
            name: environ[key] for name, key in _STAMPS if environ.get(key)
        }

    @property
    def path(self) -> Path:
        """The file that is written now."""
        return self._folder / NAME

    def tell(self, kind: str, payload: Payload) -> None:
        """Append one event; what the caller says wins over the stamps."""
        stamped = {**self._stamps, "lokid": __version__, "by": WRITER, **payload}
        with self._lock, suppress(TypeError, ValueError, msgspec.MsgspecError):
            body = {"ts": clock.now(), "type": kind, "payload": stamped}
            self._append(msgspec.json.encode(body) + b"\n")

    def _append(self, line: bytes) -> None:
        try:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._rotate(len(line))
            file = os.open(self.path, _FLAGS, 0o644)
            try:
                atomic.write_all(file, line)
            finally:
                os.close(file)
        except OSError as error:
            if not self._said:
                self._remark(f"{self.path} is not written: {error.strerror}")
            self._said = True
        else:
            self._said = False

    def _rotate(self, coming: int) -> None:
        try:
            size = self.path.lstat().st_size
        except FileNotFoundError:
            return
        if size + coming > ROTATE_BYTES:
            self.path.rename(self._free_name())

    def _free_name(self) -> Path:
        """A name that nothing has: of this second, else with a number."""
        second = clock.now()[:19].translate({ord(c): None for c in "-:"})
        stem = f"{NAME}.{second.replace('T', '-')}"
        number, found = 0, self._folder / stem
        while found.exists() or found.is_symlink():
            number += 1
            found = self._folder / f"{stem}-{number}"
        return found


def files(folder: Path) -> list[Path]:
    """The journal and what was rotated away from it, the newest first.

    Raises OSError when the folder cannot be listed.
    """
    if not folder.is_dir():
        return []
    rotated = [one for one in folder.iterdir() if one.name.startswith(NAME + ".")]
    rotated.sort(key=_order, reverse=True)
    current = folder / NAME
    return [current, *rotated] if current.exists() else rotated


def _order(file: Path) -> tuple[str, int]:
    """By second, then by number: ``-10`` comes after ``-9``."""
    stamp = file.name.removeprefix(NAME + ".")
    second, number = stamp[:15], stamp[16:]
    return second, int(number) if number.isdigit() else 0
