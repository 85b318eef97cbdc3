from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from log_rig import (
    AT,
    filled,
    forget_the_close,
    line_offsets,
    pair,
    segments,
    served,
)
from lokid.events import LogRepaired
from lokid.log import Log, verify


def copied(directory: Path, name: str) -> Path:
    """A copy of a log in a state directory of its own."""
    target = directory.parent / name / "log"
    shutil.copytree(directory, target)
    return target


def test_a_line_torn_at_any_byte_is_set_aside_and_said(tmp_path: Path) -> None:
    """Whatever part of the last line is left: the rest stays, the part is kept."""
    recorded = filled(tmp_path / "log", 3)
    whole = segments(tmp_path / "log")[0]
    last = line_offsets(whole)[-1]
    for size in range(last + 1, whole.stat().st_size):
        directory = copied(tmp_path / "log", f"cut-{size}")
        (segment,) = segments(directory)
        torn = segment.read_bytes()[last:size]
        segment.write_bytes(segment.read_bytes()[:size])
        assert recorded[:2] == served(directory)
        assert verify(directory).torn

        log = Log.open(directory)
        found = list(log.read())
        log.close()
        assert recorded[:2] == found[:2]
        repair = LogRepaired(segment=segment.name, offset=last, size=len(torn))
        assert [repair] == [one.event for one in found[2:]]
        assert 1 == log.repaired
        (aside,) = (directory.parent / "torn").iterdir()
        assert (f"{segment.name}-{last}", torn) == (aside.name, aside.read_bytes())
        report = verify(directory)
        assert ((), False) == (report.problems, report.torn)
        shutil.rmtree(directory.parent)


def test_a_log_that_ends_with_its_line_is_not_repaired(tmp_path: Path) -> None:
    """Cut between two lines nothing is torn, and nothing is said."""
    recorded = filled(tmp_path / "log", 3)
    (segment,) = segments(tmp_path / "log")
    last = line_offsets(segment)[-1]
    segment.write_bytes(segment.read_bytes()[:last])
    log = Log.open(tmp_path / "log")
    assert recorded[:2] == list(log.read())
    assert 0 == log.repaired
    log.close()
    assert not (tmp_path / "torn").exists()


@pytest.mark.parametrize(
    "tail",
    [b"\0" * 5000, b"\n", b"{}\n" * 3, b"x" * 700_000, b'{"c":"00000000",\n'],
    ids=["zeros", "empty line", "foreign lines", "long", "bad checksum"],
)
def test_whatever_a_power_cut_leaves_behind_the_last_line_is_torn(
    tmp_path: Path, tail: bytes
) -> None:
    """Also bytes with newlines in them, and more than one chunk of them."""
    recorded = filled(tmp_path / "log", 2)
    (segment,) = segments(tmp_path / "log")
    end = segment.stat().st_size
    with segment.open("ab") as file:
        file.write(tail)
    log = Log.open(tmp_path / "log")
    assert recorded == list(log.read(0, 2))
    log.append([pair(4)], AT)
    log.close()
    assert tail == (tmp_path / "torn" / f"{segment.name}-{end}").read_bytes()
    assert [1, 2, 3, 4] == [one.seq for one in served(tmp_path / "log")]


def test_a_place_can_tear_more_than_once(tmp_path: Path) -> None:
    """The first piece set aside is not overwritten by the second."""
    filled(tmp_path / "log", 1)
    (segment,) = segments(tmp_path / "log")
    whole = segment.read_bytes()
    for part in (b"first", b"second"):
        segment.write_bytes(whole + part)
        Log.open(tmp_path / "log").close()
        forget_the_close(tmp_path / "log")
    kept = {file.read_bytes() for file in (tmp_path / "torn").iterdir()}
    assert {b"first", b"second"} == kept


def test_repairs_are_counted_over_restarts(tmp_path: Path) -> None:
    """``repaired`` is what the log tells, not what this process did."""
    filled(tmp_path / "log", 1)
    for expected in (1, 2, 3):
        with segments(tmp_path / "log")[0].open("ab") as file:
            file.write(b"torn")
        log = Log.open(tmp_path / "log")
        assert expected == log.repaired
        log.close()


def test_a_last_segment_without_a_line_is_fine(tmp_path: Path) -> None:
    """A crash between cut and append leaves an empty file; it is filled next."""
    recorded = filled(tmp_path / "log", 3)
    empty = tmp_path / "log" / f"{4:020d}.ndjson"
    empty.touch()
    log = Log.open(tmp_path / "log")
    assert recorded == list(log.read())
    log.append([pair(4)], AT)
    log.close()
    assert empty.stat().st_size > 0
    assert () == verify(tmp_path / "log").problems


def test_what_a_crash_left_of_a_cut_is_removed(tmp_path: Path) -> None:
    """A segment that never got its name is no segment."""
    filled(tmp_path / "log", 2)
    left = tmp_path / "log" / f"{3:020d}.ndjson.tmp"
    left.write_bytes(b"half")
    Log.open(tmp_path / "log").close()
    assert not left.exists()
    assert 2 == verify(tmp_path / "log").events
