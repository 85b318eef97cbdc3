"""A log's life as a state machine: what writers and readers do, beside a plain list."""

from __future__ import annotations

import shutil
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from log_model import GAP, MEMORY, REPAIRED, fact
from log_rig import AT, SMALL, contents, segments, served
from lokid.events import Fact, Recorded
from lokid.log import SEGMENT_BYTES, Log, LogReader, Mark, verify


class LogLife(RuleBasedStateMachine):
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
        self.mark: Mark | None = None
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
    def seal(self) -> None:
        """A new segment may begin at any time."""
        self.log.seal()

    @rule()
    def remember(self) -> None:
        """A durable place, to go on from at a later start."""
        self.mark = self.log.mark()
        self.acked = self.log.seq

    @rule()
    def save_watermark(self) -> None:
        """Up to here all is durable, and that is on record."""
        self.log.save_watermark()
        self.acked = self.log.seq

    @rule(resume=st.booleans(), forgotten=st.booleans())
    def close_and_open(self, *, resume: bool, forgotten: bool) -> None:
        """A restart changes nothing, with or without what is kept beside the log."""
        self.log.close()
        if forgotten:
            (self.directory / "watermark").unlink()
        self._open(self.model, resume=resume)

    # -- what always holds -----------------------------------------------------

    @invariant()
    def the_list_is_served(self) -> None:
        """To the writer and to anybody else, each event once and in order."""
        type(self).steps += 1
        assert self.model == list(self.log.read())
        assert self.model == served(self.directory)
        facts = [one.id for one in self.model if not one.type.startswith("log.")]
        assert len(facts) == len(set(facts))

    @rule()
    def check(self) -> None:
        """Verifying tells of what reading serves, and of all damage."""
        report = verify(self.directory)
        last = self.model[-1].seq if self.model else 0
        assert (len(self.model), last) == (report.events, report.last_seq)
        assert not report.torn
        assert self.harmed or not report.problems
        jumps = any(b.seq != a.seq + 1 for a, b in pairwise(self.model))
        assert report.problems or not jumps

    # -- hands -----------------------------------------------------------------

    def sealed(self) -> list[Path]:
        """The segments before the last one, if there is anything in them."""
        return [one for one in segments(self.directory)[:-1] if one.stat().st_size]

    def _facts(self, sizes: list[int]) -> list[tuple[str, Fact]]:
        first = self.number
        self.number += len(sizes)
        return [fact(first + nth, size) for nth, size in enumerate(sizes)]

    def _open(
        self,
        expected: list[Recorded],
        *,
        torn: bool = False,
        broken: bool = False,
        resume: bool = False,
    ) -> None:
        """The next writer serves what is expected, and says what it found.

        Nothing of any file is changed, but that a torn end is left out.
        """
        before = contents(segments(self.directory)) if self.directory.is_dir() else {}
        self.log = Log.open(
            self.directory,
            segment_bytes=self.segment_bytes,
            resume=self.mark if resume else None,
        )
        found = list(self.log.read())
        assert expected == found[: len(expected)]
        said = [one.type for one in found[len(expected) :]]
        assert [GAP] * broken + [REPAIRED] * torn == said
        after = contents(segments(self.directory))
        last = max(before, default="")
        for name in before.keys() & after.keys():
            if torn and name == last:
                told = after[name].rfind(b"\n", 0, -1) + 1  # that it was repaired
                assert before[name].startswith((after[name], after[name][:told]))
            else:
                assert after[name] == before[name]
        self._take_over(found)
        self.harmed = self.harmed or broken

    def _die(self) -> None:
        """Go on with a copy of the files as they lie, not closed by anybody."""
        self.lives += 1
        target = Path(self.folder.name) / str(self.lives) / "log"
        shutil.copytree(self.directory, target)
        self.log.close()
        self.directory = target

    def _take_over(self, found: list[Recorded]) -> None:
        """What a log serves on open is durable."""
        assert self.log.seq == self.log.synced
        self.model = found
        self.acked = self.log.seq
        self._follow_from_here()

    def _follow_from_here(self) -> None:
        self.followed = self.log.seq
        self.tail = LogReader(self.directory).tail(self.followed)
