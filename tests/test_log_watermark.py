"""The watermark: what was durable is no tear, and a good close needs no rewrite."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from log_rig import (
    AT,
    SMALL,
    filled,
    flip,
    forget_the_close,
    line_offsets,
    pairs,
    sample,
    segments,
    served,
)
from lokid.errors import StorageError
from lokid.events import LogGapFound, LogRepaired
from lokid.log import Log, verify
from lokid.log import watermark as record


def closed(directory: Path, last: int) -> None:
    """A log of events 1 to ``last`` that was closed well."""
    log = Log.open(directory, segment_bytes=SMALL)
    log.append(pairs(1, last), AT)
    log.close()


def test_a_bad_end_below_the_watermark_is_damage_at_every_byte(tmp_path: Path) -> None:
    """Cut anywhere, a closed log lost what was durable: said, never truncated."""
    origin = tmp_path / "origin" / "log"
    closed(origin, 3)
    size = segments(origin)[-1].stat().st_size
    for cut in range(size):
        directory = tmp_path / str(cut) / "log"
        shutil.copytree(origin, directory)
        (segment,) = segments(directory)
        left = segment.read_bytes()[:cut]
        segment.write_bytes(left)
        assert verify(directory).damaged
        log = Log.open(directory)
        (gap,) = [one for one in log.read() if isinstance(one.event, LogGapFound)]
        assert 4 == gap.seq == log.seq
        assert left == segment.read_bytes()
        assert 3 == gap.event.until_seq  # type: ignore[union-attr]
        log.append(pairs(9, 9), AT)
        log.close()
        again = Log.open(directory)
        assert 5 == again.seq
        again.close()
        assert verify(directory).damaged
        shutil.rmtree(directory.parent)


def test_a_bad_end_behind_the_watermark_is_a_tear(tmp_path: Path) -> None:
    """What came after the last close and is broken is set aside, as ever."""
    directory = tmp_path / "log"
    closed(directory, 3)
    with segments(directory)[0].open("ab") as file:
        file.write(b'{"c":"0011')
    assert verify(directory).torn
    log = Log.open(directory)
    (repair,) = [one.event for one in log.read(3)]
    log.close()
    assert isinstance(repair, LogRepaired)
    assert not repair.suspect
    assert () == verify(directory).problems


def test_a_whole_bad_line_among_what_was_torn_makes_the_repair_suspect(
    tmp_path: Path,
) -> None:
    """A torn append ends in the middle of a line; this one ends in a newline."""
    directory = tmp_path / "log"
    filled(directory, 3)
    flip(segments(directory)[0], line_offsets(segments(directory)[0])[2] + 40)
    log = Log.open(directory)
    (repair,) = [one.event for one in log.read(2)]
    log.close()
    assert isinstance(repair, LogRepaired)
    assert repair.suspect


def test_a_log_that_was_closed_well_is_not_rewritten(tmp_path: Path) -> None:
    """The file itself stays; after a kill it is another one with the same bytes."""
    directory = tmp_path / "log"
    closed(directory, 3)
    (segment,) = segments(directory)
    held = segment.open("rb")
    Log.open(directory).close()
    before, bytes_before = segment.stat().st_ino, segment.read_bytes()
    Log.open(directory).close()
    assert before == segment.stat().st_ino
    forget_the_close(directory)
    Log.open(directory).close()
    assert before != segment.stat().st_ino
    assert bytes_before == segment.read_bytes()
    held.close()


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 90, b'{"k":"00000000"}\n'])
def test_a_watermark_that_cannot_be_believed_is_none(
    tmp_path: Path, content: bytes
) -> None:
    """It costs what it would have told, nothing else."""
    directory = tmp_path / "log"
    closed(directory, 3)
    (directory / record.NAME).write_bytes(content)
    assert record.read(directory) is None
    assert [1, 2, 3] == [one.seq for one in served(directory)]
    Log.open(directory).close()
    assert 3 == getattr(record.read(directory), "seq", 0)


def test_a_missing_last_segment_is_told_by_the_watermark(tmp_path: Path) -> None:
    """All that is there verifies, and yet events are gone."""
    directory = tmp_path / "log"
    closed(directory, 3)
    log = Log.open(directory, segment_bytes=SMALL)
    log.append(pairs(4, 20), AT)
    log.close()
    last = segments(directory)[-1]
    last.unlink()
    (problem,) = verify(directory).problems
    assert f"but {20} was durable" in problem.reason
    log = Log.open(directory)
    assert 21 == log.seq
    log.close()


def test_a_mark_spares_the_walk_and_changes_no_answer(tmp_path: Path) -> None:
    """Resumed or not, the log serves the same and goes on the same."""
    directory = tmp_path / "log"
    sample(directory)
    log = Log.open(directory, segment_bytes=SMALL)
    log.append(pairs(21, 22), AT)
    mark = log.mark()
    log.append(pairs(23, 30), AT)
    everything = list(log.read())
    log.close()
    log = Log.open(directory, segment_bytes=SMALL, resume=mark)
    assert log.resumed
    assert everything == list(log.read())
    assert everything[22:] == list(log.read(mark.seq))
    assert (30, len(segments(directory))) == (log.seq, log.segments)
    log.close()


def test_a_mark_that_the_log_does_not_hold_any_more_is_ignored(tmp_path: Path) -> None:
    """An earlier segment of another size, or another last line: all is walked."""
    directory = tmp_path / "log"
    closed(directory, 3)
    log = Log.open(directory, segment_bytes=SMALL)
    log.append(pairs(4, 20), AT)
    mark = log.mark()
    log.close()
    with segments(directory)[0].open("ab") as file:
        file.write(b"x")
    log = Log.open(directory, resume=mark)
    assert not log.resumed
    assert 1 == len(log.damages)
    log.close()


def test_a_watermark_that_is_there_and_cannot_be_read_opens_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it rot would be taken for a tear, and be dropped."""
    closed(tmp_path / "log", 2)

    def failing(path: Path) -> bytes:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", failing)
        with pytest.raises(StorageError):
            Log.open(tmp_path / "log")
    log = Log.open(tmp_path / "log")
    assert 2 == log.seq
    log.close()
