from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from log_rig import AT, SMALL, pair, pairs, segments
from lokid.errors import StorageError
from lokid.log import Log, LogReader, verify

HERE = str(Path(__file__).parent)


def handle_of(path: Path) -> int:
    """The file descriptor under which this process has a file open."""
    for link in Path("/proc/self/fd").iterdir():
        try:
            if link.readlink() == path.resolve():
                return int(link.name)
        except FileNotFoundError:
            continue
    message = f"{path} is not open"
    raise AssertionError(message)


# -- group commit -------------------------------------------------------------


def test_all_that_wait_while_one_syncs_share_the_next_fdatasync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """17 threads, two calls: the first event's, and one for all the others."""
    real = os.fdatasync
    calls: list[int] = []
    under_way, go_on = threading.Event(), threading.Event()

    def counted(fd: int) -> None:
        calls.append(fd)
        if len(calls) == 1:
            under_way.set()
            assert go_on.wait(60)
        real(fd)

    log = Log.open(tmp_path / "log")
    monkeypatch.setattr(os, "fdatasync", counted)
    log.append([pair(1)], AT)
    threads = [threading.Thread(target=log.sync, args=(1,))]
    threads[0].start()
    assert under_way.wait(60)
    log.append(pairs(2, 17), AT)
    threads += [threading.Thread(target=log.sync, args=(n,)) for n in range(2, 18)]
    for thread in threads[1:]:
        thread.start()
    assert 0 == log.synced
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert (2, 17) == (len(calls), log.synced)
    log.close()


def test_many_threads_wait_while_one_appends_over_cuts(tmp_path: Path) -> None:
    """Whoever waited finds its event durable; nothing deadlocks, nothing is lost."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    appended = threading.Semaphore(0)
    wrong: list[int] = []

    def wait_for(numbers: range) -> None:
        for number in numbers:
            appended.acquire()
            seq = min(number, log.seq)
            log.sync(seq)
            if log.synced < seq:
                wrong.append(seq)

    threads = [
        threading.Thread(target=wait_for, args=(range(first, 201, 20),))
        for first in range(1, 21)
    ]
    for thread in threads:
        thread.start()
    for number in range(1, 201):
        log.append([pair(number)], AT)
        appended.release()
    for thread in threads:
        thread.join(60)
    assert [] == wrong
    assert log.segments > 20
    log.close()
    assert 200 == sum(1 for _ in LogReader(tmp_path / "log").read())


# -- what breaks for ever -----------------------------------------------------


def test_a_failed_fdatasync_poisons_for_ever(tmp_path: Path) -> None:
    """No second try, also when it would succeed; a new open starts afresh."""
    log = Log.open(tmp_path / "log")
    log.append(pairs(1, 2), AT)
    log.sync()
    log.append(pairs(3, 4), AT)
    handle = handle_of(segments(tmp_path / "log")[0])
    kept = os.dup(handle)
    reader, writer = os.pipe()  # a pipe takes writes and refuses fdatasync
    os.dup2(writer, handle)
    failures: list[str] = []

    def wait() -> None:
        try:
            log.sync(4)
        except StorageError as error:
            failures.append(error.message)

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert 8 == len(failures)
    assert 1 == len(set(failures))
    assert "nothing after event 2 is acknowledged" in failures[0]

    os.dup2(kept, handle)
    for fd in (kept, reader, writer):
        os.close(fd)
    with pytest.raises(StorageError, match="could not be made durable") as poisoned:
        log.sync()
    assert 74 == poisoned.value.exit_code
    with pytest.raises(StorageError, match="could not be made durable"):
        log.append([pair(5)], AT)
    assert 2 == log.synced
    log.close()
    again = Log.open(tmp_path / "log")
    assert (4, 4) == (again.seq, again.synced)
    again.close()


def test_a_failed_write_poisons_for_ever(tmp_path: Path) -> None:
    """What is in the file is not known then; nothing more is appended."""
    log = Log.open(tmp_path / "log")
    log.append(pairs(1, 2), AT)
    handle = handle_of(segments(tmp_path / "log")[0])
    kept = os.dup(handle)
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, handle)
    with pytest.raises(StorageError, match="cannot write the log"):
        log.append([pair(3)], AT)
    os.dup2(kept, handle)
    os.close(kept)
    os.close(null)
    with pytest.raises(StorageError, match="cannot write the log"):
        log.append([pair(3)], AT)
    log.close()
    assert 2 == verify(tmp_path / "log").events


def test_an_interrupted_write_poisons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control-C in the middle of a batch: its rest must not be forgotten."""
    real = os.write

    def interrupted(fd: int, data: bytes | memoryview) -> int:
        real(fd, data[:50])
        raise KeyboardInterrupt

    log = Log.open(tmp_path / "log")
    log.append(pairs(1, 2), AT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.append([pair(3)], AT)
    with pytest.raises(StorageError, match="interrupted"):
        log.append([pair(3)], AT)
    log.close()
    assert verify(tmp_path / "log").torn
    again = Log.open(tmp_path / "log")
    assert (3, 1) == (again.seq, again.repaired)
    again.close()


def test_a_failed_fsync_at_a_cut_poisons_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rule for the next segment and its directory; no second try."""

    def failing(fd: int) -> None:
        raise OSError(5, f"Input/output error on {fd}")

    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 3), AT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(StorageError, match="durable"):
            log.append(pairs(4, 6), AT)
    with pytest.raises(StorageError, match="durable"):
        log.append(pairs(4, 6), AT)
    log.close()
    assert 3 == verify(tmp_path / "log").events


def test_a_batch_that_cannot_be_taken_back_poisons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk that does not even let the file be cut."""
    real = os.write

    def full(fd: int, data: bytes | memoryview) -> int:
        real(fd, data[:9])
        raise OSError(28, "No space left on device")

    def stuck(fd: int, size: int) -> None:
        raise OSError(5, f"Input/output error on {fd} at {size}")

    log = Log.open(tmp_path / "log")
    log.append(pairs(1, 2), AT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        patch.setattr(os, "ftruncate", stuck)
        with pytest.raises(StorageError, match="take back"):
            log.append([pair(3)], AT)
    with pytest.raises(StorageError, match="take back"):
        log.append([pair(3)], AT)
    log.close()
    assert verify(tmp_path / "log").torn


def test_a_directory_that_is_gone_at_a_cut_poisons(tmp_path: Path) -> None:
    """Somebody deleted the state under a running writer."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 3), AT)
    shutil.rmtree(tmp_path / "log")
    with pytest.raises(StorageError, match="cannot write the log"):
        log.append(pairs(4, 9), AT)
    log.close()
