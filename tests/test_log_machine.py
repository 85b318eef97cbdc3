"""The log against a plain list, under all that may happen to it in any order."""

from __future__ import annotations

import os
import resource

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from log_model import DAMAGES, REPAIRED, Tail, after_damage, heals, pieces, unjoins
from log_rig import AT, segments, served
from log_upkeep import LogUpkeep
from lokid.errors import StorageError
from lokid.events import Fact
from lokid.log import Log

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
    phases=set(Phase) - {Phase.shrink},  # that takes minutes; machines.py does it
    suppress_health_check=list(HealthCheck),
)


class LogMachine(LogUpkeep):
    """All that may happen to a log, and what people do to it."""

    # -- what may happen to them -----------------------------------------------

    @rule(
        where=st.floats(0, 1),
        junk=JUNK,
        stale=st.booleans(),
        hole=st.booleans(),
        resume=st.booleans(),
    )
    def kill(
        self,
        *,
        where: float,
        junk: bytes,
        stale: bool,
        hole: bool,
        resume: bool,
    ) -> None:
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
        self._open(kept, torn=tail.torn, broken=tail.broken, resume=resume)

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
        if heals(before, after) or unjoins(before, after):
            after, kind = before, ""
        kept = Tail(before, after).kept
        expected, broken = after_damage(self.model, segment, kept)
        if kind == "gone":
            segment.unlink()
        else:
            segment.write_bytes(after)
        self.harmed, self.mark = True, None
        assert expected == served(self.directory)
        self._open(expected, broken=broken)

    @rule(size=st.integers(1, 1500), resume=st.booleans())
    def lose_the_end(self, *, size: int, resume: bool) -> None:
        """What was durable at the close is gone: that is no tear, and it is said."""
        self.log.close()
        last = segments(self.directory)[-1]
        before = last.read_bytes()
        after = before[: max(0, len(before) - size)]
        if unjoins(before, after):
            after = before
        last.write_bytes(after)
        broken = before != after
        self.harmed = self.harmed or broken
        end = int(last.stem) + Tail(before, after).kept
        kept = [one for one in self.model if one.seq < end]
        self._open(kept, broken=broken, resume=resume)

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


def test_the_log_is_a_plain_list_whatever_happens() -> None:
    """Each event once, in order, whole; what was acknowledged stays."""
    run_state_machine_as_test(LogMachine, settings=PROFILE)
