from __future__ import annotations

from pathlib import Path

import pytest

from log_rig import SMALL, filled, flip, line_offsets, resealed, segments
from lokid.log import Log, LogReader, VerifyReport, verify


def test_a_sound_log_has_no_problems(tmp_path: Path) -> None:
    """Counts, sizes and positions are those of the log."""
    filled(tmp_path / "log", 20, SMALL)
    files = segments(tmp_path / "log")
    wanted = VerifyReport(
        events=20,
        bytes=sum(file.stat().st_size for file in files),
        segments=len(files),
        first_seq=1,
        last_seq=20,
        unserved=0,
        unknown=0,
        problems=(),
        torn=False,
    )
    assert wanted == verify(tmp_path / "log")


@pytest.mark.parametrize("made", [False, True])
def test_an_empty_log_has_no_problems(tmp_path: Path, made: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Without a directory, and just made."""
    if made:
        Log.open(tmp_path / "log").close()
    report = verify(tmp_path / "log")
    assert (0, 0, 0, ()) == (
        report.events,
        report.first_seq,
        report.last_seq,
        report.problems,
    )


def test_a_flipped_bit_anywhere_in_the_middle_is_named_exactly(tmp_path: Path) -> None:
    """Each byte of a line that is not the last: its own offset, and no other."""
    filled(tmp_path / "log", 4)
    (segment,) = segments(tmp_path / "log")
    start, end = line_offsets(segment)[1:3]
    for offset in range(start, end):
        for mask in (1, 64):
            flip(segment, offset, mask)
            report = verify(tmp_path / "log")
            places = [problem.offset for problem in report.problems]
            assert (start, 2) == (places[0], report.problems[0].seq), offset
            # A bit may make a newline: then both halves are bad, in this line.
            assert all(start <= place < end for place in places), offset
            assert (1, 1) == (report.events, report.last_seq)
            assert not report.torn
            assert 1 == sum(1 for _ in LogReader(tmp_path / "log").read())
            flip(segment, offset, mask)
    assert () == verify(tmp_path / "log").problems


def test_every_damaged_place_is_named_at_once(tmp_path: Path) -> None:
    """Reading stops at the first; a person learns of all."""
    filled(tmp_path / "log", 20, SMALL)
    files = segments(tmp_path / "log")
    hit = [(files[0], 1), (files[2], 0), (files[2], 2)]
    places = []
    for file, nth in hit:
        offset = line_offsets(file)[nth]
        flip(file, offset + 30)
        places.append((file.name, offset, int(file.stem) + nth))
    report = verify(tmp_path / "log")
    found = [(one.segment, one.offset, one.seq) for one in report.problems]
    assert places == found
    assert (1, 20 - 1 - 3) == (report.events, report.unserved)


def test_what_is_missing_is_told_by_its_numbers(tmp_path: Path) -> None:
    """A segment that is gone: which events it held."""
    filled(tmp_path / "log", 20, SMALL)
    gone, behind = segments(tmp_path / "log")[1:3]
    gone.unlink()
    (problem,) = verify(tmp_path / "log").problems
    first, last = int(gone.stem), int(behind.stem) - 1
    assert (behind.name, 0) == (problem.segment, problem.offset)
    assert f"events {first} to {last} are missing before it" == problem.reason


def test_lines_lost_in_a_bad_stretch_are_not_blamed_again(tmp_path: Path) -> None:
    """Nobody knows how many lines a bad stretch was; it is one problem."""
    filled(tmp_path / "log", 20, SMALL)
    second = segments(tmp_path / "log")[1]
    offset = line_offsets(second)[-3]
    second.write_bytes(second.read_bytes()[:offset] + b"rot\n")
    (problem,) = verify(tmp_path / "log").problems
    assert (second.name, offset) == (problem.segment, problem.offset)


@pytest.mark.parametrize("nth", [0, 1])
def test_an_intact_line_in_another_form_is_named_and_not_served(
    tmp_path: Path, nth: int
) -> None:
    """Right checksum, number and chain, but no line of ours: blanks in it."""
    filled(tmp_path / "log", 3)
    (segment,) = segments(tmp_path / "log")
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[nth] = resealed(lines[nth].replace(b'"v":1,', b'"v": 1,'))
    segment.write_bytes(b"".join(lines))
    problem = verify(tmp_path / "log").problems[0]
    assert (nth + 1, "it is intact, but not in the form of the log") == (
        problem.seq,
        problem.reason,
    )
    assert nth == sum(1 for _ in LogReader(tmp_path / "log").read())


def test_a_gap_line_in_another_form_leads_nowhere(tmp_path: Path) -> None:
    """A walk that took it would stand before it for ever."""
    filled(tmp_path / "log", 3)
    flip(segments(tmp_path / "log")[0], 30)
    Log.open(tmp_path / "log").close()
    gap = segments(tmp_path / "log")[1]
    gap.write_bytes(resealed(gap.read_bytes().replace(b'"v":1,', b'"v": 1,')))
    assert [] == list(LogReader(tmp_path / "log").read())
    assert 0 == verify(tmp_path / "log").events


def test_lines_out_of_order_are_named(tmp_path: Path) -> None:
    """Each line is intact; the order is not."""
    filled(tmp_path / "log", 4)
    (segment,) = segments(tmp_path / "log")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([lines[0], lines[2], lines[1], lines[3]]))
    reasons = [problem.reason for problem in verify(tmp_path / "log").problems]
    assert [
        "event 3 stands where 2 should",
        "event 2 stands where 4 should",
        "event 4 stands where 3 should",
    ] == reasons


def test_a_line_of_another_log_does_not_chain(tmp_path: Path) -> None:
    """Right number, right checksum, wrong neighbour."""
    from log_rig import AT, pairs

    filled(tmp_path / "log", 3)
    other = Log.open(tmp_path / "other" / "log")
    other.append(pairs(11, 13), AT)
    other.close()
    (mine,), (theirs,) = segments(tmp_path / "log"), segments(tmp_path / "other/log")
    lines = mine.read_bytes().splitlines(keepends=True)
    lines[1] = theirs.read_bytes().splitlines(keepends=True)[1]
    mine.write_bytes(b"".join(lines))
    problems = verify(tmp_path / "log").problems
    assert [2, 3] == [problem.seq for problem in problems]
    assert {"it does not chain to the line before"} == {p.reason for p in problems}


def test_a_torn_tail_is_told_and_is_no_problem(tmp_path: Path) -> None:
    """The next writer repairs it; a kill is not damage."""
    filled(tmp_path / "log", 3)
    (segment,) = segments(tmp_path / "log")
    segment.write_bytes(segment.read_bytes()[:-5])
    report = verify(tmp_path / "log")
    assert (2, True, ()) == (report.events, report.torn, report.problems)


def test_an_event_this_version_does_not_know_is_counted(tmp_path: Path) -> None:
    """Kept and skipped is not damaged."""
    filled(tmp_path / "log", 2)
    (segment,) = segments(tmp_path / "log")
    lines = segment.read_bytes().splitlines(keepends=True)
    foreign = lines[1].replace(b"iteration.started", b"moon.landed")
    segment.write_bytes(lines[0] + resealed(foreign))
    report = verify(tmp_path / "log")
    assert (2, 1, ()) == (report.events, report.unknown, report.problems)
