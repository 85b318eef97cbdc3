from __future__ import annotations

import shutil
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
    resealed,
    sample,
    segments,
    served,
)
from lokid.errors import StorageError
from lokid.events import LogGapFound
from lokid.log import Log, verify


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


def test_a_gap_whose_damaged_segments_are_gone_still_tells(tmp_path: Path) -> None:
    """Somebody deleted the evidence: what is missing is missing."""
    directory = tmp_path / "log"
    recorded = sample(directory)
    files = segments(directory)
    flip(files[1], 30)
    Log.open(directory).close()
    for file in files[1:]:
        file.unlink()
    first = int(files[1].stem)
    (problem,) = verify(directory).problems
    wanted = f"events {first} to {len(recorded)} are missing before it"
    assert wanted == problem.reason
    log = Log.open(directory)
    assert (1, 21) == (len(log.damages), log.seq)
    log.close()


def test_a_gap_line_never_leads_back(tmp_path: Path) -> None:
    """A stray segment of an older life of the log cannot make numbers repeat."""
    directory = tmp_path / "log"
    older = tmp_path / "older" / "log"
    sample(older)
    flip(segments(older)[0], 30)
    Log.open(older).close()
    recorded = filled(directory, 30)
    shutil.copy(segments(older)[-1], directory)
    assert recorded == served(directory)
    assert 30 == verify(directory).events
    log = Log.open(directory)
    assert (31, recorded) == (log.seq, list(log.read(0, 30)))
    log.close()


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
    directory = tmp_path / "log"
    filled(directory, 2)
    (segment,) = segments(directory)
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[1] = resealed(lines[1].replace(b'"v":1', b'"v":2'))
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
    max_examples=30,
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
