"""Negative controls: each seeded bug must turn a row red, and nothing else may.

The rows run (their quick part) in a process of their own on a copy of lokid; on a
copy without a bug none may miss.  That the copy is what runs is checked too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from attempt import MISS, NOT_RUN, PASS, Result
from bugs import BUGS, Bug, seeded

HERE = Path(__file__).parent
NONE = "none, as it is"
SECONDS = 600
"""What the rows of one bug may take; a bug may also make one hang."""
_WIDTH = 56
WHERE = "import lokid; print(lokid.__file__)"


class Control(msgspec.Struct, kw_only=True):
    """What a bug came to: the rows that found it, with their misses."""

    bug: str
    caught: dict[str, int]
    passed: int
    not_run: int
    seconds: float
    trouble: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bug was found; without one, that nothing was.

        Where none of its rows can run, nothing is known, and nothing is held
        against it: those rows are counted as not run.
        """
        if self.trouble:
            return False
        if self.bug == NONE:
            return not self.caught
        return bool(self.caught) or bool(self.not_run and not self.passed)

    @property
    def told(self) -> str:
        """The same in words."""
        found = ", ".join(f"{row} ({count})" for row, count in self.caught.items())
        said = self.trouble.split("\n", 1)[0] or found or f"none, {self.passed} passed"
        if self.not_run:
            said += f", {self.not_run} not run"
        return said if self.holds else f"NOT AS IT MUST BE: {said}"


class _Told(msgspec.Struct):
    """What a run writes with ``--json``."""

    rows: list[Result]


def run(say: Callable[[str], None]) -> list[Control]:
    """All controls, the one without a bug first.

    A row that misses without a bug finds none: its misses count for nothing.
    """
    controls: list[Control] = []
    for bug in (None, *BUGS):
        red = frozenset(controls[0].caught) if controls else frozenset[str]()
        control = _control(bug, red)
        verdict = "holds" if control.holds else "FAILS"
        say(f"control: {control.bug} {verdict}, {control.seconds:.1f} s")
        controls.append(control)
    return controls


def _control(bug: Bug | None, red: frozenset[str]) -> Control:
    begun = time.monotonic()
    rows = sorted({name for each in BUGS for name in each.rows})
    with tempfile.TemporaryDirectory(prefix="lokid-bug-") as made:
        folder = Path(made)
        results: list[Result] = []
        trouble = ""
        try:
            build = seeded(bug, folder / "build")
            results = _run_rows(build, bug.rows if bug else rows, folder)
        except (ValueError, RuntimeError, subprocess.TimeoutExpired) as error:
            trouble = str(error)
    return Control(
        bug=bug.name if bug else NONE,
        caught={
            one.name: len(one.misses)
            for one in results
            if one.result == MISS and one.name not in red
        },
        passed=sum(one.result == PASS for one in results),
        not_run=sum(one.result == NOT_RUN for one in results),
        seconds=round(time.monotonic() - begun, 1),
        trouble=trouble,
    )


def _run_rows(build: Path, rows: Sequence[str], folder: Path) -> list[Result]:
    environ = {**os.environ, "PYTHONPATH": str(build)}
    found = subprocess.run(
        [sys.executable, "-c", WHERE],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    if not found.startswith(f"{build.resolve()}{os.sep}"):
        message = f"not the copy would run, but {found.strip() or 'nothing'}"
        raise RuntimeError(message)
    if not rows:
        return []
    told = folder / "told.json"
    command = [sys.executable, str(HERE / "run.py"), "--quick", "--json", str(told)]
    ended = subprocess.run(
        [*command, "--only", ",".join(rows)],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if not told.exists():
        message = f"the rows did not run: {ended.stderr[-500:]}"
        raise RuntimeError(message)
    return msgspec.json.decode(told.read_bytes(), type=_Told).rows


def table(controls: Sequence[Control]) -> str:
    """Each bug and the rows that found it."""
    lines = [f"  {'seeded bug':<28}  {'found by (misses)':<{_WIDTH}}  {'s':>6}", ""]
    for one in controls:
        first, *more = textwrap.wrap(one.told, _WIDTH)
        lines.append(f"  {one.bug:<28}  {first:<{_WIDTH}}  {one.seconds:>6.1f}")
        lines += [f"  {'':<28}  {each}" for each in more]
    return "\n".join(lines)
