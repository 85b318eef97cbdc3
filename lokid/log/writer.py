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
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lokid import atomic, clock, codec
from lokid.errors import DiskFull, StorageError
from lokid.events import Fact, LogRepaired, Recorded
from lokid.log import backup, rewrite, watermark
from lokid.log.commit import Commit
from lokid.log.encoding import encoded
from lokid.log.keys import event_id
from lokid.log.last import FULL, LastSegment
from lokid.log.lock import take_lock
from lokid.log.reader import LogReader
from lokid.log.recovery import Recovered, recover
from lokid.log.rewrite import Cut
from lokid.log.walk import Damage, Place
from lokid.log.watermark import Mark, Watermark

SEGMENT_BYTES = 8 * 1024 * 1024
_Line = bytes  # inside the class the property hides the type


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
        self.resumed = recovered.resumed
        self._repaired = recovered.repaired
        self._damages = tuple(recovered.damages)
        self._entered = list(recovered.entered)
        self._reader = LogReader(directory, recovered.entered)
        self._watermark = watermark.read(directory)
        self._last = LastSegment(directory, place.segment, place.offset)
        self._commit = Commit(self._last.fd, place.seq)
        self._closed = False

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        lock_wait: float = 0.0,
        resume: Mark | None = None,
    ) -> Log:
        """Open the log for writing, making it where there is none.

        ``segment_bytes``: a segment is sealed when an append would pass it;
        ``lock_wait``: seconds to wait for another writer; ``resume``: verify only
        what lies behind this mark, if the log still holds it (`resumed`).  All
        that is served afterwards is durable.  Raises WriterExists, DiskFull,
        StorageError.
        """
        with _as_storage_error(directory):
            backup.settle(directory)
            atomic.make_directory(directory)
        lock = take_lock(directory, lock_wait)
        try:
            with _as_storage_error(directory):
                recovered = recover(directory, clock.now(), resume)
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
        return sum(self._last.sealed.values()) + self._last.size

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return len(self._last.sealed) + 1

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
        lines, recorded = encoded(facts, self._seq, self._crc, at)
        data = b"".join(lines)
        if not data:
            return []
        if self._last.size and self._last.size + len(data) > self._segment_bytes:
            self.seal()
        self._last.write(data, self._commit)
        self._seq += len(lines)
        self._crc = codec.crc_of(lines[-1])
        self._commit.wrote(self._seq)
        return recorded

    def adopt(self, lines: Sequence[_Line]) -> int:
        """Append intact lines of this log again, under new numbers.

        For what lies behind damage and is not served (``salvage.py``); not durable
        before `sync`.  Gives how many it were; raises as `append`.
        """
        self._commit.check()
        for line in lines:
            again = codec.rehead(line, self._seq + 1, self._crc)
            if self._last.size + len(again) > self._segment_bytes:
                self.seal()
            self._last.write(again, self._commit)
            self._seq += 1
            self._crc = codec.crc_of(again)
            self._commit.wrote(self._seq)
        return len(lines)

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

    def mark(self) -> Mark:
        """Where the log ends now, made durable; for the appending thread.

        Raises StorageError.
        """
        self._commit.sync()
        return Mark(
            segment=self._last.name,
            offset=self._last.size,
            seq=self._seq,
            c=self._crc.decode("ascii"),
            sizes=dict(self._last.sealed),
            entered=list(self._entered),
            damages=list(self._damages),
            repaired=self._repaired,
        )

    def save_watermark(self) -> None:
        """Keep on record up to where all is durable; for the appending thread.

        A record that cannot be written costs only what it would have told.
        Raises StorageError when an fsync fails, of the log or of its folder.
        """
        self._commit.sync()
        crc = self._crc.decode("ascii")
        now = Watermark(self._last.name, self._last.size, self._seq, crc)
        if now == self._watermark:
            return
        try:
            with contextlib.suppress(OSError):
                watermark.write(self._directory, now)
                self._watermark = now
        except StorageError as error:
            raise self._commit.poison(error.message) from error

    def seal(self) -> None:
        """Begin a new segment now, unless the last one is empty.

        Raises DiskFull, StorageError.
        """
        self._commit.check()
        if self._last.size:
            self._commit.sync()
            self._last.cut(self._seq + 1, self._commit)
            self._entered.append(Place(self._last.name, 0, self._seq, self._crc))

    def replace(
        self,
        cut: Cut,
        carried: Sequence[_Line],
        summaries: Sequence[tuple[str, Fact]],
        at: str,
    ) -> None:
        """Let a compacted beginning stand for all lines up to a cut; durable.

        See ``rewrite.py``, whose ``cut_behind`` finds the cut, for what is given
        and raised.  For the appending thread; readers of the old lines that are
        under way end with StorageError, those behind the cut go on.
        """
        self._commit.check()
        if cut.segment == self._last.name:
            self.seal()
        try:
            made = rewrite.replace(self._directory, cut, carried, summaries, at)
            self._last.replaced(made.void, made.name)
        except OSError as error:
            raise self._last.failed(error, self._commit) from error
        except StorageError as error:
            raise self._commit.poison(error.message) from error
        begin = Place(made.name, 0, made.seq - 1, codec.NO_CRC)
        self._entered = [begin, *(one for one in self._entered if one.seq >= cut.until)]
        self._damages = tuple(
            one for one in self._damages if one.after_seq >= cut.until
        )
        self._reader = LogReader(self._directory, list(self._entered))
        self.save_watermark()

    def close(self) -> None:
        """Make durable what was appended, and let the next writer in."""
        if self._closed:
            return
        self._closed = True
        try:
            if not self._commit.poisoned:
                self.save_watermark()
        finally:
            self._commit.poison("the log is closed")
            os.close(self._last.fd)
            os.close(self._lock)

    def _record_repair(self, torn: LogRepaired) -> None:
        identity = (torn.TYPE, torn.segment, torn.offset, self._seq + 1)
        fact = Fact(event=torn, identity=identity)
        self.append([(event_id(identity), fact)], clock.now())
        self.sync()
        self._repaired += 1


@contextlib.contextmanager
def _as_storage_error(directory: Path) -> Iterator[None]:
    """OSError while opening, as the error a user can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            message = f"no room to open the log in {directory}"
            raise DiskFull(message) from error
        message = f"cannot open the log in {directory}: {error.strerror}"
        raise StorageError(message) from error
