"""So many daemons at once, again and again: one of them writes, the others leave.

    python starts.py FOLDER ROUNDS SEED DAEMONS

Each round: a crash file is written, all daemons start in the same moment, all but
one must end with 73 while the one that is left answers, and then that one is told
to end, or killed.  In the end every file's fact is in the log once.
"""

from __future__ import annotations

import random
import signal
import sys
from pathlib import Path

import msgspec

from daemons import TAKEN, Gate, answering, daemon, ended, still_running
from forks import Child, Tell
from life import account, workspace, write_crash
from lokid.paths import Workspace
from story import Story


def main() -> None:
    """Run all rounds in one workspace, then hold its log to account."""
    folder, rounds, seed, count = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    chance = random.Random(f"starts/{seed}")  # noqa: S311  a script, no secret
    story = Story()
    place = workspace(folder)
    place.root.mkdir(parents=True)
    for number in range(rounds):
        write_crash(place, number + 1, number)
        killed = chance.random() < 0.5
        _race(story, place, number, count, killed=killed)
        story.progress(number + 1, rounds)

    def work(tell: Tell, _pipe: int) -> int:
        tell(msgspec.json.encode(account(place, ())).decode())
        return 0

    for wrong in story.settle(*Child(work).ended()):
        story.miss(f"seed {seed}: {wrong}")
    story.end()


def _race(
    story: Story, place: Workspace, number: int, count: int, *, killed: bool
) -> None:
    gate = Gate()
    children = [daemon(place, gate) for _ in range(count)]
    gate.open()
    story.add("started", count)
    left = still_running(children, 1)
    where = f"round {number}"
    if len(left) != 1:
        story.miss(f"{where}: {len(left)} of {count} daemons went on")
    elif answering(place, left[0].pid) is None:
        story.miss(f"{where}: the daemon that was left does not answer")
    for one in children:
        if one in left:
            sign = signal.SIGKILL if killed else signal.SIGTERM
            code, said = ended(one, sign)
            story.add("wrote")
            if code != (-signal.SIGKILL if killed else 0):
                story.miss(f"{where}: the writer ended {code}: {said[-3:]}")
        else:
            code, said = one.ended()
            story.add("refused (73)", int(code == TAKEN))
            if code != TAKEN:
                story.miss(f"{where}: one that lost ended {code}: {said[-3:]}")


if __name__ == "__main__":
    main()
