"""A fault at each call in turn: a program that `process` starts under the shim.

    python sweep.py FOLDER START FAULTS POINTS

``START`` is where each life begins: a ``fresh`` log, a ``used`` one, one with a
``torn`` tail.  ``FAULTS`` are names of `shim.FAULTS`, joined by commas; ``POINTS``
is how many points of each are tried (0: every one, until no fault fires).

A life as in ``life.py`` meets the fault at its Nth call.  Then a second life, on
what the first left, acknowledges once more; and the log is held to account.  The
order of the calls is followed through both: what the first did not make durable
lies in the page cache only, whatever the second can read.
"""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import msgspec

from forks import Child, Tell
from life import account, live, workspace, write_crash
from order import Call, Order, call_of
from shim import FAIL, FAULTS, KILLS, WATCH, Fault, arm
from story import Story

STATEMENTS = 6
BEFORE = 30
"""Statements in the log of a ``used`` start."""
IO, FULL = 74, 75
"""How a life may end that met an error; 0: it went on."""
FULL_ERRORS = (28, 122)  # ENOSPC, EDQUOT


class Sweep:
    """All points of some faults on one start; see the module."""

    def __init__(self, folder: Path, start: str) -> None:
        """Make what each life begins with."""
        self.story = Story()
        self._start = folder / start
        self._now = folder / "now"
        self._kinds: list[str] = []
        self._prepare(start)

    def _prepare(self, start: str) -> None:
        place = workspace(self._start)
        (self._start / "state").mkdir(parents=True)
        for number in range(3):
            write_crash(place, number, "first")
        if start == "fresh":
            return
        said = [f"before/{nth}" for nth in range(BEFORE)]
        code, lines = Child(lambda tell, _pipe: live(place, said, tell)).ended()
        assert not code, lines
        for number in range(2, 5):
            write_crash(place, number, "second")
        if start == "torn":
            last = max(place.log.glob("*.ndjson"))
            last.write_bytes(last.read_bytes() + b'{"c":"0badcafe","v":1,"seq":')

    def run(self, names: list[str], points: int) -> None:
        """Each fault, point by point."""
        lengths = [self._length(FAULTS[name].only) for name in names]
        for nth_fault, name in enumerate(names):
            length, before = lengths[nth_fault], sum(lengths[:nth_fault])
            for nth in _points(FAULTS[name], length, points):
                if not self._point(name, nth):
                    break
                self.story.progress(before + min(nth, length), sum(lengths))

    def _length(self, only: str) -> int:
        """How many calls a life has that meets no fault."""
        if not self._kinds:
            lines = self._live(Fault(WATCH), 0)[1]
            self._kinds = [call.kind for call in map(call_of, lines) if call]
        return sum(only in kind for kind in self._kinds)

    def _point(self, name: str, nth: int) -> bool:
        """One fault at one call; whether it fired."""
        fault = FAULTS[name]
        code, lines = self._live(fault, nth)
        met = next((one for one in map(call_of, lines) if one and one.fault), None)
        if met is None:
            return False
        self.story.add("points")
        order = Order("lokid/log")
        after = order.follow_all(lines)
        wrong = list(self._judge_end(fault, met, code, len(order.acknowledged), after))
        self._live_again(order, wrong)
        if wrong or order.wrong:
            self.story.add("wrong")
            where = f"{self._start.name} {name} {nth} ({met.kind} {met.path})"
            told = [*wrong, *order.wrong, *[one for one in lines if one[:4] == "erro"]]
            self.story.miss(f"{where}: ended {code}: {'; '.join(told[:3])}")
        return True

    def _live(self, fault: Fault, nth: int) -> tuple[int, list[str]]:
        shutil.rmtree(self._now, ignore_errors=True)
        shutil.copytree(self._start, self._now)
        for card in self._now.rglob("workspace.json"):  # it is of this place now
            told = card.read_text().replace(str(self._start), str(self._now))
            card.write_text(told)
        names = [f"now/{number}" for number in range(STATEMENTS)]
        return self._child(fault, nth, names)

    def _child(self, fault: Fault, nth: int, names: list[str]) -> tuple[int, list[str]]:
        place = workspace(self._now)

        def work(tell: Tell, pipe: int) -> int:
            arm(self._now / "state", fault, nth, pipe)
            return live(place, names, tell)

        return Child(work).ended()

    def _judge_end(
        self, fault: Fault, met: Call, code: int, acknowledged: int, after: int
    ) -> Iterator[str]:
        """What is wrong with how a life ended that met a fault."""
        if fault.mode in KILLS:
            if code != -signal.SIGKILL:
                yield f"not killed, but ended {code}"
            return
        self.story.add(f"ended {code}")
        full = fault.number in FULL_ERRORS
        folder = met.path == "lokid/log"
        if code not in ((0, IO, FULL) if full else (0, IO)):
            yield "a bad end"
        if code == 0 and acknowledged != STATEMENTS:
            yield f"ended well with {acknowledged} of {STATEMENTS} acknowledged"
        if _fatal(fault, met) and code != IO:
            yield "a segment of which nobody knows was gone on with"
        if after and (_fatal(fault, met) or (folder and met.kind == "fsync")):
            yield f"{after} acknowledged after the fault"

    def _live_again(self, order: Order, wrong: list[str]) -> None:
        """Another life without a fault; then all must be there, once."""
        order.begin_again()
        code, lines = self._child(Fault(WATCH), 0, ["again"])
        order.follow_all(lines)
        if code:
            wrong.append(f"the next life ended {code}: {lines[-3:]}")
        place, said = workspace(self._now), list(order.acknowledged)
        if self._start.name != "fresh":
            said += [f"before/{nth}" for nth in range(BEFORE)]

        def work(tell: Tell, _pipe: int) -> int:
            tell(msgspec.json.encode(account(place, said)).decode())
            return 0

        self.story.add("acknowledged", len(order.acknowledged))
        wrong += self.story.settle(*Child(work).ended())


def _points(fault: Fault, length: int, points: int) -> Iterator[int]:
    """1, 2, 3 ... without end; or a few over the length, others for each fault."""
    if not points:
        return iter(count(1))
    step = max(1, length // points)
    shift = (fault.mode + fault.number + fault.stays) % step
    return iter(range(1 + shift, length + 1, step))


def _fatal(fault: Fault, met: Call) -> bool:
    """Whether 74 is the only end: what the disk holds of a segment is not known.

    Its fsync failed, or a write to it for another reason than a full disk.
    """
    if fault.mode != FAIL or not met.path.endswith(".ndjson"):
        return False
    syncs = met.kind in {"fsync", "fdatasync"}
    return syncs or (met.kind == "write" and fault.number not in FULL_ERRORS)


if __name__ == "__main__":
    sweep = Sweep(Path(sys.argv[1]), sys.argv[2])
    sweep.run(sys.argv[3].split(","), int(sys.argv[4]))
    sweep.story.end()
