"""Random histories for `explain`, and a plain reading of what stands in files.

The histories go through the simulator, so that every line of a block rests on
files that exist.  Whether a file contains what a line says is told from its raw
bytes, by nothing but looking for words: not by the code under test.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from cli.simulator import Iteration
from lokid.clock import stamp

Trap = tuple[str, int, str, str | None]
"""Command, exit code, output, and the command that helps (None: an edit)."""

TRAPS: tuple[Trap, ...] = (
    (
        "python3 scripts/load.py",
        1,
        (
            "Traceback (most recent call last):\n"
            '  File "/srv/app/scripts/load.py", line {n}, in load\n'
            "    import yaml\n"
            "ModuleNotFoundError: No module named 'yaml'"
        ),
        "pip install yaml",
    ),
    (
        "pytest tests/test_rows.py",
        1,
        (
            "/srv/app/tests/test_rows.py:{n}: in test_parse\n"
            "    assert parse({}) == []\n"
            "E   KeyError: 'user_id'\n"
            "FAILED tests/test_rows.py::test_parse - KeyError: 'user_id'"
        ),
        None,
    ),
    ("jq . data.json", 127, "bash: line {n}: jq: command not found", "gron data.json"),
    (
        "npx tsc --noEmit",
        2,
        "src/a.ts({n},4): error TS2322: Type 'string' is not assignable to type 'X'.",
        None,
    ),
    (
        "cargo build",
        101,
        "error[E0382]: borrow of moved value: `row`\n  --> src/a.rs:{n}:9",
        None,
    ),
    (
        "node src/user.js",
        1,
        (
            "TypeError: Cannot read properties of undefined (reading 'id')\n"
            "    at getUser (/srv/app/src/user.js:{n}:5)\n"
            "    at async handler (/srv/app/src/http.js:44:12)"
        ),
        None,
    ),
    (
        "psql -h 127.0.0.1 shop_orders -c 'select 1'",
        2,
        (
            'psql: error: connection to server at "127.0.0.1", port {n} failed: FATAL:'
            '  database "shop_orders" does not exist'
        ),
        "createdb shop_orders",
    ),
    (
        "npm install login@158",
        1,
        (
            "npm error code ERESOLVE\n"
            "npm error ERESOLVE unable to resolve dependency tree\n"
            'npm error peer react@"^17.0.0" from login@158'
        ),
        "npm install login@158 --legacy-peer-deps",
    ),
)
GATES = ("test_coverage", "doc_coverage", "static_analysis")
WORK, PAUSE = timedelta(seconds=60), timedelta(seconds=120)


def history(seed: int, iterations: int) -> list[Iteration]:
    """Runs of 4 to 12 iterations in which anything may fail, and some is mended."""
    rng = random.Random(seed)  # noqa: S311  a script, not a secret
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    told: list[Iteration] = []
    run = left = number = 0
    open_trap: Trap | None = None
    while len(told) < iterations:
        if left == 0:
            run, number, left, open_trap = run + 1, 0, rng.randrange(4, 13), None
            at += timedelta(hours=rng.choice([1, 5, 30]))
        number, left = number + 1, left - 1
        row: dict[str, Any] = {
            "run": run,
            "iteration": number,
            "time": stamp(at),
            "ended": stamp(at + WORK),
            "goal": "prd.md",
        }
        open_trap = _fill(row, rng, open_trap)
        told.append(msgspec.convert(row, Iteration))
        at += WORK + PAUSE
    return told


def _fill(row: dict[str, Any], rng: random.Random, trap: Trap | None) -> Trap | None:
    """What happens in an iteration; gives the trap that is still open after it."""
    fate = rng.random()
    row["output"] = "Reading the plan."
    if fate < 0.5:
        trap = trap if trap and rng.random() < 0.4 else rng.choice(TRAPS)
        row |= _failing(trap, rng)
    elif fate < 0.6:
        row["provider"] = rng.choice(["empty", "killed", "not_called", "rate_limited"])
    elif trap is not None:
        row |= _mending(trap, rng)
        trap = None
    if rng.random() < 0.3:
        row["gates"] = {rng.choice(GATES): rng.choice(["fail", "fail", "pass"])}
    if rng.random() < 0.2:
        row["review"] = {"verdicts": {"db": "FAIL", "perf": "PASS"}, "blocking": True}
    good = fate >= 0.6
    if good and rng.random() < 0.5:
        row["council"] = {
            "outcome": rng.choice(["rejected", "approved", "blocked"]),
            "votes": [
                {"role": "keeper", "verdict": "reject", "reason": "no test of orders"},
                {"role": "planner", "verdict": "approve", "reason": "reads well"},
            ],
        }
    return trap


def _failing(trap: Trap, rng: random.Random) -> dict[str, Any]:
    command, code, output, _ = trap
    said = output.replace("{n}", str(rng.randrange(2, 900)))
    failed = {"command": command, "exit_code": code, "output": said, "trap": "x"}
    return {
        "exit_code": code,
        "output": f"Reading the plan.\n{said}",
        "commands": [failed],
        "trap": "x",
        "provider": rng.choice(["stream", "stream", "text"]),
    }


def _mending(trap: Trap, rng: random.Random) -> dict[str, Any]:
    command, _, _, helps = trap
    commands = [{"command": "git status --short", "output": "ok"}]
    if helps:
        commands.append({"command": helps, "output": "done"})
    if helps is None or rng.random() < 0.5:
        commands.append({"command": command, "output": "ok"})
    return {
        "commands": commands,
        "files": ["src/rows.py"] if helps is None else [],
        "commit": f"{rng.getrandbits(28):07x}",
    }


# -- the plain reading ---------------------------------------------------------

_WORD = re.compile(r"[A-Za-z][A-Za-z_]{3,}")
_OWN_WORDS = frozenset({"prior", "then", "worked", "known", "tries", "runs", "edit"})
_OWN_WORDS |= {"HTTP", "commit", "interrupted", "empty_output", "iteration", "blocked"}
_FACT = re.compile(r"\b(phase|exit|fp)=(\S+?)(?=[;\s]|$)")
_NO_WORDS = re.compile(r"\{\w+\}|\S*\.\.\.|\bsignature:|\bneeded\b")
_EXITS = ("exitCode", "exit_code")


def logged(log: Path) -> dict[int, dict[str, Any]]:
    """The log's lines by seq, read as what they are: JSON."""
    lines = (
        json.loads(line)
        for segment in sorted(log.glob("*.ndjson"))
        for line in segment.read_bytes().splitlines()
    )
    return {line["seq"]: line for line in lines}


class Files:
    """The files below a folder, read again when they have changed."""

    def __init__(self, root: Path) -> None:
        """``root``: what the names are relative to."""
        self._root = root
        self._known: dict[str, tuple[tuple[int, int], str]] = {}

    def text(self, name: str) -> str:
        """What stands in a file; raises where there is none."""
        path = self._root / name
        state = path.stat()
        mark = (state.st_size, state.st_mtime_ns)
        known = self._known.get(name)
        if known is None or known[0] != mark:
            known = self._known[name] = (mark, path.read_text(errors="replace"))
        return known[1]

    def lacking(self, words: Iterable[str], names: Iterable[str]) -> set[str]:
        """The words that no file says, by its name or inside; all must exist."""
        left = set(words)
        for name in sorted(names):
            text = (name + self.text(name)).lower()
            left = {word for word in left if word.lower() not in text}
        return left


def told_words(text: str) -> set[str]:
    """The words of a line that a file must contain: no placeholders, no cuts."""
    whole = _NO_WORDS.sub(" ", _FACT.sub(" ", text))
    return set(_WORD.findall(whole)) - _OWN_WORDS


def facts_of(text: str) -> dict[str, str]:
    """``phase``, ``exit`` and ``fp`` of a line."""
    return {found[1]: found[2] for found in _FACT.finditer(text)}


def exit_codes(text: str, iteration: int | None) -> set[int]:
    """The exit codes that a file of JSON lines tells of an iteration."""
    codes = set()
    for line in text.splitlines():
        try:
            data = json.loads(line).get("data", {})
        except ValueError:
            continue
        if isinstance(data, dict) and data.get("iteration") == iteration:
            codes |= {data[name] for name in _EXITS if name in data}
    return codes


def fingerprint_of_nothing() -> str:
    """The harness's own fingerprint of a failure without a frame."""
    return hashlib.sha256(b"IterationError\n").hexdigest()
