"""A small history of our own for the replay's tests: other traps, other chances.

A run has a theme of a few tasks.  A task is a command with ways to fail; which
of them strikes is drawn anew each time, the old ones more often.  A missing tool
or package fails until it is set up for good, the rest until somebody edits.
After a good iteration some commands are tried again and work.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from cli.simulator import Iteration
from lokid.clock import stamp

PARTS = ("orders", "stock", "mail", "taxes", "search", "login")
ENTITIES = ("Invoice", "Parcel", "Coupon", "Refund", "Batch", "Depot")
_HARMLESS = ("git log --oneline", "ls", "cat notes.md", "ruff check", "git add -A")
_WORDS = ("Looking at the plan.", "No errors so far.", "Retrying the failed step.")


def _ways(part: str, entity: str) -> list[tuple[str, str, int, bool]]:
    """Commands with what they print, their exit code, and whether it is set up."""
    noun = entity.lower()
    return [
        (
            f"javac src/{entity}.java",
            (
                f"src/{entity}.java:{{n}}: error: cannot find symbol\n"
                f"  symbol:   method close{entity}()\n  location: class {entity}\n"
                "1 error"
            ),
            1,
            False,
        ),
        (
            f"python tools/{part}.py --seed {{n}}",
            (
                "Traceback (most recent call last):\n"
                f'  File "{{home}}/tools/{part}.py", line {{n}}, in <module>\n'
                "    load()\n"
                f'  File "{{home}}/tools/{part}.py", line {{n}}, in load_{noun}\n'
                f"AttributeError: 'NoneType' object has no attribute '{noun}'"
            ),
            1,
            False,
        ),
        (
            f"pip install {noun}-{part}==2.0",
            f"ERROR: No matching distribution found for {noun}-{part}==2.0",
            1,
            True,
        ),
        (
            f"cargo test {part}",
            (
                f"error[E0425]: cannot find function `{noun}_total` in this scope\n"
                f"  --> src/{part}.rs:{{n}}:{{n}}"
            ),
            101,
            False,
        ),
        (
            f"node jobs/{part}.js",
            (
                f"{{home}}/jobs/{part}.js:{{n}}\nReferenceError: {noun}Queue is not "
                f"defined\n    at run ({{home}}/jobs/{part}.js:{{n}}:{{n}})"
            ),
            1,
            False,
        ),
        (
            f"{noun}ctl sync {part}",
            f"bash: line {{n}}: {noun}ctl: command not found",
            127,
            True,
        ),
    ]


class _Trap(msgspec.Struct):
    """One way in which one command fails."""

    name: str
    command: str
    output: str
    exit_code: int
    lasting: bool
    times: int = 0
    gone: bool = False


def _traps(rng: random.Random) -> list[_Trap]:
    pairs = [(part, entity) for part in PARTS for entity in ENTITIES]
    causes = {way[1]: way for pair in pairs for way in _ways(*pair)}
    ways = list(causes.values())
    rng.shuffle(ways)
    return [
        _Trap(f"X{n}", command, output, code, lasting)
        for n, (command, output, code, lasting) in enumerate(ways)
    ]


def own_history(seed: int, runs: int) -> list[Iteration]:
    """The iterations of so many runs, with their truth."""
    rng = random.Random(seed)  # noqa: S311  a script, not a secret
    fresh = iter(_traps(rng))
    known: list[_Trap] = []
    at = datetime(2026, 5, 4, 7, tzinfo=UTC)
    told: list[Iteration] = []
    for run in range(1, runs + 1):
        theme = [_drawn(rng, known, fresh) for _ in range(rng.choice((1, 2, 3)))]
        at += timedelta(hours=rng.uniform(2, 14))
        for row in _run(rng, run, theme, known):
            length = timedelta(seconds=rng.uniform(30, 240))
            row |= {"time": stamp(at), "ended": stamp(at + length)}
            told.append(msgspec.convert(row, Iteration))
            at += length + timedelta(minutes=rng.uniform(1, 15))
        for trap in theme:
            trap.gone |= rng.random() < 0.1
    return told


def _drawn(rng: random.Random, known: list[_Trap], fresh: Iterator[_Trap]) -> _Trap:
    """A task's trap: now and then one that was met before, the usual ones first."""
    live = [trap for trap in known if not trap.gone]
    if live and rng.random() < 0.45:
        return rng.choices(live, [trap.times for trap in live])[0]
    trap = next(fresh)
    known.append(trap)
    return trap


def _run(
    rng: random.Random, run: int, theme: list[_Trap], known: list[_Trap]
) -> Iterator[dict[str, Any]]:
    last: _Trap | None = None
    for iteration in range(1, rng.randrange(4, 10)):
        commands: list[dict[str, Any]] = [
            {"command": command, "output": "ok"}
            for command in rng.sample(_HARMLESS, rng.choice((1, 2, 3)))
        ]
        trap = rng.choice(theme) if rng.random() < 0.65 else None
        if trap:
            trap.times += 1
            commands.append(
                {
                    "command": _varied(rng, trap.command),
                    "exit_code": trap.exit_code,
                    "output": _varied(rng, trap.output),
                    "trap": trap.name,
                }
            )
        elif last and not last.lasting and rng.random() < 0.4:
            commands.append(_worked(rng, last))
        gone = [one for one in known if one.gone]
        if gone and rng.random() < 0.1:
            commands.append(_worked(rng, rng.choice(gone)))
        last = trap or last
        yield {
            "run": run,
            "iteration": iteration,
            "goal": "run the shop",
            "exit_code": trap.exit_code if trap else 0,
            "commands": commands,
            "output": "\n".join(
                [rng.choice(_WORDS), *(str(one["output"]) for one in commands)]
            ),
            "trap": trap.name if trap else None,
            "files": ["src/shop.py"] if last and not trap else [],
            "commit": None if trap else f"{rng.getrandbits(28):07x}",
        }


def _worked(rng: random.Random, trap: _Trap) -> dict[str, Any]:
    return {"command": _varied(rng, trap.command), "output": "ok"}


def _varied(rng: random.Random, text: str) -> str:
    home = rng.choice(("/home/kit/shop", "/srv/ci/w3", "/Users/sam/shop"))
    return text.replace("{n}", str(rng.randrange(2, 700))).replace("{home}", home)
