from __future__ import annotations

import math
import os
import stat
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from log_rig import AT, SMALL, any_event, any_src, filled, pair, pairs, segments
from lokid import codec
from lokid.errors import LokidError, StorageError, UsageError, WriterExists
from lokid.events import EpisodeReweighed, Event, Fact, OutputFailed, Src
from lokid.log import Log, LogReader, event_id

HOLDER = """
import pathlib, sys
from lokid.log import Log
log = Log.open(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
"""


def test_events_get_gapless_numbers_and_read_back_in_order(tmp_path: Path) -> None:
    """Counted from 1; reading gives what appending returned."""
    log = Log.open(tmp_path / "log")
    appended = log.append(pairs(1, 3), AT) + log.append(pairs(4, 4), AT)
    assert [1, 2, 3, 4] == [one.seq for one in appended]
    assert [pair(n)[0] for n in range(1, 5)] == [one.id for one in appended]
    assert appended == list(log.read())
    log.close()
    assert appended == list(LogReader(tmp_path / "log").read())


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(made=st.lists(st.tuples(any_event, any_src), min_size=1, max_size=5))
def test_append_returns_what_read_gives(
    tmp_path: Path, made: list[tuple[Event, Src]]
) -> None:
    """For any event of any class, also across a cut and by another reader."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    before = log.seq
    facts = [
        (event_id((before + n,)), Fact(event=event, identity=(n,), src=src))
        for n, (event, src) in enumerate(made)
    ]
    recorded = log.append(facts, AT)
    assert [event for event, _ in made] == [one.event for one in recorded]
    assert recorded == list(log.read(before))
    log.close()
    assert recorded == list(LogReader(tmp_path / "log").read(before))


def test_a_reopened_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    """Numbers and chain run on over a restart."""
    before = filled(tmp_path / "log", 3)
    log = Log.open(tmp_path / "log")
    assert (3, 3) == (log.seq, log.synced)
    after = log.append(pairs(4, 5), AT)
    assert before + after == list(log.read())
    log.close()


def test_nothing_to_append_writes_nothing(tmp_path: Path) -> None:
    """An empty batch is no error and no line."""
    log = Log.open(tmp_path / "log")
    assert [] == log.append([], AT)
    assert (0, 0) == (log.seq, log.bytes)
    log.close()


def test_a_segment_is_cut_before_an_append_would_pass_its_size(tmp_path: Path) -> None:
    """Segments stay within their size, are named by their first seq, and chain."""
    recorded = filled(tmp_path / "log", 20, SMALL)
    files = segments(tmp_path / "log")
    assert len(files) > 3
    assert all(file.stat().st_size <= SMALL for file in files)
    first_lines = [
        codec.decode_line(file.read_bytes().splitlines()[0]) for file in files
    ]
    assert [int(file.stem) for file in files] == [one.seq for one in first_lines]
    lines = b"".join(file.read_bytes() for file in files).splitlines()
    chain = [(codec.crc_of(a).decode(), codec.head_of(b).p) for a, b in pairwise(lines)]
    assert all(crc == p for crc, p in chain)
    assert recorded == list(LogReader(tmp_path / "log").read())


def test_an_append_is_never_split_over_segments(tmp_path: Path) -> None:
    """A batch larger than a segment gets one of its own, whole."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 1), AT)
    log.append(pairs(2, 30), AT)
    log.append(pairs(31, 31), AT)
    log.close()
    assert [1, 2, 31] == [int(file.stem) for file in segments(tmp_path / "log")]


def test_a_first_batch_larger_than_a_segment_makes_no_empty_one(tmp_path: Path) -> None:
    """Nothing is cut while nothing is in the segment."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    log.append(pairs(1, 30), AT)
    assert 1 == log.segments == len(segments(tmp_path / "log"))
    log.close()


def test_size_and_segments_are_those_of_the_files(tmp_path: Path) -> None:
    """The properties agree with the directory, before and after reopening."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    for number in range(1, 12):
        log.append([pair(number)], AT)
    files = segments(tmp_path / "log")
    size = sum(file.stat().st_size for file in files)
    assert (size, len(files)) == (log.bytes, log.segments)
    log.close()
    again = Log.open(tmp_path / "log")
    assert (size, len(files)) == (again.bytes, again.segments)
    again.close()


@pytest.mark.parametrize("segment_bytes", [SMALL, 1024 * 1024])
def test_any_stretch_can_be_read(tmp_path: Path, segment_bytes: int) -> None:
    """``since`` is left out, ``until`` is in; also as of an earlier event."""
    recorded = filled(tmp_path / "log", 12, segment_bytes)
    log = Log.open(tmp_path / "log", segment_bytes=segment_bytes)
    reader = LogReader(tmp_path / "log")
    for since in range(14):
        assert recorded[since:] == list(log.read(since))
        for until in range(14):
            wanted = recorded[since:until]
            assert wanted == list(log.read(since, until)), (since, until)
            assert wanted == list(reader.read(since, until)), (since, until)
    log.close()


def test_reading_ends_where_the_log_ended_when_it_was_asked(tmp_path: Path) -> None:
    """A read that is under way does not run after later appends."""
    log = Log.open(tmp_path / "log")
    first = log.append(pairs(1, 2), AT)
    reading = log.read()
    log.append(pairs(3, 4), AT)
    assert first == list(reading)
    log.close()


def test_one_event_that_does_not_fit_keeps_its_whole_batch_out(tmp_path: Path) -> None:
    """The error names it, nothing is written, the log goes on."""
    log = Log.open(tmp_path / "log")
    huge = Fact(event=OutputFailed(error_line="x" * codec.LINE_BYTES), identity=(1,))
    with pytest.raises(LokidError, match=event_id((1,))):
        log.append([pair(1), (event_id((1,)), huge)], AT)
    assert (0, 0) == (log.seq, log.bytes)
    assert [1] == [one.seq for one in log.append([pair(1)], AT)]
    log.close()


def test_an_event_that_would_not_read_back_is_refused(tmp_path: Path) -> None:
    """A NaN is no number in JSON; better no line than one without an event."""
    log = Log.open(tmp_path / "log")
    odd = Fact(event=EpisodeReweighed(episode="e", importance=math.nan), identity=(1,))
    with pytest.raises(LokidError, match="would not read back"):
        log.append([(event_id((1,)), odd)], AT)
    assert 0 == log.bytes
    log.close()


def test_a_batch_larger_than_one_write_is_whole(tmp_path: Path) -> None:
    """More than a MiB goes in by slices."""
    log = Log.open(tmp_path / "log")
    big = OutputFailed(error_line="x" * 60_000)
    facts = [(event_id((n,)), Fact(event=big, identity=(n,))) for n in range(40)]
    recorded = log.append(facts, AT)
    assert log.bytes > 2 * 1024 * 1024
    assert recorded == list(log.read())
    log.close()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """0700 and 0600, whatever the umask, for every directory that is made."""
    before = os.umask(0)
    try:
        filled(tmp_path / "a" / "b" / "log", 8, SMALL)
    finally:
        os.umask(before)
    made = [tmp_path / "a", *(tmp_path / "a").rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in made}
    wanted = {path: 0o700 if path.is_dir() else 0o600 for path in made}
    assert wanted == modes


def test_a_second_writer_in_this_process_is_refused(tmp_path: Path) -> None:
    """One log, one writer; after it closed the next may come."""
    log = Log.open(tmp_path / "log")
    with pytest.raises(WriterExists) as refused:
        Log.open(tmp_path / "log")
    assert 73 == refused.value.exit_code
    assert f"process {os.getpid()} writes" in refused.value.message
    log.close()
    Log.open(tmp_path / "log").close()


def test_a_writer_in_another_process_is_refused_until_it_ends(tmp_path: Path) -> None:
    """The lock is between processes, and goes with the process that held it."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "log")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert b"held\n" == holder.stdout.readline()
        with pytest.raises(WriterExists, match=f"process {holder.pid} writes"):
            Log.open(tmp_path / "log", lock_wait=0.05)
        holder.stdin.write(b"end\n")
        holder.stdin.flush()
        Log.open(tmp_path / "log", lock_wait=60).close()


def test_a_closed_log_refuses_and_closes_again_quietly(tmp_path: Path) -> None:
    """Closing twice is fine; appending afterwards is an error, not a silent loss."""
    log = Log.open(tmp_path / "log")
    log.close()
    log.close()
    with pytest.raises(StorageError, match="the log is closed"):
        log.append([pair(1)], AT)


def test_a_cut_lets_go_of_the_old_segment(tmp_path: Path) -> None:
    """One file is open for writing, however many were cut."""
    log = Log.open(tmp_path / "log", segment_bytes=SMALL)
    for number in range(1, 41):
        log.append([pair(number)], AT)
    last = segments(tmp_path / "log")[-1]
    assert {last, tmp_path / "log" / "LOCK"} == open_files(tmp_path / "log")
    log.close()
    assert set() == open_files(tmp_path / "log")


def open_files(directory: Path) -> set[Path]:
    """The files of a directory that this process has open."""
    links = Path("/proc/self/fd").iterdir()
    found = {link.readlink() for link in links if link.is_symlink()}
    return {path for path in found if path.parent == directory}


def test_waiting_for_an_event_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """``sync`` never acknowledges what was not appended."""
    log = Log.open(tmp_path / "log")
    log.append(pairs(1, 2), AT)
    with pytest.raises(UsageError, match="event 3"):
        log.sync(3)
    log.sync(2)
    assert 2 == log.synced
    log.close()


def test_a_place_that_cannot_be_a_log_is_said_so(tmp_path: Path) -> None:
    """A file where the directory should be: exit 74, no traceback."""
    (tmp_path / "log").write_text("not a directory")
    with pytest.raises(StorageError) as refused:
        Log.open(tmp_path / "log")
    assert 74 == refused.value.exit_code
