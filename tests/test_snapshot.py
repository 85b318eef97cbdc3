"""Snapshots: a start from one equals a start from the whole log, always."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.ask import plan_here
from cli.simulator import simulate
from facts import Story
from live import random_history
from lokid import snapshot
from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import Recorded
from lokid.memory import UNREAD
from lokid.sources import SOURCES
from projections import build
from rig import crash, failing_run, put
from snapshot_rig import (
    OFTEN,
    answers,
    append,
    index_of,
    made,
    opened,
    place_at,
    seqs,
    snapshots,
    told,
    told_from_zero,
)
from story_strategy import stories
from test_compaction_engine import long_history

PATIENT = settings(max_examples=40, deadline=None)


@pytest.fixture
def facts() -> list[Recorded]:
    """A story of some fifty facts."""
    story = Story()
    story.run()
    for n in range(1, 8):
        story.iteration(n, exit_code=n % 3, line="KeyError: 'user_id'")
        story.episode(n, "failure")
        story.counted(test_coverage=n)
    return story.told


# -- the law -----------------------------------------------------------------------


@PATIENT
@given(stories, st.data())
def test_a_snapshot_and_the_tail_equal_the_whole_log(
    facts: list[Recorded], data: st.DataObject
) -> None:
    """Wherever the snapshots were made: answers, index and the next snapshot."""
    cuts = data.draw(st.lists(st.integers(1, len(facts)), min_size=1, max_size=3))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place, done = place_at(folder / "shop"), 0
        remarks: list[str] = []
        for cut in sorted({*cuts, len(facts)}):
            append(place, facts[done:cut])
            done = cut
            known = told(place, remarks)
            assert [] == remarks
            assert cut == seqs(snapshots(place))[-1]
            assert told_from_zero(place, folder / "zero") == known
            assert made(place_at(folder / "zero")) == made(place)


def test_a_living_engine_makes_the_bytes_of_a_full_replay(tmp_path: Path) -> None:
    """Through scans, closes and starts from its own snapshots."""
    place = place_at(tmp_path / "shop")
    for runs in (2, 3, 5):
        place.root.mkdir(parents=True, exist_ok=True)
        simulate(random_history(4, 12 * runs), place.root)
        with opened(place) as engine:
            assert engine.scan().complete
            known = answers(engine), index_of(engine)
        assert told_from_zero(place, tmp_path / "zero") == known
        assert made(place_at(tmp_path / "zero")) == made(place)
    assert 1 < len(list(place.log.glob("*.ndjson")))


def test_what_lies_before_the_mark_is_not_read(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """Rot there is found by the daemon's verification, not by a start."""
    place = place_at(tmp_path)
    append(place, facts)
    known = told(place)
    first = min(place.log.glob("*.ndjson"))
    data = bytearray(first.read_bytes())
    data[200] ^= 1
    first.write_bytes(data)
    assert known == told(place)


@pytest.mark.parametrize("whole", [False, True])
def test_a_compaction_begins_snapshots_anew(tmp_path: Path, *, whole: bool) -> None:
    """None is made of old facts and a new log, not even where it ends half way."""
    place = place_at(tmp_path / "shop")
    long_history(place)
    bound = msgspec.structs.replace(OFTEN, segment_bytes=16384, retention_bytes=98304)
    engine = Engine(place, bound, SOURCES, build, planner=plan_here)
    engine.open()
    engine.scan()
    assert engine.keeper is not None
    engine.keeper.keep(engine.keeper.take())
    assert engine.compaction is not None
    plan = engine.compaction.plan()
    assert plan is not None
    engine.compaction.replace(plan)
    assert engine.keeper.take() is None
    if whole:
        engine.compaction.take_over(engine.compaction.fold(plan))
        assert engine.keeper.take() is None  # its last segment is empty
        put(place, "crash/new.json", crash("cd" * 32))
        assert 1 == engine.scan().appended
        known = answers(engine), index_of(engine)
    engine.close()
    remarks: list[str] = []
    again = told(place, remarks)
    assert told_from_zero(place, tmp_path / "zero") == again
    if whole:
        assert ([], known) == (remarks, again)
        assert made(place_at(tmp_path / "zero")) == made(place)
    else:
        assert ["the log does not hold"] == [one[:21] for one in remarks]


# -- what does not fit --------------------------------------------------------------


def damaged(place: Path) -> None:
    """One bit in the middle is another one."""
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 4
    place.write_bytes(data)


def cut_off(place: Path) -> None:
    """The second half is not there."""
    os.truncate(place, place.stat().st_size // 2)


def emptied(place: Path) -> None:
    """Nothing is there."""
    place.write_bytes(b"")


def of_another_format(place: Path) -> None:
    """Whole, but of a format to come."""
    body = place.read_bytes()[:-32].replace(b"\xa6format\x01", b"\xa6format\x02", 1)
    place.write_bytes(body + blake2b(body, digest_size=32).digest())


def of_other_code(place: Path) -> None:
    """Whole, but with read models or events that are not ours."""
    code = snapshot.code_of(build()).encode()
    body = place.read_bytes()[:-32].replace(code, bytes(reversed(code)), 1)
    place.write_bytes(body + blake2b(body, digest_size=32).digest())


def nonsense(place: Path) -> None:
    """The digest is right, what it stands for is not."""
    body = place.read_bytes()[:-32]
    body = body[: len(body) // 2] + b"\xc1" * 64 + body[len(body) // 2 + 64 :]
    place.write_bytes(body + blake2b(body, digest_size=32).digest())


def not_to_be_read(place: Path) -> None:
    """A folder of that name."""
    place.unlink()
    place.mkdir()


UNFIT = (
    damaged,
    cut_off,
    emptied,
    of_another_format,
    of_other_code,
    nonsense,
)


@pytest.mark.parametrize("spoil", UNFIT)
@pytest.mark.parametrize("which", [-1, -2, None])
def test_a_snapshot_that_does_not_fit_is_passed_by(
    tmp_path: Path,
    facts: list[Recorded],
    spoil: Callable[[Path], None],
    which: int | None,
) -> None:
    """For the older one, then for the log: the same answers, and a word on it."""
    place, half = place_at(tmp_path / "shop"), len(facts) // 2
    append(place, facts[:half])
    told(place)
    append(place, facts[half:])
    known = told(place)
    spoiled = [snapshots(place)[which]] if which else snapshots(place)
    for path in spoiled:
        spoil(path)
    remarks: list[str] = []
    assert known == told(place, remarks)
    assert len(remarks) == {-1: 1, -2: 0, None: 2 - (spoil is nonsense)}[which]
    assert known == told(place, remarks := [])
    assert which == -2 or [] == remarks  # a good one is there again


def test_a_folder_by_a_snapshots_name_is_in_nobodys_way(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """It can be neither read nor replaced: a start reads the log."""
    place = place_at(tmp_path / "shop")
    append(place, facts)
    known = told(place)
    not_to_be_read(snapshots(place)[-1])
    remarks: list[str] = []
    assert known == told(place, remarks)
    assert ["no snapshot at event"] == [one[:20] for one in remarks]


def test_the_snapshot_of_another_log_is_not_believed(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """A log that does not hold its mark is read from its beginning."""
    ours, theirs = place_at(tmp_path / "ours"), place_at(tmp_path / "theirs")
    append(ours, facts)
    known = told(ours)
    append(theirs, facts[5:30])
    told(theirs)
    shutil.rmtree(ours.snapshots)
    shutil.copytree(theirs.snapshots, ours.snapshots)
    remarks: list[str] = []
    assert known == told(ours, remarks)
    assert ["the log does not hold event 25 of its snapshot any more"] == remarks


def test_facts_that_do_not_end_at_the_mark_are_no_snapshot(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """What folds less than the log holds would lose it."""
    place = place_at(tmp_path)
    append(place, facts)
    with opened(place) as engine:
        assert engine.keeper is not None
        taken = engine.keeper.take()
        assert taken is not None
        mark, all_of_them = taken
        for wrong in (all_of_them[:-1], ()):
            with pytest.raises(ValueError, match="mark"):
                snapshot.save(place.snapshots, "code", mark, wrong)
    assert [] == snapshots(place)


# -- how they lie there --------------------------------------------------------------


def test_two_are_kept_and_nobody_else_may_read_them(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """The older goes, and what a crash left of one that was never finished."""
    place = place_at(tmp_path)
    for end in (10, 20, 30):
        append(place, facts[end - 10 : end])
        told(place)
        half = place.snapshots / f"snap-{end + 1:020d}.msgpack.tmp"
        half.write_bytes(made(place)[:100])
    append(place, facts[30:40])
    told(place)
    assert [30, 40] == seqs(snapshots(place))
    assert 2 == len(list(place.snapshots.iterdir()))
    assert 0o700 == stat.S_IMODE(place.snapshots.stat().st_mode)
    assert [0o600] * 2 == [stat.S_IMODE(one.stat().st_mode) for one in snapshots(place)]


def test_one_of_a_future_that_the_log_never_had_does_not_outlive_the_next(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """Else the newest, by its name, would stand in the way of all that come."""
    place = place_at(tmp_path)
    place.snapshots.mkdir(parents=True)
    for seq in (998, 999):
        (place.snapshots / f"snap-{seq:020d}.msgpack").write_bytes(b"no")
    append(place, facts)
    told(place)
    assert [len(facts)] == seqs(snapshots(place))


def test_a_few_new_events_are_not_worth_one(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """Reading them again costs less."""
    place = place_at(tmp_path)
    append(place, facts)
    worth = Settings(snapshot_close_events=len(facts) + 1)
    with opened(place, settings=worth):
        pass
    assert [] == snapshots(place)


def test_a_client_whose_time_is_nearly_over_makes_none(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """An answer within its deadline goes before the next start."""
    place = place_at(tmp_path)
    append(place, facts)
    for seconds, made_one in ((0.04, False), (60, True)):
        engine = Engine(place, OFTEN, SOURCES, build)
        engine.open(ends=time.monotonic() + seconds)
        engine.close()
        assert made_one == bool(snapshots(place))


def test_a_start_from_a_snapshot_that_is_too_late_tells_nothing(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """As one from the log: an empty answer, and why."""
    place = place_at(tmp_path)
    append(place, facts)
    told(place)
    engine = Engine(place, OFTEN, SOURCES, build)
    engine.open(ends=time.monotonic())
    try:
        answer = engine.query("failures", {})
        assert (0, True, UNREAD) == tuple(
            answer[key] for key in ("as_of_seq", "stale", "reason")
        )
    finally:
        engine.close()


def test_hints_count_at_a_start_from_a_snapshot(tmp_path: Path) -> None:
    """Nothing is read again, and nothing is appended twice if it is."""
    place = place_at(tmp_path)
    put(place, "events.jsonl", failing_run(5))
    with opened(place) as engine:
        assert 11 == engine.scan().appended
    with opened(place) as engine:
        assert engine._intake is not None  # noqa: SLF001  no door shows the hints
        hint = engine._intake.scanner._hints.of("events.jsonl")  # noqa: SLF001  as above
        assert hint.offset == (place.loki / "events.jsonl").stat().st_size
        assert 0 == engine.scan().appended
    shutil.rmtree(place.cache)
    with opened(place) as engine:
        assert 0 == engine.scan().appended
    assert (place.cache / "seen").exists()  # nothing was new, but all was read


FULL = """
import resource, sys
from pathlib import Path
from snapshot_rig import opened, place_at, told
resource.setrlimit(resource.RLIMIT_FSIZE, (24_000, 24_000))
remarks = []
told(place_at(Path(sys.argv[1])), remarks)
assert ["no snapshot at event"] == [one[:20] for one in remarks], remarks
"""


def test_no_room_for_a_snapshot_harms_nothing(
    tmp_path: Path, facts: list[Recorded]
) -> None:
    """It is given up, the older stays, and the log is closed well."""
    place = place_at(tmp_path / "shop")
    append(place, facts[:10])
    known = told(place)
    append(place, [one for n in range(8) for one in again(facts, n)])
    subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "shop")],
        check=True,
        cwd=Path(__file__).parent,
    )
    assert [10] == seqs(snapshots(place))
    assert 1 == len(list(place.snapshots.iterdir()))
    assert known != told(place)
    assert told_from_zero(place, tmp_path / "zero") == told(place)


def again(facts: list[Recorded], n: int) -> list[Recorded]:
    """The same facts under other ids."""
    return [msgspec.structs.replace(one, id=f"{n:02x}{one.id[2:]}") for one in facts]
