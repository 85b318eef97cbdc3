"""One row, run in a folder and an environment of its own; whatever it does is told.

Promises: no setting, state or socket of the user plays a part; the folder is gone
afterwards; an error of the row itself is a crash, and a crash counts as a miss.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from table import Bench, NotRun, Outcome, Row

PASS = "pass"  # noqa: S105  a word of the table
MISS = "MISS"
NOT_RUN = "not run"


class Result(msgspec.Struct, kw_only=True):
    """What came of a row; ``reason`` and ``command`` of one that was not run."""

    family: str
    name: str
    fault: str
    mark: str
    seed: int
    result: str
    seconds: float
    figures: dict[str, int | float | str] = {}
    misses: list[str] = []
    reason: str = ""
    command: str = ""


def attempt(
    row: Row, *, quick: bool, seed: int, say: Callable[[int, int], None]
) -> Result:
    """Run a row; never raises for what the row does."""
    begun = time.monotonic()
    result, outcome, reason, command = PASS, Outcome(figures={}), "", ""
    with own_folder() as folder:
        bench = Bench(folder=folder, quick=quick, seed=seed, say=say)
        try:
            outcome = row.run(bench)
        except NotRun as refused:
            result, reason, command = NOT_RUN, refused.reason, refused.command
        except Exception:  # noqa: BLE001  a row that breaks must not end the others
            outcome.misses.append(f"the row crashed: {traceback.format_exc()}")
    if not outcome.passed:
        result = MISS
    return Result(
        family=row.family,
        name=row.name,
        fault=row.fault,
        mark=row.mark,
        seed=seed,
        result=result,
        seconds=round(time.monotonic() - begun, 1),
        figures={name: _finite(value) for name, value in outcome.figures.items()},
        misses=outcome.misses,
        reason=reason,
        command=command,
    )


def _finite(value: float | str) -> int | float | str:
    """A figure that JSON can hold: a time that never came is a word."""
    if isinstance(value, str) or math.isfinite(value):
        return value
    return str(value)


@contextmanager
def own_folder() -> Iterator[Path]:
    """An empty folder with a short path, and an environment to match.

    Another user may enter it, so that a row about other users asks lokid's own
    folders and not ours.
    """
    with tempfile.TemporaryDirectory(prefix="lokid-fault-") as made:
        base = Path(made)
        base.chmod(0o755)
        for name in ("home", "run", "work"):
            (base / name).mkdir(mode=0o700)
        (base / "work").chmod(0o755)
        with _environment({"HOME": base / "home", "XDG_RUNTIME_DIR": base / "run"}):
            yield base / "work"


@contextmanager
def _environment(new: Mapping[str, Path]) -> Iterator[None]:
    before = dict(os.environ)
    for name in before:
        if name.startswith(("LOKI", "XDG_")):
            del os.environ[name]
    os.environ.update({name: str(value) for name, value in new.items()})
    os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
