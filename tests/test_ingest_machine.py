"""Ingest against a plain model of the files, under all that may happen to both."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ingest_harness import Harness
from ingest_model import Files, Key, key_of, states_in
from log_model import MEMORY
from log_rig import segments
from lokid.config import Settings
from lokid.engine import Engine
from lokid.events import Recorded
from lokid.log import LogReader
from lokid.paths import find_workspace
from lokid.sources import SOURCES

SETTINGS = Settings(scan_batch=3, reject_after_seconds=86_400)
"""Small batches, and nothing half-written is given up while a test runs."""
OWN = {"log.repaired", "log.gap_found"}
TOLD = {
    "crash.observed",
    "iteration.started",
    "convergence.measured",
    "output.passed",
    "output.failed",
    "gates.counted",
}
PROFILE = settings(
    max_examples=int(os.environ.get("LOKID_MACHINES", "50")),
    stateful_step_count=40,
    deadline=None,
    phases=set(Phase) - {Phase.shrink},  # that takes minutes; machines.py does it
    suppress_health_check=list(HealthCheck),
)


class IngestMachine(Harness):
    """One workspace, its harness and its engine.

    ``must``: what a whole scan could see; ``may``: what any scan could.
    """

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        root = Path(self.folder.name, "work")
        root.mkdir()
        environ = {"LOKID_STATE_DIR": str(root.with_name("state"))}
        self.workspace = find_workspace(str(root), environ)
        self.files = Files(self.workspace.loki)
        self.must: set[Key] = set()
        self.may: set[Key] = set()
        self.durable = 0
        self.sound = False

    @initialize()
    def begin(self) -> None:
        """A workspace that was never looked at."""
        self._open()

    def teardown(self) -> None:
        """All that could be seen is there, once; leave nothing behind."""
        if self.sound:
            self.scan()
            self._close()
        self.folder.cleanup()

    # -- lokid looks -----------------------------------------------------------

    @rule()
    def scan(self) -> None:
        """A whole scan: all that is whole is in the log, once, and nothing else."""
        visible = self.files.visible()
        done = self.engine.scan()
        assert (True, ()) == (done.complete, done.unreadable)
        self.must |= visible
        self.may |= visible
        self._hold_against_the_log()

    @rule(budget=st.sampled_from([0.0, 0.0005, 0.002]))
    def scan_in_a_hurry(self, budget: float) -> None:
        """A scan that may not see it all."""
        self.may |= self.files.visible()
        self.engine.scan(budget)

    @rule()
    def sync(self) -> None:
        """What was appended is durable, and the hints are saved."""
        self.engine.sync()
        self.engine.save_hints()
        self.durable = self._size()

    # -- what may happen to it -------------------------------------------------

    @rule(
        harm=st.sampled_from(["", "gone", "garbage", "a bit", "cut"]),
        where=st.floats(0, 0.999),
        bit=st.integers(0, 7),
    )
    def close_and_open(self, harm: str, where: float, bit: int) -> None:
        """A restart; the hints may be gone or damaged by then."""
        self._close()
        seen = self.workspace.cache / "seen"
        if harm and seen.exists() and seen.stat().st_size:
            content = bytearray(seen.read_bytes())
            at = int(where * len(content))
            if harm == "garbage":
                content = bytearray(b"\x81\xa1" * 20)
            elif harm == "a bit":
                content[at] ^= 1 << bit
            seen.write_bytes(content[: at if harm == "cut" else None])
            if harm == "gone":
                shutil.rmtree(self.workspace.cache)
        self._open()

    @rule(part=st.floats(0, 1))
    def kill(self, part: float) -> None:
        """What was not synced may be lost; what still lies there is read again."""
        state = self.workspace.state
        left = state.with_name("left")
        size = self._size()
        shutil.copytree(state, left)
        self._close()
        shutil.rmtree(state)
        left.rename(state)
        self._cut(round((1 - part) * (size - self.durable)))
        self._open()

    @rule(size=st.integers(1, 900))
    def lose_the_end(self, size: int) -> None:
        """The log's last bytes are gone, though they were durable."""
        self._close()
        self._cut(size)
        self._open()

    @invariant()
    def count(self) -> None:
        """Counted for the table."""
        type(self).steps += 1

    # -- hands -----------------------------------------------------------------

    def _open(self) -> None:
        self.engine = Engine(self.workspace, SETTINGS, SOURCES, tuple)
        self.engine.open()
        self.durable = self._size()
        self.must &= set(map(key_of, self._log()))
        self.sound = True

    def _close(self) -> None:
        """Until the next one is open, nothing of the rest is asked."""
        self.sound = False
        self.engine.close()

    def _log(self) -> list[Recorded]:
        return list(LogReader(self.workspace.log).read())

    def _size(self) -> int:
        return sum(file.stat().st_size for file in segments(self.workspace.log))

    def _cut(self, size: int) -> None:
        last = segments(self.workspace.log)[-1]
        content = last.read_bytes()
        last.write_bytes(content[: max(0, len(content) - size)])

    def _hold_against_the_log(self) -> None:
        log, self.sound = self._log(), False
        assert set() == {one.type for one in log} - TOLD - OWN
        told = Counter(key for one in log if (key := key_of(one)))
        assert [] == [key for key, count in told.items() if count > 1]
        assert set() == self.must - set(told)
        assert set() == set(told) - self.may
        assert len(log) == len({one.id for one in log})
        values = states_in(log)
        assert all(a != b for a, b in pairwise(values))
        now = self.files.state()
        assert now is None or now == (values[-1] if values else -1)
        self.sound = True


def test_each_whole_content_is_in_the_log_once_whatever_happens() -> None:
    """All that a whole scan could see, nothing that was half-written."""
    run_state_machine_as_test(IngestMachine, settings=PROFILE)
