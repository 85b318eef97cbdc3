"""`Log`: the one writer of a workspace's log.

Promises:

* What ``append`` returned is in the file; what ``sync`` returned for is on the
  disk, and after any crash it is there once, in order.
* An append is in one segment, whole, or (DiskFull) not at all.
* ``append`` returns exactly what ``read`` gives later.

Refuses: a second writer (WriterExists), and any work after a failed fdatasync
or a write error other than a full disk: what the disk holds is not known then
(StorageError, for ever; open the log anew).

``append`` and ``close`` belong to one thread, the rest to any.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lokid import atomic, clock, codec
from lokid.errors import DiskFull, EventRefused, LokidError, StorageError
from lokid.events import Fact, LogRepaired, Recorded
from lokid.log.commit import Commit
from lokid.log.keys import event_id
from lokid.log.lock import take_lock
from lokid.log.reader import LogReader
from lokid.log.recovery import Recovered, recover
from lokid.log.segment import segment_name, segment_names
from lokid.log.walk import Damage

SEGMENT_BYTES = 8 * 1024 * 1024
_Data = bytes  # inside the class the property hides the type
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Log:
    """An open log; make one with `Log.open`."""

    def __init__(
        self, directory: Path, lock: int, segment_bytes: int, recovered: Recovered
    ) -> None:
        """Take over a recovered log; its lock is this object's from here on."""
        place = recovered.place
        self._directory = directory
        self._lock = lock
        self._segment_bytes = segment_bytes
        self._seq = place.seq
        self._crc = place.crc
        self._size = place.offset
        names = segment_names(directory)
        self._segments = len(names)
        sizes = sum((directory / name).stat().st_size for name in names)
        self._sealed_bytes = sizes - place.offset
        self._repaired = recovered.repaired
        self._damages = tuple(recovered.damages)
        self._reader = LogReader(directory, recovered.entered)
        self._fd = _open_to_append(directory / place.segment)
        self._commit = Commit(self._fd, place.seq)
        self._closed = False

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        lock_wait: float = 0.0,
    ) -> Log:
        """Open the log for writing, making it where there is none.

        ``segment_bytes``: a segment is sealed when an append would pass it;
        ``lock_wait``: seconds to wait for another writer.  All that is served
        afterwards is durable.  Raises WriterExists, DiskFull, StorageError.
        """
        with _as_storage_error(directory):
            atomic.make_directory(directory)
        lock = take_lock(directory, lock_wait)
        try:
            with _as_storage_error(directory):
                recovered = recover(directory, clock.now())
                log = cls(directory, lock, segment_bytes, recovered)
        except BaseException:
            os.close(lock)
            raise
        if recovered.torn is not None:
            try:
                log._record_repair(recovered.torn)
            except BaseException:
                log.close()
                raise
        return log

    @property
    def seq(self) -> int:
        """The last seq; 0 when the log is empty."""
        return self._seq

    @property
    def synced(self) -> int:
        """The seq up to which all is durable."""
        return self._commit.synced

    @property
    def bytes(self) -> int:
        """Size of all segments."""
        return self._sealed_bytes + self._size

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return self._segments

    @property
    def repaired(self) -> int:
        """How many ``log.repaired`` the log holds."""
        return self._repaired

    @property
    def damages(self) -> tuple[Damage, ...]:
        """The places where lines are damaged, as found on open."""
        return self._damages

    def append(self, facts: Sequence[tuple[str, Fact]], at: str) -> list[Recorded]:
        """Write (id, fact) pairs in their order; not durable before ``sync``.

        ``at`` is the time of appending.  The facts are redacted, new and sorted
        already.  Raises EventRefused when one does not fit a line (none is written
        then), DiskFull (none is written, try again later), StorageError.
        """
        self._commit.check()
        lines: list[bytes] = []
        recorded: list[Recorded] = []
        crc = self._crc
        for seq, (key, fact) in enumerate(facts, self._seq + 1):
            line = codec.encode_line(seq, crc, key, fact, at)
            crc = codec.crc_of(line)
            lines.append(line)
            recorded.append(_read_back(line, fact))
        data = b"".join(lines)
        if not data:
            return []
        if self._size and self._size + len(data) > self._segment_bytes:
            self._cut()
        self._write(data)
        self._seq += len(lines)
        self._crc = crc
        self._size += len(data)
        self._commit.wrote(self._seq)
        return recorded

    def sync(self, seq: int | None = None) -> None:
        """Return when all up to ``seq`` (default: all appended) is durable.

        Any thread; waiters share one fdatasync.  Raises StorageError, for ever.
        """
        self._commit.sync(seq)

    def read(self, since: int = 0, until: int | None = None) -> Iterator[Recorded]:
        """Events with ``since`` < seq <= ``until``, in order.

        Never behind the last one appended when this is called; any thread, also
        while appending.
        """
        end = self._seq if until is None else min(until, self._seq)
        return self._reader.read(since, end)

    def close(self) -> None:
        """Make durable what was appended, and let the next writer in."""
        if self._closed:
            return
        self._closed = True
        try:
            if not self._commit.poisoned:
                self._commit.sync()
        finally:
            self._commit.poison("the log is closed")
            os.close(self._fd)
            os.close(self._lock)

    def _record_repair(self, torn: LogRepaired) -> None:
        identity = (torn.TYPE, torn.segment, torn.offset, self._seq + 1)
        fact = Fact(event=torn, identity=identity)
        self.append([(event_id(identity), fact)], clock.now())
        self.sync()
        self._repaired += 1

    def _cut(self) -> None:
        """Seal the segment and begin the next, durably, before anything is in it.

        A sealed segment is durable, so later damage in it is no torn tail.
        """
        self._commit.sync()
        path = self._directory / segment_name(self._seq + 1)
        try:
            atomic.write_file(path)
            fd = _open_to_append(path)
        except OSError as error:
            raise self._failed(error) from error
        except StorageError as error:
            raise self._commit.poison(error.message) from error
        os.close(self._commit.switch(fd))
        self._fd = fd
        self._sealed_bytes += self._size
        self._size = 0
        self._segments += 1

    def _write(self, data: _Data) -> None:
        try:
            atomic.write_all(self._fd, data)
        except OSError as error:
            failed = self._failed(error)
            if isinstance(failed, DiskFull):
                self._roll_back()
            raise failed from error
        except BaseException:
            # Interrupted in the middle: how much is in the file is not known.
            self._commit.poison("a write to the log was interrupted")
            raise

    def _roll_back(self) -> None:
        """Take back what a full disk left of a batch."""
        try:
            os.ftruncate(self._fd, self._size)
            os.fdatasync(self._fd)
        except OSError as error:
            message = f"cannot take back a half-written batch: {error.strerror}"
            raise self._commit.poison(message) from error

    def _failed(self, error: OSError) -> LokidError:
        """DiskFull for a full disk; anything else poisons."""
        if error.errno in _FULL:
            return DiskFull(f"no room for the log in {self._directory}")
        message = f"cannot write the log in {self._directory}: {error.strerror}"
        return self._commit.poison(message)


def _open_to_append(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)


def _read_back(line: bytes, fact: Fact) -> Recorded:
    """What a later read gives; EventRefused when that is not an event."""
    recorded = codec.decode_line(line)
    if recorded.event is None:
        message = f"an event {fact.event.TYPE} ({recorded.id}) would not read back"
        raise EventRefused(message)
    return recorded


@contextlib.contextmanager
def _as_storage_error(directory: Path) -> Iterator[None]:
    """OSError while opening, as the error a user can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            message = f"no room to open the log in {directory}"
            raise DiskFull(message) from error
        message = f"cannot open the log in {directory}: {error.strerror}"
        raise StorageError(message) from error
