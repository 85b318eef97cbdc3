"""The log against a plain list, under all that may happen to it in any order."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from log_model import (
    DAMAGES,
    GAP,
    MEMORY,
    REPAIRED,
    Tail,
    after_damage,
    fact,
    pieces,
)
from log_rig import AT, SMALL, segments, served
from lokid.errors import StorageError
from lokid.events import Fact, Recorded
from lokid.log import SEGMENT_BYTES, Log, LogReader, verify

JUNK = st.one_of(
    st.just(b""),
    st.integers(1, 900).map(bytes),
    st.binary(min_size=1, max_size=60),
    st.just(b'{"c":"12345678","v":1,"seq":3,"p":"'),
    st.just(b"\n"),
)
"""What a disk may show behind the end of what was written."""
PROFILE = settings(
    max_examples=int(os.environ.get("LOKID_MACHINES", "50")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class LogMachine(RuleBasedStateMachine):
    """One log, its life, and ``model``: what it must serve.

    ``acked`` is the seq up to which somebody was told that it is durable.
    """

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.lives = 0
        self.directory = Path(self.folder.name) / "0" / "log"
        self.model: list[Recorded] = []
        self.acked = self.followed = 0
        self.number = 0
        self.harmed = False
        self.segment_bytes = SEGMENT_BYTES

    @initialize(size=st.sampled_from([SMALL, 3 * SMALL, SEGMENT_BYTES]))
    def begin(self, size: int) -> None:
        """An empty log."""
        self.segment_bytes = size
        self._open([])

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "log"):
            self.log.close()
        self.folder.cleanup()

    # -- what writers and readers do -------------------------------------------

    @rule(sizes=st.lists(st.integers(0, 700), max_size=6))
    def append(self, sizes: list[int]) -> None:
        """A batch is in the log, in order, under the next numbers."""
        batch = self.log.append(self._facts(sizes), AT)
        last = self.model[-1].seq if self.model else 0
        assert list(range(last + 1, last + 1 + len(sizes))) == [o.seq for o in batch]
        self.model += batch

    @rule()
    def sync(self) -> None:
        """Now all of it is durable, and somebody was told so."""
        self.log.sync()
        self.acked = self.log.seq

    @rule(since=st.integers(-2, 60), length=st.integers(0, 60))
    def read_a_stretch(self, since: int, length: int) -> None:
        """A stretch anywhere is that of the list."""
        until = since + length
        wanted = [one for one in self.model if since < one.seq <= until]
        assert wanted == list(self.log.read(since, until))
        assert wanted == list(LogReader(self.directory).read(since, until))

    @rule()
    def follow(self) -> None:
        """A tail gets each new line once, as it stands in the file."""
        lines = self.tail.poll()
        new = [one for one in self.model if one.seq > self.followed]
        assert [one.crc.encode() for one in new] == [line[6:14] for line in lines]
        assert all(line.endswith(b"\n") for line in lines)
        self.followed = new[-1].seq if new else self.followed

    @rule()
    def close_and_open(self) -> None:
        """A restart changes nothing."""
        self.log.close()
        self._open(self.model)

    # -- what may happen to them -----------------------------------------------

    @rule(where=st.floats(0, 1), junk=JUNK, stale=st.booleans(), hole=st.booleans())
    def kill(self, where: float, junk: bytes, stale: bool, hole: bool) -> None:  # noqa: FBT001  drawn by name
        """A kill or a power cut: anything may have become of what was not synced.

        It ends anywhere, with anything behind it, an old line of this very log
        too (``stale``); or a stretch of it was never written (``hole``).
        """
        before = segments(self.directory)[-1].read_bytes()
        begin = int(segments(self.directory)[-1].stem)
        lines = pieces(before)
        durable = sum(map(len, lines[: max(0, self.log.synced - begin + 1)]))
        end = durable + round(where * (len(before) - durable))
        after = before[:end] + junk + (lines[0] if stale and lines else b"")
        if hole:
            after = before[:durable] + bytes(end - durable) + before[end:]
        self._die()
        segments(self.directory)[-1].write_bytes(after)
        tail = Tail(before, after)
        kept = [one for one in self.model if one.seq < begin + tail.kept]
        assert self.acked <= (kept[-1].seq if kept else 0)
        self._open(kept, torn=tail.torn, broken=tail.broken)

    @rule(room=st.integers(0, 1500), sizes=st.lists(st.integers(0, 700), min_size=1))
    def write_error(self, room: int, sizes: list[int]) -> None:
        """A real write error in a batch ends the writer; the next one goes on.

        Of the batch, which nobody was told of, a first part may be there.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = segments(self.directory)[-1].stat().st_size + room
        batch = self._facts(sizes)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            self.model += self.log.append(batch, AT)
        except StorageError:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            self._go_on_without(batch)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    @precondition(lambda self: self.sealed())
    @rule(data=st.data(), kind=st.sampled_from([*DAMAGES, "gone"]))
    def damage(self, data: st.DataObject, kind: str) -> None:
        """Rot in a sealed segment: what lies before it and behind gaps is served."""
        self.log.close()
        segment = data.draw(st.sampled_from(self.sealed()))
        before = segment.read_bytes()
        at = data.draw(st.integers(0, len(before) - 1))
        after = DAMAGES[kind](before, at) if kind != "gone" else b""
        kept = Tail(before, after).kept
        expected, broken = after_damage(self.model, segment, kept)
        if kind == "gone":
            segment.unlink()
        else:
            segment.write_bytes(after)
        self.harmed = True
        assert expected == served(self.directory)
        self._open(expected, broken=broken)

    # -- what always holds -----------------------------------------------------

    @invariant()
    def the_list_is_served(self) -> None:
        """To the writer and to anybody else, each event once and in order."""
        type(self).steps += 1
        assert self.model == list(self.log.read())
        assert self.model == served(self.directory)
        assert len(self.model) == len({one.id for one in self.model})

    @rule()
    def check(self) -> None:
        """Verifying tells of what reading serves, and of all damage."""
        report = verify(self.directory)
        last = self.model[-1].seq if self.model else 0
        assert (len(self.model), last) == (report.events, report.last_seq)
        assert not report.torn
        assert self.harmed or not report.problems
        assert last == len(self.model) or report.problems

    # -- hands -----------------------------------------------------------------

    def sealed(self) -> list[Path]:
        """The segments before the last one, if there is anything in them."""
        return [one for one in segments(self.directory)[:-1] if one.stat().st_size]

    def _facts(self, sizes: list[int]) -> list[tuple[str, Fact]]:
        first = self.number
        self.number += len(sizes)
        return [fact(first + nth, size) for nth, size in enumerate(sizes)]

    def _open(
        self, expected: list[Recorded], *, torn: bool = False, broken: bool = False
    ) -> None:
        """The next writer serves what is expected, and says what it found."""
        self.log = Log.open(self.directory, segment_bytes=self.segment_bytes)
        found = list(self.log.read())
        assert expected == found[: len(expected)]
        said = [one.type for one in found[len(expected) :]]
        assert [GAP] * broken + [REPAIRED] * torn == said
        self._take_over(found)
        self.harmed = self.harmed or broken

    def _die(self) -> None:
        """Go on with a copy of the files as they lie, not closed by anybody."""
        self.lives += 1
        target = Path(self.folder.name) / str(self.lives) / "log"
        shutil.copytree(self.directory, target)
        self.log.close()
        self.directory = target

    def _go_on_without(self, batch: list[tuple[str, Fact]]) -> None:
        with pytest.raises(StorageError):
            self.log.append(batch, AT)
        with pytest.raises(StorageError):
            self.log.sync()
        self.log.close()
        self.log = Log.open(self.directory, segment_bytes=self.segment_bytes)
        found = list(self.log.read())
        assert self.model == found[: len(self.model)]
        said = found[len(self.model) :]
        part = [one.id for one in said if one.type != REPAIRED]
        assert [key for key, _ in batch][: len(part)] == part
        assert len(said) - len(part) <= 1
        self._take_over(found)

    def _take_over(self, found: list[Recorded]) -> None:
        """What a log serves on open is durable."""
        assert self.log.seq == self.log.synced
        self.model = found
        self.acked = self.log.seq
        self.tail = LogReader(self.directory).tail(self.acked)
        self.followed = self.acked


def test_the_log_is_a_plain_list_whatever_happens() -> None:
    """Each event once, in order, whole; what was acknowledged stays."""
    run_state_machine_as_test(LogMachine, settings=PROFILE)
