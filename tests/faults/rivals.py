"""Lives that begin at once on one log: a program that `process` starts.

    python rivals.py FOLDER ROUNDS

Whoever gets the lock lives as in ``life.py``, whoever does not ends with 73; one
that comes a moment later may follow the first.  After every `ROUNDS_EACH` rounds
the log is held to account, and the next begin on none.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import msgspec

from forks import Child, Tell, Work
from life import account, live, workspace, write_crash
from lokid.paths import Workspace
from story import Story

RIVALS = 6
ROUNDS_EACH = 5
BUSY = 73


class Rivalry:
    """One run; see the module."""

    def __init__(self, folder: Path) -> None:
        """Nobody has begun yet."""
        self.story = Story()
        self._folder = folder
        self._said: list[str] = []

    def run(self, rounds: int) -> None:
        """All rounds."""
        for start in range(0, rounds, ROUNDS_EACH):
            place = workspace(self._folder / str(start))
            place.root.mkdir(parents=True)
            self._said = []
            for number in range(start, min(start + ROUNDS_EACH, rounds)):
                self._round(place, number)
                self.story.progress(number + 1, rounds)
            self._settle(place, start)
            shutil.rmtree(self._folder / str(start))

    def _round(self, place: Workspace, number: int) -> None:
        write_crash(place, number, number)
        rivals = [
            Child(_living(place, [f"{number}/{rival}/{nth}" for nth in range(4)]))
            for rival in range(RIVALS)
        ]
        codes = []
        for one in rivals:
            code, lines = one.ended()
            codes.append(code)
            self._said += [line[4:] for line in lines if line.startswith("ack\t")]
            if code not in {0, BUSY}:
                self.story.miss(f"round {number}: ended {code}: {lines[-3:]}")
        self.story.add("wrote", codes.count(0))
        self.story.add("ended 73", codes.count(BUSY))
        if 0 not in codes:
            self.story.miss(f"round {number}: nobody wrote: {codes}")

    def _settle(self, place: Workspace, start: int) -> None:
        said = self._said

        def work(tell: Tell, _pipe: int) -> int:
            tell(msgspec.json.encode(account(place, said)).decode())
            return 0

        self.story.add("acknowledged", len(said))
        for wrong in self.story.settle(*Child(work).ended()):
            self.story.miss(f"rounds from {start}: {wrong}")


def _living(place: Workspace, names: list[str]) -> Work:
    return lambda tell, _pipe: live(place, names, tell)


if __name__ == "__main__":
    rivalry = Rivalry(Path(sys.argv[1]))
    rivalry.run(int(sys.argv[2]))
    rivalry.story.end()
