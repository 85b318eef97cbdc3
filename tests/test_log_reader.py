from __future__ import annotations

import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from log_rig import (
    AT,
    SMALL,
    filled,
    flip,
    line_offsets,
    pair,
    pairs,
    resealed,
    segments,
)
from lokid import codec
from lokid.events import Fact, OutputFailed
from lokid.log import Log, LogReader, event_id, verify

WRITER = """
import pathlib, sys
sys.path.insert(0, sys.argv[2])
from log_rig import AT, SMALL, pair
from lokid.log import Log
log = Log.open(pathlib.Path(sys.argv[1]), segment_bytes=SMALL)
print("open", flush=True)
for number in range(1, 501):
    log.append([pair(number)], AT)
log.close()
"""


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """Reading makes nothing and fails at nothing."""
    reader = LogReader(tmp_path / "log")
    assert [] == list(reader.read())
    assert [] == list(reader.lines())
    assert [] == reader.tail().poll()
    assert not (tmp_path / "log").exists()


def test_lines_are_the_bytes_of_the_files(tmp_path: Path) -> None:
    """Nothing is added, nothing left out, over all segments."""
    filled(tmp_path / "log", 20, SMALL)
    raw = b"".join(file.read_bytes() for file in segments(tmp_path / "log"))
    assert raw == b"".join(LogReader(tmp_path / "log").lines())


def test_lines_can_be_picked_by_type_and_position(tmp_path: Path) -> None:
    """Only the wanted types, only the wanted stretch."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    for number in range(1, 11):
        log.append([pair(number)], AT)
        other = Fact(event=OutputFailed(exit_code=number), identity=("o", number))
        log.append([(event_id(other.identity), other)], AT)
    log.close()
    reader = LogReader(tmp_path / "log")

    def picked(since: int, until: int | None, *types: str) -> list[int]:
        lines = reader.lines(since, until, frozenset(types))
        return [codec.decode_line(line).seq for line in lines]

    assert list(range(2, 21, 2)) == picked(0, None, "output.failed")
    assert [7, 9] == picked(6, 10, "iteration.started")
    assert list(range(7, 11)) == picked(6, 10, "iteration.started", "output.failed")
    assert [] == picked(0, None, "moon.landed")
    assert [] == picked(0, None)


def test_an_unknown_type_is_kept_and_skipped(tmp_path: Path) -> None:
    """A newer lokid's event keeps its place; its line is passed on as it is."""
    filled(tmp_path / "log", 3)
    (segment,) = segments(tmp_path / "log")
    lines = segment.read_bytes().splitlines(keepends=True)
    foreign = resealed(lines[2].replace(b"iteration.started", b"moon.landed"))
    segment.write_bytes(b"".join([*lines[:2], foreign]))
    log = Log.open(tmp_path / "log")
    log.append([pair(4)], AT)
    recorded = list(log.read())
    log.close()
    assert [1, 2, 3, 4] == [one.seq for one in recorded]
    assert [False, False, True, False] == [one.event is None for one in recorded]
    assert "moon.landed" == recorded[2].type
    assert foreign == b"".join(LogReader(tmp_path / "log").lines(2, 3))


def test_a_tail_follows_over_cuts_and_misses_nothing(tmp_path: Path) -> None:
    """Each poll gives what was appended since the last, each line once."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    tail = LogReader(tmp_path / "log").tail()
    assert [] == tail.poll()
    got: list[bytes] = []
    for number in range(1, 30, 3):
        log.append(pairs(number, number + 1), AT)
        log.append([pair(number + 2)], AT)
        new = tail.poll()
        assert [number, number + 1, number + 2] == [
            codec.decode_line(line).seq for line in new
        ]
        got += new
    assert [] == tail.poll()
    assert log.segments > 4
    log.close()
    assert b"".join(file.read_bytes() for file in segments(tmp_path / "log")) == (
        b"".join(got)
    )


@pytest.mark.parametrize("since", range(14))
def test_a_tail_begins_behind_any_event(tmp_path: Path, since: int) -> None:
    """Also behind the last one, and behind one that is still to come."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 7), AT)
    log.append(pairs(8, 12), AT)
    tail = LogReader(tmp_path / "log").tail(since)
    first = tail.poll()
    log.append(pairs(13, 15), AT)
    seqs = [codec.decode_line(line).seq for line in first + tail.poll()]
    assert list(range(since + 1, 16)) == seqs
    log.close()


def test_a_line_being_written_is_given_when_it_is_complete(tmp_path: Path) -> None:
    """Byte by byte: no poll gives a part of a line, the last gives all of it."""
    filled(tmp_path / "log", 3)
    (segment,) = segments(tmp_path / "log")
    whole = segment.read_bytes()
    last = line_offsets(segment)[-1]
    segment.write_bytes(whole[:last])
    reader = LogReader(tmp_path / "log")
    tail = reader.tail(1)
    assert 1 == len(tail.poll())
    with segment.open("ab", buffering=0) as file:
        for offset in range(last, len(whole) - 1):
            file.write(whole[offset : offset + 1])
            assert [] == tail.poll()
            assert 2 == sum(1 for _ in reader.read())
        file.write(b"\n")
    assert [whole[last:]] == tail.poll()


def test_a_tail_goes_on_behind_damage(tmp_path: Path) -> None:
    """It stops at the bad line and takes up again at the gap that a writer left."""
    recorded = filled(tmp_path / "log", 20, SMALL)
    second = segments(tmp_path / "log")[1]
    flip(second, 40)
    good = int(second.stem) - 1
    tail = LogReader(tmp_path / "log").tail()
    assert good == len(tail.poll())
    assert [] == tail.poll()
    log = Log.open(tmp_path / "log")
    log.append(pairs(101, 102), AT)
    seqs = [codec.decode_line(line).seq for line in tail.poll()]
    first = len(recorded) + 1
    assert [first, first + 1, first + 2] == seqs
    log.append(pairs(103, 103), AT)
    assert 1 == len(tail.poll())
    log.close()


def test_a_reader_keeps_up_with_a_writer_in_another_process(tmp_path: Path) -> None:
    """No lock, no torn line, nothing missed or given twice while it writes."""
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", WRITER, str(tmp_path / "log"), here]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert b"open\n" == writer.stdout.readline()
        tail = LogReader(tmp_path / "log").tail()
        got: list[int] = []
        ended = False
        while not ended:
            ended = writer.poll() is not None  # then one more look sees it all
            got += [codec.decode_line(line).seq for line in tail.poll()]
            whole = [one.seq for one in LogReader(tmp_path / "log").read()]
            assert list(range(1, len(whole) + 1)) == whole
            time.sleep(0)  # lets the writer have its turn
    assert 0 == writer.returncode
    assert list(range(1, 501)) == got


def test_one_reader_serves_growing_logs_again_and_again(tmp_path: Path) -> None:
    """What it remembers of segments never hides later events."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    reader = LogReader(tmp_path / "log")
    for number in range(1, 25):
        log.append([pair(number)], AT)
        since = number // 2
        wanted = list(range(since + 1, number + 1))
        assert wanted == [one.seq for one in reader.read(since)]
    log.close()


def test_a_reader_that_knows_the_segments_reads_only_those_it_needs(
    tmp_path: Path,
) -> None:
    """Positions are found by segment, also an earlier one than the last found."""
    recorded = filled(tmp_path / "log", 20, SMALL)
    first, second, third, *_ = segments(tmp_path / "log")
    reader = LogReader(tmp_path / "log")
    assert recorded == list(reader.read())
    first.unlink()
    for since in (19, int(third.stem), int(second.stem)):
        assert recorded[since:] == list(reader.read(since))


def test_a_tail_does_not_need_what_it_has_read(tmp_path: Path) -> None:
    """Old segments may go; the numbers and the chain say that nothing is missed."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 4), AT)
    tail = LogReader(tmp_path / "log").tail()
    assert 4 == len(tail.poll())
    log.append(pairs(5, 8), AT)
    segments(tmp_path / "log")[0].unlink()
    assert 4 == len(tail.poll())
    log.close()


def test_rot_without_a_newline_does_not_fill_the_memory(tmp_path: Path) -> None:
    """A stretch of zeros is gone through in parts."""
    filled(tmp_path / "log", 2)
    (segment,) = segments(tmp_path / "log")
    os.truncate(segment, 20_000_000)
    tracemalloc.start()
    try:
        report = verify(tmp_path / "log")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (2, True) == (report.events, report.torn)
    assert peak < 3_000_000


def test_reading_needs_no_more_memory_for_a_longer_log(tmp_path: Path) -> None:
    """A few chunks at a time, whatever the size of a segment."""
    log = Log.open(tmp_path / "log")
    text = OutputFailed(error_line="x" * 1500)
    for start in range(0, 4000, 500):
        facts = [
            (event_id((n,)), Fact(event=text, identity=(n,)))
            for n in range(start, start + 500)
        ]
        log.append(facts, AT)
    assert 6_000_000 < log.bytes
    log.close()
    tracemalloc.start()
    try:
        assert 4000 == sum(1 for _ in LogReader(tmp_path / "log").read())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000


def test_a_log_that_may_not_be_read_is_an_error_not_an_empty_log(
    tmp_path: Path,
) -> None:
    """Could not look is told apart from nothing there."""
    from lokid.errors import StorageError

    filled(tmp_path / "log", 2)
    (segment,) = segments(tmp_path / "log")
    segment.unlink()
    segment.mkdir()  # opens, but does not read; works for root as well
    with pytest.raises(StorageError):
        list(LogReader(tmp_path / "log").read())
    assert [] == list(segment.iterdir())
