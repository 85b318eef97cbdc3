"""The trap battery: an agent that falls into a trap unless a line warns of it.

End to end: the files of a simulated harness, a real daemon, ``lokictl context``
and ``lokictl check`` as processes.  The agent is scripted: it does what it is
used to do, unless a line of its input is about the very trap (all its needles
stand in that line); then it does what works.  So the battery shows that a
failure gets from a file to the right moment in the right words, and nothing of
whether a real agent would heed it.

    python tests/battery.py --seeds 5

Arms: no memory; the harness's own policy (the 3 newest failures of 24 hours, as
they come, told in lokid's words, which is more than the harness tells of them);
the block; the check; both.  Control: both, asked in a workspace that learned
other traps.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from battery_story import TRAPS, Harness, Trap, Turn, agenda, varied
from cli.simulator import Options
from live import environment
from lokid.client import Client
from lokid.clock import stamp
from lokid.paths import Workspace, find_workspace
from shell import lokictl

ARMS = ("no memory", "harness", "block", "check", "both")
CONTROL = "both, elsewhere"
_HALF = len(TRAPS) // 2
_PATIENT = "5000"


class Count(NamedTuple):
    """What one arm came to with one seed."""

    chances: int
    repeats: int
    checks: int
    fires: int
    vain: int

    @property
    def rate(self) -> float:
        """Repeats of a trap out of the times it was met again."""
        return self.repeats / self.chances if self.chances else 0.0


class Agent:
    """The scripted agent in one workspace, told by one arm."""

    def __init__(
        self, arm: str, seed: int, place: Workspace, source: Workspace
    ) -> None:
        """It works in ``place`` and asks the memory of ``source``."""
        self._arm = arm
        self._source = source
        self._rng = random.Random(f"{arm} {seed}")  # noqa: S311  a script
        self._harness = Harness(place.root, Options(noise=False))
        self._met: set[int] = set()
        self._chances = self._repeats = 0
        self._checks = self._fires = self._vain = 0

    def live(self, turns: Sequence[Turn]) -> Count:
        """Go through the turns."""
        for turn in turns:
            self._turn(turn)
        return Count(
            self._chances, self._repeats, self._checks, self._fires, self._vain
        )

    def _turn(self, turn: Turn) -> None:
        if turn.iteration == 1:
            self._harness.begin(turn)
        trap = TRAPS[turn.trap]
        told = self._block(turn)
        harmless = ["git status --short", "ls src"]
        for command in harmless:
            self._vain += bool(self._check(turn, command))
        habit = varied(self._rng, trap.habit)
        if not warned(trap, told):
            told += self._check(turn, habit)
        fell = not warned(trap, told)
        if turn.trap in self._met:
            self._chances += 1
            self._repeats += fell
        self._met.add(turn.trap)
        self._harness.play(turn, self._row(trap, habit, harmless, fell=fell))

    def _row(
        self, trap: Trap, habit: str, harmless: Sequence[str], *, fell: bool
    ) -> dict[str, Any]:
        commands: list[dict[str, Any]] = [
            {"command": command, "output": "ok"} for command in harmless
        ]
        if not fell:
            commands.append({"command": trap.remedy, "output": "done"})
            return {"commands": commands, "output": "ok\nok\ndone", "commit": "a1b2c3d"}
        output = varied(self._rng, trap.output)
        commands.append(
            {"command": habit, "exit_code": trap.exit_code, "output": output}
        )
        return {
            "commands": commands,
            "output": f"ok\nok\n{output}",
            "exit_code": trap.exit_code,
        }

    # -- what it is told ----------------------------------------------------

    def _block(self, turn: Turn) -> list[str]:
        if self._arm == "harness":
            return self._newest(turn)
        if self._arm in ("no memory", "check"):
            return []
        told = self._ask("context", turn)
        return told.splitlines()

    def _newest(self, turn: Turn) -> list[str]:
        """The harness's own policy: the newest failures, as they come."""
        asked = {"all": "1", "limit": "3"}
        answer = Client(self._source).get("failures", asked, int(_PATIENT))
        early = stamp(turn.begins - timedelta(days=1))
        rows = answer["failures"]
        return [
            f"{row['error_type']}: {row['message']}"
            for row in rows
            if early <= row["time"] <= turn.time
        ]

    def _check(self, turn: Turn, command: str) -> list[str]:
        if self._arm not in ("check", "both"):
            return []
        self._checks += 1
        told = self._ask("check", turn, "--command", command)
        self._fires += bool(told)
        return told.splitlines()

    def _ask(self, name: str, turn: Turn, *words: str) -> str:
        where = ("--iteration", str(turn.iteration), "--now", turn.time)
        done = lokictl(name, *words, *where, "--deadline", _PATIENT, at=self._source)
        assert (0, "") == (done.returncode, done.stderr)
        return done.stdout


def warned(trap: Trap, lines: Sequence[str]) -> bool:
    """Whether a line is about this very trap."""
    return any(all(needle in line for needle in trap.needles) for line in lines)


# -- running it ---------------------------------------------------------------


@contextmanager
def _workspace() -> Iterator[Workspace]:
    """A workspace with a daemon of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="battery-") as folder:
        root = Path(folder) / "work"
        (root / ".loki").mkdir(parents=True)
        place = find_workspace(str(root), os.environ)
        done = lokictl("up", at=place)
        assert 0 == done.returncode, done.stderr
        try:
            yield place
        finally:
            lokictl("down", at=place)


def trial(arm: str, seed: int, runs: int, turns: int) -> Count:
    """One arm with one seed."""
    with _workspace() as place:
        agent = Agent(arm, seed, place, place)
        return agent.live(agenda(seed, runs, turns, range(_HALF)))


def control(seed: int, runs: int, turns: int) -> Count:
    """Both, told by a workspace in which only other traps were met."""
    with _workspace() as elsewhere, _workspace() as place:
        other = Agent("no memory", seed, elsewhere, elsewhere)
        other.live(agenda(seed, runs, turns, range(_HALF, len(TRAPS))))
        agent = Agent("both", seed, place, elsewhere)
        return agent.live(agenda(seed, runs, turns, range(_HALF)))


class Row(NamedTuple):
    """One line of the table: an arm over all seeds."""

    arm: str
    counts: tuple[Count, ...]

    def cells(self) -> tuple[str, ...]:
        """Repeats with their range over seeds, fires, vain fires."""
        rates = [100 * one.rate for one in self.counts]
        repeats = sum(one.repeats for one in self.counts)
        chances = sum(one.chances for one in self.counts)
        fires, checks = self.sum("fires"), self.sum("checks")
        return (
            self.arm,
            f"{repeats} of {chances}",
            f"{mean(rates):.0f} % ({min(rates):.0f} to {max(rates):.0f})",
            f"{fires} of {checks}" if checks else "-",
            str(self.sum("vain")) if checks else "-",
        )

    def sum(self, name: str) -> int:
        """One count over all seeds."""
        return sum(getattr(one, name) for one in self.counts)


TITLES = ("arm", "traps met again", "fell again", "fires of checks", "in vain")


def battery(seeds: Sequence[int], runs: int, turns: int) -> list[Row]:
    """All arms, and the control, each with every seed."""
    rows = [
        Row(arm, tuple(trial(arm, seed, runs, turns) for seed in seeds)) for arm in ARMS
    ]
    rows.append(Row(CONTROL, tuple(control(seed, runs, turns) for seed in seeds)))
    return rows


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = [TITLES, tuple("---" for _ in TITLES), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def main() -> None:
    """Run the battery in a temporary home and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--turns", type=int, default=6)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(environment(Path(home)))
        rows = battery(range(1, args.seeds + 1), args.runs, args.turns)
    print(table(rows))  # noqa: T201  this is its output


if __name__ == "__main__":
    main()
