"""What a program under a row tells the row: how far it is, its figures, its misses.

Lines of JSON on its standard output; `hear` is the row's side.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from table import Bench, Outcome

HERE = Path(__file__).parent
SETTLED = ("lost", "doubled", "damaged")
"""The counts of `life.account` that must be 0."""


class Line(msgspec.Struct, omit_defaults=True):
    """One line: a step, or with ``last`` the end of the story."""

    done: int = 0
    of: int = 0
    last: bool = False
    figures: dict[str, int] = {}
    misses: list[str] = []


class Story:
    """The program's side."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self._figures: dict[str, int] = {}
        self._misses: list[str] = []

    def add(self, name: str, count: int = 1) -> None:
        """Count something."""
        self._figures[name] = self.count(name) + count

    def count(self, name: str) -> int:
        """How much of it there was so far."""
        return self._figures.get(name, 0)

    def miss(self, case: str) -> None:
        """A case that broke the promise."""
        self._misses.append(case)

    def settle(self, code: int, lines: list[str]) -> list[str]:
        """Take over what `life.account` counted, from the child that ran it.

        Gives what is wrong with it.
        """
        if code:
            self.add("bad ends")
            return [f"opened again, it ended {code}: {lines[-3:]}"]
        counted = msgspec.json.decode(lines[-1], type=dict[str, int | str])
        for name in ("events", "repaired", *SETTLED):
            self.add(name, int(counted[name]))
        return [str(counted)] if any(counted[name] for name in SETTLED) else []

    def progress(self, done: int, of: int) -> None:
        """So far."""
        self._print(Line(done=done, of=of))

    def end(self) -> None:
        """All of it."""
        self._print(Line(last=True, figures=self._figures, misses=self._misses))

    def _print(self, line: Line) -> None:
        print(msgspec.json.encode(line).decode(), flush=True)


class _Listener(threading.Thread):
    """Runs one program and hears its story to the end."""

    def __init__(
        self, bench: Bench, command: list[str], environ: dict[str, str]
    ) -> None:
        super().__init__()
        self.now = Line()
        self.said = ""
        self.program = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=bench.folder,  # so that nothing of the checkout is found by chance
            env=environ,
            text=True,
        )

    def run(self) -> None:
        """Hear; what is no line of a story is the program's complaint."""
        with self.program as program:
            assert program.stdout is not None
            for line in program.stdout:
                if line.startswith("{"):
                    self.now = msgspec.json.decode(line, type=Line)
                else:
                    self.said = (self.said + line)[-2000:]

    def outcome(self) -> Outcome:
        """The end of the story; RuntimeError when the program broke."""
        if self.program.returncode or not self.now.last:
            message = f"ended with {self.program.returncode}: {self.said}"
            raise RuntimeError(message)
        return Outcome(figures=dict(self.now.figures), misses=self.now.misses)


def hear(
    bench: Bench,
    program: str,
    arguments: Sequence[Sequence[object]],
    environ: Mapping[str, str] | None = None,
) -> list[Outcome]:
    """Run a program that lies beside this file, at once with each arguments.

    Raises RuntimeError when one of them breaks.
    """
    listeners = [
        _Listener(
            bench,
            [sys.executable, str(HERE / program), *map(str, each)],
            {**os.environ, **(environ or {})},
        )
        for each in arguments
    ]
    for one in listeners:
        one.start()
    try:
        for one in listeners:
            while one.is_alive():
                one.join(0.2)
                now = [each.now for each in listeners]
                bench.say(sum(e.done for e in now), sum(e.of for e in now))
    finally:
        for one in listeners:
            if one.program.poll() is None:
                one.program.kill()
            one.join()
    return [one.outcome() for one in listeners]
