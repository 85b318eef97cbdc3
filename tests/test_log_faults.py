from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from log_rig import AT, SMALL, filled, pair, pairs, segments
from lokid.errors import DiskFull, StorageError
from lokid.log import Log, LogReader, verify

HERE = str(Path(__file__).parent)

APPENDER = """
import pathlib, random, sys
sys.path.insert(0, sys.argv[2])
from log_rig import AT, SMALL, pairs
from lokid.log import Log
chance = random.Random(sys.argv[3])
log = Log.open(pathlib.Path(sys.argv[1]), segment_bytes=4 * SMALL)
while True:
    log.append(pairs(log.seq + 1, log.seq + chance.randint(1, 40)), AT)
    if chance.random() < 0.7:
        log.sync()
        print(log.synced, flush=True)
"""

FILLER = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[2])
from log_rig import AT, pairs
from lokid.errors import DiskFull
from lokid.log import Log, verify
root = pathlib.Path(sys.argv[1])
(root / "ballast").write_bytes(bytes(20_000))
log = Log.open(root / "log", segment_bytes=10_000)
try:
    while True:
        log.append(pairs(log.seq + 1, log.seq + 7), AT)
except DiskFull as full:
    assert 75 == full.exit_code
before = log.seq
assert before > 0 and before % 7 == 0
assert list(range(1, before + 1)) == [one.seq for one in log.read()]
log.sync()
for _ in range(3):
    try:
        log.append(pairs(before + 1, before + 7), AT)
    except DiskFull:
        continue
    raise SystemExit("appended to a full disk")
(root / "ballast").unlink()
log.append(pairs(before + 1, before + 7), AT)
log.sync()
log.close()
report = verify(root / "log")
assert (before + 7, (), False) == (report.events, report.problems, report.torn), report
print("resumed", report.events)
"""

LIMITED = """
import pathlib, resource, sys
sys.path.insert(0, sys.argv[2])
from log_rig import AT, pairs
from lokid.errors import StorageError
from lokid.log import Log
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
log = Log.open(pathlib.Path(sys.argv[1]))
try:
    while True:
        log.append(pairs(log.seq + 1, log.seq + 7), AT)
        log.sync()
        print(log.synced, flush=True)
except StorageError as error:
    sys.exit(error.exit_code)
"""


def script(text: str, directory: Path, *more: str) -> list[str]:
    """The command that runs a script on a log."""
    return [sys.executable, "-c", text, str(directory), HERE, *more]


@pytest.mark.fault
def test_a_file_size_limit_ends_with_74_and_loses_nothing(tmp_path: Path) -> None:
    """A real write error in the middle of a batch (EFBIG)."""
    ended = subprocess.run(
        script(LIMITED, tmp_path / "log"), stdout=subprocess.PIPE, check=False
    )
    assert 74 == ended.returncode
    acknowledged = int(ended.stdout.split()[-1])
    assert acknowledged > 0
    log = Log.open(tmp_path / "log")
    assert 1 == log.repaired
    seqs = [one.seq for one in log.read() if one.type == "iteration.started"]
    assert list(range(1, len(seqs) + 1)) == seqs
    assert len(seqs) >= acknowledged
    log.close()


# -- a full disk --------------------------------------------------------------


@pytest.mark.fault
def test_a_full_disk_takes_nothing_and_is_used_again_when_there_is_room(
    tmp_path: Path,
) -> None:
    """A real small file system: whole batches only, 75, then it goes on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size=128k tmpfs "$0" 2>/dev/null || exit 99; exec "$@"'
    command = ["unshare", "-Urm", "sh", "-c", mount, str(disk), *script(FILLER, disk)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if ended.returncode == 99 or ended.stderr.startswith("unshare:"):
        pytest.skip("a user may not mount here")
    assert (0, "") == (ended.returncode, ended.stderr)
    assert ended.stdout.startswith("resumed ")


@pytest.mark.parametrize("part", [0, 1, 100, 400])
def test_what_a_full_disk_left_of_a_batch_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """Short writes first, then no room: the file ends where it ended before."""
    real = os.write
    left = [part]

    def filling(fd: int, data: bytes | memoryview) -> int:
        if not left[0]:
            raise OSError(28, "No space left on device")
        written = real(fd, data[: min(left[0], 60)])
        left[0] -= written
        return written

    log = Log.open(tmp_path / "log")
    first = log.append(pairs(1, 2), AT)
    size = log.bytes
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", filling)
        with pytest.raises(DiskFull):
            log.append(pairs(3, 5), AT)
    assert (2, size) == (log.seq, segments(tmp_path / "log")[0].stat().st_size)
    again = log.append(pairs(3, 5), AT)
    log.close()
    assert first + again == list(LogReader(tmp_path / "log").read())
    assert () == verify(tmp_path / "log").problems


def test_no_room_for_the_next_segment_keeps_the_old_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut that fails for room changes nothing; a later one succeeds."""
    real = os.open

    def full(path: str | Path, *args: int, **more: int) -> int:
        if str(path).endswith(".tmp"):
            raise OSError(122, "Disk quota exceeded")
        return real(path, *args, **more)

    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 3), AT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        with pytest.raises(DiskFull):
            log.append(pairs(4, 6), AT)
    assert 1 == log.segments
    log.append(pairs(4, 6), AT)
    assert (6, 2) == (log.seq, log.segments)
    log.close()
    assert () == verify(tmp_path / "log").problems


@pytest.mark.parametrize("after", [".ndjson", "log"])
def test_a_next_segment_that_has_its_name_is_gone_on_with_or_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """An error behind the rename ends all writing, whatever it was.

    What the old segment then took would stand before the new one under its numbers.
    """
    real = os.open

    def full(path: str | Path, *args: int, **more: int) -> int:
        if str(path).endswith(after) and len(segments(tmp_path / "log")) > 1:
            raise OSError(28, "No space left on device")
        return real(path, *args, **more)

    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 3), AT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        with pytest.raises(StorageError):
            log.append(pairs(4, 6), AT)
    with pytest.raises(StorageError):
        log.append(pairs(4, 6), AT)
    log.close()
    again = Log.open(tmp_path / "log", segment_bytes=SMALL)
    again.append(pairs(4, 6), AT)
    again.close()
    assert (6, ()) == (again.seq, verify(tmp_path / "log").problems)


def test_a_folder_whose_fsync_failed_for_the_watermark_ends_all_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next fsync of the folder would be a retry, and be called a success."""
    real = os.fsync

    def failing(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink() == tmp_path / "log":
            raise OSError(5, "Input/output error")
        real(fd)

    log = Log.open(tmp_path / "log")
    log.append(pairs(1, 2), AT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(StorageError):
            log.save_watermark()
    with pytest.raises(StorageError):
        log.append(pairs(3, 4), AT)
    log.close()


def test_no_room_to_tell_of_a_repair_lets_go_of_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening fails with 75; the next one finds the log free and sound."""
    filled(tmp_path / "log", 2)
    (segment,) = segments(tmp_path / "log")
    segment.write_bytes(segment.read_bytes()[:-3])
    real = os.write

    def full(fd: int, data: bytes | memoryview) -> int:
        if Path(f"/proc/self/fd/{fd}").readlink() == segment:
            raise OSError(28, "No space left on device")
        return real(fd, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(DiskFull):
            Log.open(tmp_path / "log")
    log = Log.open(tmp_path / "log")
    assert 1 == log.seq
    log.close()
    assert 1 == len(list((tmp_path / "torn").iterdir()))


def test_no_room_to_set_a_torn_tail_aside_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening fails with 75, the tail stays, the lock is free again."""
    filled(tmp_path / "log", 2)
    (segment,) = segments(tmp_path / "log")
    torn = segment.read_bytes()[:-3]
    segment.write_bytes(torn)

    def full(fd: int, data: bytes | memoryview) -> int:
        raise OSError(28, f"No space left for {len(data)} bytes on {fd}")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(DiskFull):
            Log.open(tmp_path / "log")
    assert torn == segment.read_bytes()
    assert [] == list((tmp_path / "torn").iterdir())
    log = Log.open(tmp_path / "log")
    assert (2, 1) == (log.seq, log.repaired)
    log.close()


# -- kill -9 ------------------------------------------------------------------


@pytest.mark.fault
def test_killed_at_any_moment_every_synced_event_is_there_once(tmp_path: Path) -> None:
    """Ten writers in a row, each killed; the log is gapless and loses no word."""
    directory = tmp_path / "log"
    chance = random.Random(4)  # noqa: S311  chooses moments, no secrets
    acknowledged = 0
    for turn in range(10):
        command = script(APPENDER, directory, str(turn))
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(chance.randint(0, 25)):
                acknowledged = max(acknowledged, int(writer.stdout.readline()))
            writer.send_signal(signal.SIGKILL)
            said = [int(word) for word in writer.stdout.read().split(b"\n")[:-1]]
            acknowledged = max([acknowledged, *said])
        log = Log.open(directory)
        recorded = list(log.read())
        log.close()
        assert list(range(1, len(recorded) + 1)) == [one.seq for one in recorded]
        assert acknowledged <= len(recorded)
        own = [one for one in recorded if one.type != "log.repaired"]
        assert all(one.id == pair(one.seq)[0] for one in own)
        report = verify(directory)
        assert ((), False) == (report.problems, report.torn)
    assert acknowledged > 100
