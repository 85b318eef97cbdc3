"""kill -9 at random moments: a program that `process` starts, once per seed.

    python kills.py FOLDER CYCLES SEED

Each cycle writes a few crash files (some under a name that is there already),
forks a child that lives as in ``life.py`` and kills it at a random moment.  After
every `LIVES` cycles the log is held against what was acknowledged and what lies
on disk, and the next cycles begin in an empty folder, with a first start.
"""

from __future__ import annotations

import random
import shutil
import signal
import sys
from pathlib import Path

import msgspec

from forks import Child, Tell
from life import account, live, workspace, write_crash
from lokid.paths import Workspace
from story import Story

LIVES = 25
"""Cycles in one workspace: its history stays short, and there are many firsts."""
SPAN = 0.1  # seconds within which the moment falls, at first
LONGER, SHORTER, LONGEST = 1.01, 0.95, 5.0
"""The span follows the machine: about one life in six comes to its own end."""


class Killing:
    """One run; see the module."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Nothing was killed yet."""
        self.story = Story()
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311  moments, no secrets
        self._seed = seed
        self._span = SPAN
        self._said: list[str] = []

    def run(self, cycles: int) -> None:
        """All cycles; a workspace is held to account when it had its lives."""
        for start in range(0, cycles, LIVES):
            place = workspace(self._folder / f"{start}")
            place.root.mkdir(parents=True)
            self._said = []
            for cycle in range(start, min(start + LIVES, cycles)):
                self._cycle(place, cycle)
                self.story.progress(cycle + 1, cycles)
            self._settle(place, start)
            shutil.rmtree(self._folder / f"{start}")

    def _cycle(self, place: Workspace, cycle: int) -> None:
        chance = self._chance
        self._write(place, cycle, chance.randint(0, 4))
        names = [f"{self._seed}/{cycle}/{nth}" for nth in range(chance.randint(1, 12))]
        child = Child(lambda tell, _pipe: live(place, names, tell))
        wait = chance.random() * self._span
        if chance.random() < 0.3 and not child.wait(wait / 2):
            self._write(place, cycle, 1)  # while it scans, perhaps
        self._end(child, wait, cycle)

    def _write(self, place: Workspace, cycle: int, count: int) -> None:
        for _ in range(count):
            number = self._chance.randint(1, 3 * (cycle % LIVES + 1))
            write_crash(place, number, f"{cycle}_{self.story.count('files')}")
            self.story.add("files")

    def _end(self, child: Child, wait: float, cycle: int) -> None:
        if not child.wait(wait):
            child.kill()
        code, lines = child.ended()
        if code == -signal.SIGKILL:
            self.story.add("killed")
            self._span = min(self._span * LONGER, LONGEST)
        else:
            self._span *= SHORTER
        acknowledged = [one[4:] for one in lines if one.startswith("ack\t")]
        self.story.add("acknowledged", len(acknowledged))
        self._said += acknowledged
        if code not in {0, -signal.SIGKILL}:
            self.story.add("bad ends")
            self.story.miss(f"seed {self._seed}, cycle {cycle}: ended {code}: {lines}")

    def _settle(self, place: Workspace, start: int) -> None:
        said = self._said

        def work(tell: Tell, _pipe: int) -> int:
            tell(msgspec.json.encode(account(place, said)).decode())
            return 0

        for wrong in self.story.settle(*Child(work).ended()):
            where = f"seed {self._seed}, cycles {start} to {start + LIVES - 1}"
            self.story.miss(f"{where}: {wrong}")


if __name__ == "__main__":
    killing = Killing(Path(sys.argv[1]), int(sys.argv[3]))
    killing.run(int(sys.argv[2]))
    killing.story.end()
