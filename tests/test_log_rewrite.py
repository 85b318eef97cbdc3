"""The accepted breaks: a compacted beginning, a redacted segment, accepted loss."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from log_rig import AT, SMALL, contents, filled, flip, pair, pairs, segments, served
from lokid import atomic, codec
from lokid.errors import StorageError, UsageError
from lokid.events import (
    Fact,
    LogCompacted,
    LogLossAccepted,
    LogRedacted,
    StageCompleted,
)
from lokid.log import Log, LogReader, cut_behind, event_id, redaction, verify
from lokid.log.leak import Leak


def compacted(directory: Path, until: int, carry: list[int], sums: int = 1) -> None:
    """Compact a log up to ``until``, carrying some of its lines."""
    lines = [line.rstrip(b"\n") for line in LogReader(directory).lines(0, until)]
    carried = [line for line in lines if codec.decode_line(line).seq in carry]
    log = Log.open(directory, segment_bytes=SMALL)
    summaries = [pair(1000 + number) for number in range(sums)]
    log.replace(cut_behind(directory, until), carried, summaries, AT)
    assert served(directory) == list(log.read())
    log.close()


@pytest.mark.parametrize("until", range(6, 17))
def test_a_compacted_log_begins_in_the_middle_and_is_whole(
    tmp_path: Path, until: int
) -> None:
    """Wherever it is cut: what is kept stays as it was, numbers have no gap."""
    directory = tmp_path / "log"
    before = filled(directory, 20, SMALL)
    compacted(directory, until, [2, 5], sums=2)
    found = served(directory)
    first = found[0]
    assert isinstance(first.event, LogCompacted)
    assert (until, until) == (first.event.until_seq, first.event.events)
    assert list(range(until - 4, 21)) == [one.seq for one in found]
    assert [before[1].id, before[4].id] == [one.id for one in found[1:3]]
    assert before[until:] == found[5:]
    report = verify(directory)
    assert ((), until - 5) == (report.problems, report.compacted)
    log = Log.open(directory, segment_bytes=SMALL)
    log.append(pairs(21, 30), AT)
    assert [*found, *log.read(20)] == list(log.read())
    log.close()
    assert () == verify(directory).problems


def test_a_compacted_log_can_be_compacted_again(tmp_path: Path) -> None:
    """The events it stands for are summed up."""
    directory = tmp_path / "log"
    filled(directory, 30, SMALL)
    compacted(directory, 11, [3])
    compacted(directory, 22, [10])
    first = served(directory)[0].event
    assert isinstance(first, LogCompacted)
    assert (22, 22) == (first.until_seq, first.events)
    assert () == verify(directory).problems


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    until=st.integers(4, 18),
    left=st.sets(st.integers(0, 4)),
    name=st.integers(0, 10**9),
)
def test_what_a_crash_leaves_of_a_compaction_is_passed_by_and_deleted(
    tmp_path: Path, until: int, left: set[int], name: int
) -> None:
    """Old segments beside the new one: readers pass them by, a writer deletes them."""
    directory = tmp_path / f"{name}-{until}-{sum(left)}" / "log"
    if directory.exists():
        return
    filled(directory, 20, SMALL)
    old = contents(segments(directory))
    compacted(directory, until, [])
    kept = contents(segments(directory))
    whole = served(directory)
    void = sorted(one for one in old if one not in kept)
    for one in void[: len(left)]:  # the oldest go last
        (directory / one).write_bytes(old[one])
    assert whole == served(directory)
    assert () == verify(directory).problems
    log = Log.open(directory)
    assert whole == list(log.read())
    log.close()
    assert sorted(kept) == [path.name for path in segments(directory)]


def test_more_than_it_replaces_is_no_compaction(tmp_path: Path) -> None:
    """Five lines cannot stand for five and their own heading."""
    directory = tmp_path / "log"
    filled(directory, 20, SMALL)
    old = contents(segments(directory))
    with pytest.raises(UsageError, match="would be replaced by"):
        compacted(directory, 5, [1, 2, 3, 4, 5], sums=0)
    assert old.items() <= contents(segments(directory)).items()


def test_readers_behind_the_cut_go_on_and_those_before_it_are_told(
    tmp_path: Path,
) -> None:
    """A follower misses nothing and sees nothing twice; a half-read past ends."""
    directory = tmp_path / "log"
    before = filled(directory, 20, SMALL)
    tail = LogReader(directory).tail(0)
    assert 20 == len(tail.poll())
    halfway: Iterator[bytes] = LogReader(directory).lines()
    next(halfway)
    compacted(directory, 15, [])
    log = Log.open(directory, segment_bytes=SMALL)
    log.append(pairs(21, 25), AT)
    assert [21, 22, 23, 24, 25] == [codec.decode_line(line).seq for line in tail.poll()]
    assert [] == tail.poll()
    log.close()
    with pytest.raises(StorageError, match="compacted while it was read"):
        for _ in halfway:
            pass
    assert before[15:] == list(LogReader(directory).read(15, 20))


def redacted(directory: Path, number: int, *, tell: bool = True) -> None:
    """Give a sealed segment another chain from its second line on, and say so."""
    path = segments(directory)[number]
    first, *lines = path.read_bytes().splitlines()
    changed = [first + b"\n"]
    for line in lines:
        seq = codec.decode_line(line).seq
        other = line.replace(b'"iteration":', b'"iteration":9')
        changed.append(codec.rehead(other, seq, codec.crc_of(changed[-1])))
    event = LogRedacted(
        segment=path.name,
        old=codec.crc_of(lines[-1]).decode(),
        new=codec.crc_of(changed[-1]).decode(),
        lines=len(lines),
    )
    if tell:
        identity = (event.TYPE, event.segment, event.old, event.new)
        log = Log.open(directory, segment_bytes=SMALL)
        log.append([(event_id(identity), Fact(event=event, identity=identity))], AT)
        log.close()
    path.write_bytes(b"".join(changed))


def test_a_redacted_segment_is_an_accepted_break(tmp_path: Path) -> None:
    """Twice the same one, too; without the line that says so it is damage."""
    directory = tmp_path / "log"
    filled(directory, 20, SMALL)
    redacted(directory, 1)
    assert ((), 21) == (verify(directory).problems, len(served(directory)))
    redacted(directory, 1)
    assert ((), 22) == (verify(directory).problems, len(served(directory)))
    log = Log.open(directory)
    assert ((), 22) == (log.damages, log.seq)
    log.close()
    redacted(directory, 2, tell=False)
    assert 1 == len(verify(directory).problems)


def test_a_redaction_that_a_crash_ended_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is done by the next one, which has nothing new to tell."""
    directory = tmp_path / "log"
    event = StageCompleted(stage=(word := "leakedword"), status="fail")
    log = Log.open(directory, segment_bytes=SMALL)
    log.append([(event_id((word,)), Fact(event=event, identity=(word,)))], AT)
    log.append(pairs(1, 20), AT)
    with monkeypatch.context() as crash:
        crash.setattr(atomic, "write_file", _die)
        with pytest.raises(KeyboardInterrupt):
            redaction.redact(log, directory, Leak(word), AT)
    log.close()
    log = Log.open(directory, segment_bytes=SMALL)
    redaction.redact(log, directory, Leak(word), AT)
    log.close()
    told = [one.id for one in served(directory) if one.type == LogRedacted.TYPE]
    assert 1 == len(told)
    assert () == verify(directory).problems
    assert 0 == redaction.occurrences(directory, Leak(word)).events


def _die(path: Path, content: Sequence[bytes] = ()) -> None:
    """A crash before a segment is rewritten; a fresh one is made."""
    if content:
        raise KeyboardInterrupt
    path.touch()


def test_an_accepted_loss_is_named_and_no_problem_any_more(tmp_path: Path) -> None:
    """Another place is."""
    directory = tmp_path / "log"
    filled(directory, 20, SMALL)
    flip(segments(directory)[1], 30)
    log = Log.open(directory, segment_bytes=SMALL)
    facts = [
        Fact(
            event=LogLossAccepted(segment=one.segment, offset=one.offset, seq=one.seq),
            identity=("accepted", one.segment, one.offset),
        )
        for one in verify(directory).problems
    ]
    assert 1 == len(facts)
    log.append([(event_id(one.identity), one) for one in facts], AT)
    log.close()
    report = verify(directory)
    assert [True] == [one.accepted for one in report.problems]
    assert not report.damaged
    flip(segments(directory)[3], 30)
    assert verify(directory).damaged


def test_a_segment_that_is_no_file_is_an_error_and_no_wait(tmp_path: Path) -> None:
    """A pipe in the log's place would be waited for without end."""
    directory = tmp_path / "log"
    filled(directory, 20, SMALL)
    second = segments(directory)[1]
    second.unlink()
    os.mkfifo(second)
    with pytest.raises(StorageError, match="is no file"):
        verify(directory)


@pytest.mark.parametrize("until", [1, 6, 10, 13])
def test_a_stretch_before_a_compacted_beginning_is_empty(
    tmp_path: Path, until: int
) -> None:
    """The first block begins behind it: none of its lines is meant."""
    directory = tmp_path / "log"
    filled(directory, 40, SMALL)
    compacted(directory, 30, [2, 5], sums=14)
    found = served(directory)
    assert found[0].seq == 14
    reader = LogReader(directory)
    assert list(reader.read(0, until)) == []
    assert [one.seq for one in reader.read(0, 15)] == [14, 15]
