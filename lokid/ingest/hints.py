"""What was read of each file, up to where: saves reading what did not change.

A hint is never truth.  Deleting it costs one full reading, whose facts the
idempotency keys recognise.  The saved file (``cache/seen``) names the log
position at which it was true and is ignored when the log does not hold that
position any more (a log whose last bytes were lost must see its files again).
It begins with a checksum: a damaged one is none, since a wrong generation would
give lines that come a second identity.
"""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec

from lokid import atomic
from lokid.errors import StorageError
from lokid.ingest.files import Signature
from lokid.redact import source_path

FORMAT = 1
_SUM_BYTES = 16


class Hint(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far one file was read.

    ``signature`` None: read again at the next scan.  ``generation`` (hash of
    the first line), ``offset`` and ``anchor`` (hash of the bytes just before
    the offset) place a growing file; ``previous`` is a log's last session.
    ``refused``: why it was not read, where its signature tells nothing of that.
    """

    signature: Signature | None = None
    generation: str | None = None
    offset: int = 0
    anchor: str | None = None
    previous: str | None = None
    refused: str | None = None


class _Saved(msgspec.Struct, kw_only=True):
    format: int
    seq: int
    crc: str
    hints: dict[str, Hint]


class Hints(dict[str, Hint]):
    """Hints by path relative to ``.loki``."""

    def of(self, path: str) -> Hint:
        """The hint of a path, made when there is none."""
        found = self.get(path)
        if found is None:
            found = self[path] = Hint()
        return found

    def forget_gone(self, present: Container[str]) -> None:
        """Drop what was said of files that are not there any more.

        A growing file keeps its place: it may be between two of its names.
        """
        for path, hint in list(self.items()):
            if path not in present and hint.generation is None:
                del self[path]

    def load(self, file: Path, crc_at: dict[int, str]) -> None:
        """Take a saved state if the log still holds its position, else nothing.

        ``crc_at`` answers for the positions that the log was asked about.
        """
        saved = peek(file)
        if saved and (saved.seq == 0 or crc_at.get(saved.seq) == saved.crc):
            self.update(saved.hints)

    def save(self, file: Path, seq: int, crc: str) -> None:
        """Write the hints; the log must be durable up to ``seq`` before."""
        kept = {
            path: hint
            for path, hint in self.items()
            if hint != Hint() and source_path(path) == path  # no odd or private name
        }
        saved = _Saved(format=FORMAT, seq=seq, crc=crc, hints=kept)
        # a hint that cannot be saved costs only time
        with suppress(OSError, StorageError):
            file.parent.mkdir(mode=0o700, exist_ok=True)
            body = msgspec.msgpack.encode(saved)
            atomic.write_file(file, [_sum(body), body])


def peek(file: Path) -> _Saved | None:
    """A saved state as it lies, or None when missing, damaged or of old format."""
    try:
        content = file.read_bytes()
        body = content[_SUM_BYTES:]
        if content[:_SUM_BYTES] != _sum(body):
            return None
        saved = msgspec.msgpack.decode(body, type=_Saved)
    except (OSError, msgspec.DecodeError):
        return None
    return saved if saved.format == FORMAT else None


def _sum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_SUM_BYTES).digest()
