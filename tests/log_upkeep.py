"""What people do to a log, beside a plain list: compact, redact, mend."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from log_life import LogLife
from log_model import WORDS
from log_rig import AT, contents, segments
from lokid.errors import UsageError
from lokid.events import LogCompacted, OutputFailed, Recorded
from lokid.log import Log, LogReader, cut_behind, verify
from lokid.log.leak import REPLACEMENT, Leak
from lokid.log.redaction import redact
from lokid.log.salvage import acceptances, unserved

SAID = {"log.redacted", "log.loss_accepted"}
"""What a redaction tells: what it did, and the new places of accepted losses."""


class LogUpkeep(LogLife):
    """A log that is kept small, clean and whole."""

    @precondition(lambda self: len(self.model) > 3)
    @rule(
        part=st.floats(0, 1),
        carry=st.lists(st.booleans(), max_size=20),
        sums=st.integers(0, 2),
        left=st.none() | st.integers(0, 9),
    )
    def compact(
        self, part: float, carry: list[bool], sums: int, left: int | None
    ) -> None:
        """A shorter beginning stands for the old one; what it carries is the same.

        ``left``: a crash, and so many of the old segments are still there.
        """
        places = self._cuts()
        if not places:
            return
        until = places[int(part * (len(places) - 1))]
        lines = [line[:-1] for line in LogReader(self.directory).lines(0, until)]
        old = [one for one in self.model if one.seq <= until]
        kept = [
            nth
            for nth, (one, wanted) in enumerate(zip(old, carry, strict=False))
            if wanted and not one.type.startswith("log.")
        ]
        summaries = self._facts([40] * sums)
        before = contents(segments(self.directory))
        cut = cut_behind(self.directory, until)
        try:
            self.log.replace(cut, [lines[nth] for nth in kept], summaries, AT)
        except UsageError:
            return
        found = list(self.log.read())
        begin = found[: len(found) - (len(self.model) - len(old))]
        assert self.model[len(old) :] == found[len(begin) :]
        assert "log.compacted" == begin[0].type
        count = 1 + len(kept) + sums
        assert list(range(until + 1 - count, until + 1)) == [one.seq for one in begin]
        ids = [old[nth].id for nth in kept] + [key for key, _ in summaries]
        assert ids == [one.id for one in begin[1:]]
        for nth, one in zip(kept, begin[1:], strict=False):
            assert _elsewhere(old[nth]) == _elsewhere(one)
        self.model, self.acked = found, max(self.acked, until)
        if self.followed < until:
            self._follow_from_here()
        if left is not None:
            self._crash_in_a_compaction(before, left)

    @precondition(lambda self: self.model)
    @rule(word=st.sampled_from(WORDS), done=st.none() | st.integers(0, 4))
    def redact(self, word: str, done: int | None) -> None:
        """A word is nowhere any more, and all else is as it was.

        ``done``: a crash, and so many of the segments are rewritten by then.
        """
        before = contents(segments(self.directory))
        damaged = verify(self.directory).damaged
        done_to = redact(self.log, self.directory, Leak(word), AT)
        changed = [one.segment for one in done_to]
        self.log.close()
        whole = set(changed if done is None else changed[:done])
        for name in set(changed) - whole:
            (self.directory / name).write_bytes(before[name])
        self.log = Log.open(self.directory, segment_bytes=self.segment_bytes)
        found = list(self.log.read())
        expected = [_without(one, word) for one in self.model]
        same = [_without(one, word) for one in found[: len(expected)]]
        assert expected == same
        assert SAID.issuperset(one.type for one in found[len(expected) :])
        if whole == set(changed):
            files = contents(segments(self.directory))
            assert [] == [name for name in files if word.encode() in files[name]]
        assert damaged or not verify(self.directory).damaged
        self._take_over(found)

    @precondition(lambda self: self.harmed)
    @rule()
    def mend(self) -> None:
        """Intact facts behind damage are served again; the rest is accepted."""
        again = [line[16:] for line in unserved(self.directory)]
        assert len(again) == self.log.adopt(unserved(self.directory))
        problems = [p for p in verify(self.directory).problems if not p.accepted]
        places = acceptances(problems)
        self.log.append(places, AT)
        self.sync()
        assert [] == unserved(self.directory)
        assert not verify(self.directory).damaged
        found = list(self.log.read())
        assert self.model == found[: len(self.model)]
        assert len(found) == len(self.model) + len(again) + len(places)
        self.model = found

    def _cuts(self) -> list[int]:
        """Where the log may be cut: anywhere but within a compacted beginning."""
        first = self.model[0].event
        begin = first.until_seq if isinstance(first, LogCompacted) else 0
        return [one.seq for one in self.model if one.seq >= begin]

    def _crash_in_a_compaction(self, before: dict[str, bytes], left: int) -> None:
        self.log.close()
        made = contents(segments(self.directory))
        for name in sorted(set(before) - set(made))[:left]:
            (self.directory / name).write_bytes(before[name])
        self._open(self.model)


def _elsewhere(one: Recorded) -> Recorded:
    """A line of the log, wherever it stands."""
    return msgspec.structs.replace(one, seq=0, crc="")


def _without(one: Recorded, word: str) -> Recorded:
    """What a line tells once the word is gone."""
    event = one.event
    if isinstance(event, OutputFailed):
        said = (event.error_line or "").replace(word, REPLACEMENT)
        event = msgspec.structs.replace(event, error_line=said)
    return msgspec.structs.replace(one, event=event, crc="")
