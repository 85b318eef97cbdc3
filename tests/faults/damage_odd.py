"""Odd files in a log: each case of ``damage_cases.py``, judged in a child.

A child, since a log that is a FIFO may make whoever opens it wait for ever: then
the case that it was at is the miss.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from damage_cases import Case, cases
from damage_specimen import Specimen, closed_log
from lokid.errors import LokidError
from mounts import quick_folder
from table import Bench, Outcome, Row

PATIENCE = 60
MEMORY = 200 << 20


def odd_files(bench: Bench) -> Outcome:
    """All cases, one after the other, in a process that may be killed."""
    with quick_folder(bench) as folder:
        child = subprocess.Popen(
            [sys.executable, __file__, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            said, _ = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()
    at, judged, misses = "", 0, []
    for line in said.splitlines():
        word = _word(line)
        if "begun" in word:
            at = str(word["begun"])
        elif "wrong" in word:
            judged += 1
            misses += [f"{at}: {what}" for what in word["wrong"]]
    if child.returncode:
        end = said.strip().rpartition("\n")[2]
        misses.append(f"{at}: no end within {PATIENCE} s, or a crash: {end}")
    return Outcome(figures={"cases": judged, "bad": len(misses)}, misses=misses)


def _word(line: str) -> dict[str, list[str]]:
    try:
        word = json.loads(line)
    except ValueError:
        return {}
    return word if isinstance(word, dict) else {}


def judge(specimen: Specimen, case: Case) -> Iterator[str]:
    """Change, open, and say what is not as it must be."""
    specimen.fresh()
    case.change(specimen)
    before = _listing(specimen.log)
    try:
        opened = specimen.open()
    except LokidError as error:
        if case.outcome != "refused":
            yield f"{type(error).__name__}: {error.message}"
        elif str(specimen.folder) not in error.message:
            yield f"the error names no place: {error.message}"
        changed = {n for n, data in before.items() if _listing(specimen.log)[n] != data}
        if changed - {"LOCK"}:
            yield f"refused, but changed {sorted(changed)}"
        return
    kept = len(specimen.ids) if case.kept is None else case.kept
    told = (opened.problems, opened.problems_after, opened.damages, opened.gaps)
    if case.outcome == "refused":
        yield "it was opened as if nothing were wrong"
    if not specimen.holds(opened, kept):
        yield f"not the first {kept} lines are served: {len(opened.served)}"
    if case.outcome == "damage" and not all(told):
        yield f"not told everywhere: {told}"
    if case.outcome != "damage" and any(told):
        yield f"told as damage: {told}"
    if (opened.repairs == 1 and len(opened.aside) == 1) != (case.outcome == "tear"):
        yield f"{opened.repairs} repairs, {len(opened.aside)} set aside"
    yield from _kept(specimen, before, case)


def _kept(specimen: Specimen, before: dict[str, bytes], case: Case) -> Iterator[str]:
    """Nothing is cut or deleted but what a tear and a leftover are."""
    now = _listing(specimen.log)
    for name, data in before.items():
        ours = name.endswith(".tmp") or name in {"LOCK", "watermark"}
        torn = case.outcome == "tear" and name == specimen.names[-1]
        if not ours and not torn and not now.get(name, b"").startswith(data):
            yield f"{name} was changed or deleted"


def _listing(folder: Path) -> dict[str, bytes]:
    """What lies there; of all that is no file only that it does."""
    found = {}
    for one in folder.iterdir():
        plain = one.is_file() and not one.is_symlink()
        found[one.name] = one.read_bytes() if plain else b"no file"
    return found


def main() -> None:
    """Judge all cases in the folder named; a line when one begins and ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    specimen = closed_log(Path(sys.argv[1]))
    for case in cases(specimen):
        _say(begun=case.change.__name__)
        _say(wrong=list(judge(specimen, case)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if peak > MEMORY:
        _say(begun="memory")
        _say(wrong=[f"{peak >> 20} MiB were used"])


def _say(**what: object) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


ROWS: tuple[Row, ...] = (
    Row(
        family="damage",
        name="odd-files",
        fault="zeros, swapped, missing, doubled and empty segments, junk, huge lines,"
        " a segment that is a folder, a link, a FIFO, a socket",
        mark="each case: told or passed by, no byte changed, no hang, no traceback",
        run=odd_files,
    ),
)


if __name__ == "__main__":
    main()
