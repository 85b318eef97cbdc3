from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from log_damage import DAMAGE
from log_rig import (
    AT,
    SMALL,
    contents,
    flip,
    line_offsets,
    pairs,
    sample,
    segments,
    served,
)
from lokid import codec
from lokid.events import LogGapFound
from lokid.log import Log, verify


def _highest_seen(files: dict[str, bytes]) -> int:
    """The highest number of any line or name."""
    lines = b"".join(files.values()).splitlines()
    told = [codec.head_of(line).seq for line in lines if codec.intact(line)]
    return max([*told, *(int(name[:20]) for name in files)])


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
    assert gap.seq == log.seq == _highest_seen(old) + 1
    place = (gap.event.segment, gap.event.offset)
    assert [(*place, after)] == list(log.damages)
    new = log.append(pairs(101, 110), AT)
    log.close()

    again = Log.open(directory, segment_bytes=SMALL)
    assert [*recorded[:after], gap, *new] == list(again.read())
    again.close()
    assert [*recorded[:after], gap, *new] == served(directory)
    assert old == {name: contents(segments(directory))[name] for name in old}
    assert not (tmp_path / "torn").exists()
    problem = verify(directory).problems[0]
    assert place == (problem.segment, problem.offset)
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
