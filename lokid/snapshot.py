"""Snapshots: the facts of a log up to a mark, decoded, so that a start is quick.

A snapshot is no truth and no read model: it holds what folding begins with, and
goes through the same fold as the log's own lines.  So an answer from a snapshot
and the log's tail equals one from the whole log, byte for byte, and a start reads,
checks and parses only what lies behind the mark.

``<state>/snapshots/snap-<seq, 20 digits>.msgpack``, 0600 in 0700, written whole
(``atomic.py``)::

    frame, frame, ...   each 4 bytes of length (big-endian), then msgpack
    digest              the last 32 bytes: blake2b of all before

The first frame is the `Head`: format, code (see `code_of`), the log's mark, how
many facts follow.  Each other frame holds `SLICE` facts in order of seq, as
``packed.py`` packs them.

Promises:

* It is a function of the log up to its mark: whoever makes it, its bytes are the
  same.
* `newest` gives one that is whole, of this code and of this format, or none.  What
  does not fit in any way is passed by for the older one, with a remark, and is
  never an error.  Whether the log still holds the mark is for ``Log.open`` to say.
* Two are kept.

It says what the log said when it was made.  Who changes the past of a log (a
redaction) must delete what was made of it (``keeping.forget``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from lokid import __version__, atomic
from lokid.errors import StorageError
from lokid.events import EVENTS, Recorded
from lokid.log import Mark
from lokid.packed import pack, unpack
from lokid.projection import Projection

FORMAT: Final = 1
KEPT: Final = 2
SLICE: Final = 2048
"""Facts in a frame: encoding one keeps other threads waiting some 2 ms."""
_DIGEST: Final = 32
_LENGTH: Final = 4
_BLOCK: Final = 1 << 20
_NAME: Final = re.compile(r"snap-\d{20}\.msgpack")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot says of itself."""

    format: int
    code: str
    mark: Mark
    facts: int


class Unfit(Exception):
    """Why a snapshot is passed by."""


_FAULTS = (msgspec.MsgspecError, ValueError, LookupError, RecursionError, OSError)
"""What reading a file comes to that is none of ours."""
FAILURES = (msgspec.MsgspecError, ValueError, OverflowError, OSError, StorageError)
"""What saving raises: a disk, or facts that msgpack does not hold."""
_head = msgspec.msgpack.Decoder(Head)


class Snapshot:
    """A whole one of this code, open; its facts are decoded when asked for."""

    def __init__(self, file: BinaryIO, head: Head) -> None:
        """``file`` stands behind the head."""
        self.mark = head.mark
        self._file = file
        self._count = head.facts

    def frames(self) -> Iterator[list[Recorded]]:
        """The facts, a frame at a time; once.  Raises Unfit."""
        done = 0
        while done < self._count:
            try:
                facts = unpack(_next_frame(self._file))
            except _FAULTS as error:
                raise Unfit(str(error)) from error
            done += len(facts)
            yield facts

    def close(self) -> None:
        """Nothing of it is wanted any more."""
        self._file.close()


def code_of(projections: Iterable[Projection]) -> str:
    """A digest of the code that makes and takes a snapshot.

    Our version, those of the read models, and what each event is made of: a field
    that an older lokid did not know is missing in what it kept, not in the log.
    """
    views = [(view.name, view.version) for view in projections]
    events = [(kind.TYPE, kind.VERSION, kind.__struct_fields__) for kind in EVENTS]
    told = msgspec.msgpack.encode((__version__, views, events))
    return blake2b(told, digest_size=8).hexdigest()


# -- reading ---------------------------------------------------------------------


def newest(folder: Path, code: str, remark: Callable[[str], None]) -> Snapshot | None:
    """The newest that is whole and of this code; ``remark`` hears of any other."""
    for name in reversed(_names(folder)):
        try:
            file = (folder / name).open("rb")
            try:
                return Snapshot(file, _checked(file, code))
            except BaseException:
                file.close()
                raise
        except (Unfit, *_FAULTS) as error:
            remark(f"snapshot {name} is not used: {error}")
    return None


def _checked(file: BinaryIO, code: str) -> Head:
    """The head of a snapshot that is whole and of this code."""
    _check(file)
    file.seek(0)
    head = _head.decode(_next_frame(file))
    if head.format != FORMAT:
        message = f"it is of format {head.format}"
        raise Unfit(message)
    if head.code != code:
        message = "another version of lokid made it"
        raise Unfit(message)
    return head


def _check(file: BinaryIO) -> None:
    """Hold the whole file against its digest."""
    left = os.fstat(file.fileno()).st_size - _DIGEST
    digest = blake2b(digest_size=_DIGEST)
    while left > 0:
        block = file.read(min(left, _BLOCK))
        if not block:
            break
        digest.update(block)
        left -= len(block)
    if left or file.read() != digest.digest():
        message = "it is damaged"
        raise Unfit(message)


def _next_frame(file: BinaryIO) -> bytes:
    return file.read(int.from_bytes(file.read(_LENGTH), "big"))


# -- writing ---------------------------------------------------------------------


def save(folder: Path, code: str, mark: Mark, facts: Sequence[Recorded]) -> None:
    """Write the snapshot of all ``facts`` of a log up to its ``mark``.

    The log must be durable up to there.  Raises `FAILURES`, and leaves then what
    there was.
    """
    if [one.seq for one in facts[-1:]] != [mark.seq]:
        message = "its facts do not end at its mark"
        raise ValueError(message)
    atomic.make_directory(folder)
    atomic.write_file(folder / _name(mark.seq), _written(code, mark, facts))
    names = _names(folder)
    # what is newer than the log's end is another log's
    kept = [name for name in names if name <= _name(mark.seq)][-KEPT:]
    left = (one.name for one in folder.glob("snap-*" + atomic.TEMPORARY))
    for name in {*names, *left} - {*kept}:
        (folder / name).unlink()


def _written(code: str, mark: Mark, facts: Sequence[Recorded]) -> Iterator[bytes]:
    digest = blake2b(digest_size=_DIGEST)
    head = Head(format=FORMAT, code=code, mark=mark, facts=len(facts))
    slices = (facts[at : at + SLICE] for at in range(0, len(facts), SLICE))
    for data in chain([msgspec.msgpack.encode(head)], map(pack, slices)):
        framed = len(data).to_bytes(_LENGTH, "big") + data
        digest.update(framed)
        yield framed
    yield digest.digest()


def _name(seq: int) -> str:
    return f"snap-{seq:020d}.msgpack"


def _names(folder: Path) -> list[str]:
    """Names of all that there are, oldest first."""
    try:
        with os.scandir(folder) as entries:
            found = [one.name for one in entries if one.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(name for name in found if _NAME.fullmatch(name))
