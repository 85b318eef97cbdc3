from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from log_rig import (
    AT,
    SMALL,
    contents,
    filled,
    flip,
    line_offsets,
    pairs,
    segments,
)
from lokid.errors import StorageError
from lokid.events import LogGapFound, Recorded
from lokid.log import Log, LogReader, verify


def served(directory: Path) -> list[Recorded]:
    """What a reader without the lock gets."""
    return list(LogReader(directory).read())


def copied(directory: Path, name: str) -> Path:
    """A copy of a log in a state directory of its own."""
    target = directory.parent / name / "log"
    shutil.copytree(directory, target)
    return target


def rot_in_the_last_segment(directory: Path) -> int:
    """A bit of the last segment's first line; what is served ends before it."""
    last = segments(directory)[-1]
    flip(last, 40)
    return int(last.stem) - 1


def rot_in_a_sealed_segment(directory: Path) -> int:
    """A bit in the very last line of the second segment."""
    second, third = segments(directory)[1:3]
    flip(second, line_offsets(second)[-1] + 60)
    return int(third.stem) - 2


def missing_segment(directory: Path) -> int:
    """The second segment is gone."""
    second = segments(directory)[1]
    second.unlink()
    return int(second.stem) - 1


def missing_first_segment(directory: Path) -> int:
    """The log begins in the middle."""
    segments(directory)[0].unlink()
    return 0


def short_sealed_segment(directory: Path) -> int:
    """The second segment lost its last line, cleanly."""
    second, third = segments(directory)[1:3]
    second.write_bytes(second.read_bytes()[: line_offsets(second)[-1]])
    return int(third.stem) - 2


def torn_sealed_segment(directory: Path) -> int:
    """The second segment ends in the middle of a line: too late for a tear."""
    second, third = segments(directory)[1:3]
    second.write_bytes(second.read_bytes()[:-10])
    return int(third.stem) - 2


def swapped_lines(directory: Path) -> int:
    """Two lines of the first segment changed places; each is intact."""
    first = segments(directory)[0]
    lines = first.read_bytes().splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    first.write_bytes(b"".join(lines))
    return 1


def removed_line(directory: Path) -> int:
    """A line of the last segment is gone."""
    last = segments(directory)[-1]
    lines = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join(lines[:1] + lines[2:]))
    return int(last.stem)


def repeated_line(directory: Path) -> int:
    """A line stands there twice."""
    first = segments(directory)[0]
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:2] + lines[1:]))
    return 2


def zeros_in_the_middle(directory: Path) -> int:
    """A block of the log reads as zeros."""
    first = segments(directory)[0]
    data = bytearray(first.read_bytes())
    start, end = line_offsets(first)[1:3]
    data[start:end] = bytes(end - start)
    first.write_bytes(data)
    return 1


DAMAGE = [
    rot_in_the_last_segment,
    rot_in_a_sealed_segment,
    missing_segment,
    missing_first_segment,
    short_sealed_segment,
    torn_sealed_segment,
    swapped_lines,
    removed_line,
    repeated_line,
    zeros_in_the_middle,
]


def sample(directory: Path) -> list[Recorded]:
    """A log of five segments, several lines in the last."""
    recorded = filled(directory, 20, SMALL)
    assert 5 == len(segments(directory))
    assert 3 <= len(line_offsets(segments(directory)[-1]))
    return recorded


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_never_truncated_and_told_once(
    tmp_path: Path, damage: Callable[[Path], int]
) -> None:
    """The prefix is served, and a new segment begins with the gap.

    No byte that is there is lost; a later open tells the same damage no second
    time.
    """
    directory = tmp_path / "log"
    recorded = sample(directory)
    after = damage(directory)
    old = contents(segments(directory))
    assert recorded[:after] == served(directory)

    log = Log.open(directory, segment_bytes=SMALL)
    told = list(log.read())
    assert recorded[:after] == told[:after]
    (gap,) = told[after:]
    assert isinstance(gap.event, LogGapFound)
    assert after == gap.event.after_seq
    assert 21 == gap.seq == log.seq
    assert 1 == len(log.damages)
    new = log.append(pairs(101, 110), AT)
    log.close()

    again = Log.open(directory, segment_bytes=SMALL)
    assert [*recorded[:after], gap, *new] == list(again.read())
    again.close()
    assert [*recorded[:after], gap, *new] == served(directory)
    assert old == {name: contents(segments(directory))[name] for name in old}
    assert not (tmp_path / "torn").exists()
    assert verify(directory).problems
    assert len(told) + len(new) == verify(directory).events


def test_a_gap_names_the_place_where_the_lines_break_off(tmp_path: Path) -> None:
    """Segment and offset of the bad line itself."""
    directory = tmp_path / "log"
    sample(directory)
    second = segments(directory)[1]
    offset = line_offsets(second)[2]
    flip(second, offset + 20)
    log = Log.open(directory)
    gap = list(log.read())[-1].event
    log.close()
    after = int(second.stem) + 1
    wanted = LogGapFound(segment=second.name, offset=offset, after_seq=after)
    assert wanted == gap


def test_a_log_may_be_damaged_again_and_goes_on_again(tmp_path: Path) -> None:
    """New damage before an old gap takes its lines away, not those behind it.

    New damage behind it gets a gap of its own.
    """
    directory = tmp_path / "log"
    recorded = sample(directory)
    flip(segments(directory)[2], 30)
    log = Log.open(directory)
    behind = [*list(log.read(log.seq - 1)), *log.append(pairs(101, 103), AT)]
    log.close()
    flip(segments(directory)[1], 30)
    cut = int(segments(directory)[1].stem) - 1
    log = Log.open(directory)
    assert [*recorded[:cut], *behind] == list(log.read())
    log.close()
    last = segments(directory)[-1]
    flip(last, line_offsets(last)[2] + 30)
    log = Log.open(directory)
    found = list(log.read())
    log.close()
    assert [*recorded[:cut], *behind[:2]] == found[:-1]
    assert isinstance(found[-1].event, LogGapFound)
    assert 2 == len(log.damages)


def test_a_damaged_gap_line_is_followed_by_another(tmp_path: Path) -> None:
    """The way on can break too."""
    directory = tmp_path / "log"
    recorded = sample(directory)
    flip(segments(directory)[0], 30)
    Log.open(directory).close()
    log = Log.open(directory)
    log.append(pairs(101, 103), AT)
    log.close()
    flip(segments(directory)[-1], 30)
    log = Log.open(directory)
    (gap,) = log.read()
    log.close()
    assert gap.seq > len(recorded) + 4
    assert isinstance(gap.event, LogGapFound)


def test_a_healed_log_serves_everything(tmp_path: Path) -> None:
    """Old bytes put back: the gap's line stays, and no event is missing."""
    directory = tmp_path / "log"
    recorded = sample(directory)
    first = segments(directory)[0]
    flip(first, 30)
    Log.open(directory).close()
    flip(first, 30)
    log = Log.open(directory)
    assert recorded == list(log.read(0, len(recorded)))
    assert len(recorded) + 1 == log.seq
    assert () == log.damages
    log.close()
    assert () == verify(directory).problems


def test_a_torn_tail_behind_damage_is_still_repaired(tmp_path: Path) -> None:
    """Both at once: the gap, then the repair, and all later lines are served."""
    directory = tmp_path / "log"
    sample(directory)
    flip(segments(directory)[0], 30)
    with segments(directory)[-1].open("ab") as file:
        file.write(b"torn")
    log = Log.open(directory)
    types = [one.type for one in log.read()]
    log.close()
    assert ["log.gap_found", "log.repaired"] == types
    assert 1 == log.repaired


def test_a_log_of_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    """Lines that are intact but not understood are neither dropped nor skipped."""
    from zlib import crc32

    directory = tmp_path / "log"
    filled(directory, 2)
    (segment,) = segments(directory)
    lines = segment.read_bytes().splitlines(keepends=True)
    body = lines[1][16:-1].replace(b'"v":1', b'"v":2')
    lines[1] = b'{"c":"%08x",%s\n' % (crc32(body), body)
    segment.write_bytes(b"".join(lines))
    before = segment.read_bytes()
    with pytest.raises(StorageError, match="format 2"):
        Log.open(directory)
    with pytest.raises(StorageError, match="format 2"):
        served(directory)
    assert before == segment.read_bytes()
    segment.write_bytes(lines[0])
    Log.open(directory).close()  # the refusal let go of the lock


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    wounds=st.lists(
        st.tuples(
            st.sampled_from(["flip", "cut", "zero", "insert", "unlink"]),
            st.floats(0, 1, exclude_max=True),
            st.floats(0, 1, exclude_max=True),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_wound_leaves_a_log_that_is_served_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, wounds: list[tuple[str, float, float]]
) -> None:
    """What is served was written so, and new events are served, now and later.

    Readers, writer and verify agree; no old byte changes but a torn tail.
    """
    directory = tmp_path_factory.mktemp("wounded") / "log"
    recorded = sample(directory)
    for kind, where, offset in wounds:
        _wound(segments(directory), kind, where, offset)
    *sealed, _ = segments(directory) or [directory]
    old = contents(sealed)

    log = Log.open(directory, segment_bytes=SMALL)
    new = log.append(pairs(101, 103), AT)
    log.close()
    found = served(directory)
    assert new == found[-3:]
    seqs = [one.seq for one in found]
    assert seqs == sorted(set(seqs))
    own = ("log.repaired", "log.gap_found")
    assert all(one in recorded for one in found[:-3] if one.type not in own)

    again = Log.open(directory, segment_bytes=SMALL)
    assert found == list(again.read())
    again.close()
    report = verify(directory)
    assert (len(found), seqs[-1]) == (report.events, report.last_seq)
    gaps = sum(one.type == "log.gap_found" for one in found)
    assert bool(gaps) == bool(report.problems)
    assert old == {name: contents(segments(directory))[name] for name in old}


def _wound(files: list[Path], kind: str, where: float, offset: float) -> None:
    """Damage one of the files at a place given as fractions."""
    if not files:
        return
    path = files[int(where * len(files))]
    data = bytearray(path.read_bytes())
    at = int(offset * len(data))
    if kind == "unlink":
        path.unlink()
        return
    if kind == "cut":
        del data[at:]
    elif kind == "insert":
        data[at:at] = b"rot\n"
    elif kind == "zero":
        data[at : at + 50] = bytes(len(data[at : at + 50]))
    elif data:
        data[at] ^= 4
    path.write_bytes(data)
