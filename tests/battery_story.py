"""The trap battery's world: traps, and a simulated harness driven turn by turn.

A trap is a habit that fails until somebody knows better.  Its ``needles`` are
words that a line must hold, all of them, to be about this trap and no other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from cli.simulator import Iteration, Simulator
from cli.simulator.moments import Moments, moment
from lokid.clock import stamp

BEGIN = datetime(2026, 4, 6, 9, tzinfo=UTC)
BETWEEN_RUNS = timedelta(hours=31)
"""More than the day in which the harness's own policy remembers."""
BETWEEN_TURNS = timedelta(minutes=17)
WORK = timedelta(minutes=3)


class Trap(NamedTuple):
    """A command that fails, how it fails, and what works instead."""

    habit: str
    output: str
    exit_code: int
    remedy: str
    needles: tuple[str, ...]


TRAPS = (
    Trap(
        "gtimeout {n} ./seed-{hash}.sh",
        "bash: line {n}: gtimeout: command not found",
        127,
        "perl -e 'alarm 60; exec @ARGV' ./seed.sh",
        ("gtimeout",),
    ),
    Trap(
        "python3 tools/report.py --out {home}/out/{hash}.csv",
        "Traceback (most recent call last):\n"
        '  File "{home}/tools/report.py", line {n}, in <module>\n'
        "    import tabulate\n"
        "ModuleNotFoundError: No module named 'tabulate'",
        1,
        "python3 -m pip install tabulate",
        ("ModuleNotFoundError", "tabulate"),
    ),
    Trap(
        "npm install left-grid@4",
        "npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency "
        "tree\nnpm error While resolving: shop@{n}.0.1\nnpm error Could not resolve "
        'dependency:\nnpm error peer view@"^3.0.0" from left-grid@4.0.2',
        1,
        "npm install left-grid@4 --legacy-peer-deps",
        ("ERESOLVE",),
    ),
    Trap(
        "npx tsc --project web",
        "web/src/basket.ts({n},{n}): error TS2345: Argument of type 'string' is not "
        "assignable to parameter of type 'Basket'.",
        2,
        "npx esbuild web/src/basket.ts",
        ("TS2345", "Basket"),
    ),
    Trap(
        "cargo build",
        "error[E0425]: cannot find value `limit` in this scope\n"
        "  --> src/pages.rs:{n}:{n}\n"
        'error: could not compile `shop` (bin "shop") due to 1 previous error',
        101,
        "cargo check",
        ("E0425", "limit"),
    ),
    Trap(
        "go test ./store/...",
        "--- FAIL: TestReopen (0.{n}s)\n    store_test.go:{n}: got {n}, want 0\n"
        "FAIL\nFAIL\texample.org/shop/store\t0.{n}s",
        1,
        "go vet ./store/...",
        ("TestReopen",),
    ),
    Trap(
        "node scripts/prices.js",
        "{home}/scripts/prices.js:{n}\nTypeError: Cannot read properties of undefined "
        "(reading 'currency')\n    at price ({home}/scripts/prices.js:{n}:{n})",
        1,
        "node scripts/prices_eur.js",
        ("TypeError", "currency"),
    ),
    Trap(
        "psql -h 127.0.0.1 -p {port} ledger -c 'select 1'",
        'psql: error: connection to server at "127.0.0.1", port {port} failed: '
        'FATAL:  database "ledger" does not exist',
        2,
        "createdb ledger",
        ("ledger",),
    ),
    Trap(
        "pytest tests/test_tax.py",
        "{home}/tests/test_tax.py:{n}: in test_rate\n    assert rate({n}) == {n}\n"
        "E   ZeroDivisionError: division by zero\n"
        "FAILED tests/test_tax.py::test_rate - ZeroDivisionError: division by zero\n"
        "1 failed, {n} passed in 0.{n}s",
        1,
        "pytest tests/test_vat.py",
        ("ZeroDivisionError",),
    ),
    Trap(
        "make docs",
        "docs/build.c:{n}:{n}: error: implicit declaration of function 'emit_page' "
        "[-Wimplicit-function-declaration]\nmake: *** [Makefile:{n}: docs] Error 1",
        2,
        "make manual",
        ("emit_page",),
    ),
    Trap(
        "./deploy-{hash}.sh",
        "bash: ./deploy-{hash}.sh: Permission denied",
        126,
        "sh deploy.sh",
        ("Permission denied",),
    ),
    Trap(
        "python3 -m venv {home}/env",
        "The virtual environment was not created successfully because ensurepip is "
        "not available.\nRuntimeError: ensurepip is not available",
        1,
        "virtualenv env",
        ("ensurepip",),
    ),
)


def varied(rng: random.Random, text: str) -> str:
    """A text with its volatile parts drawn anew."""
    homes = ("/home/ana/shop", "/srv/ci/w7", "/Users/lee/shop")
    values = {
        "n": str(rng.randrange(3, 800)),
        "port": str(rng.randrange(5000, 9999)),
        "hash": f"{rng.getrandbits(48):012x}",
        "home": rng.choice(homes),
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


class Turn(NamedTuple):
    """One iteration that is to come: what the agent wants to do."""

    run: int
    iteration: int
    begins: datetime
    trap: int
    last: bool

    @property
    def time(self) -> str:
        """When it begins, as a log's time."""
        return stamp(self.begins)


def agenda(seed: int, runs: int, turns: int, traps: range) -> list[Turn]:
    """What the agent wants in each iteration; the same for every arm of a seed."""
    rng = random.Random(seed)  # noqa: S311  a script, not a secret
    found = []
    for run in range(1, runs + 1):
        begins = BEGIN + (run - 1) * BETWEEN_RUNS
        wanted = rng.sample(list(traps), 3)
        for iteration in range(1, turns + 1):
            trap = rng.choice(wanted)
            last = iteration == turns
            found.append(Turn(run, iteration, begins, trap, last))
            begins += BETWEEN_TURNS
    return found


class Harness(Simulator):
    """The simulator, driven one iteration at a time."""

    def begin(self, turn: Turn) -> None:
        """Start a run, as the harness does before it builds the first prompt."""
        self._tree.run = turn.run
        _drain(self._begin(_item(turn), turn.begins - timedelta(seconds=3)))

    def play(self, turn: Turn, row: dict[str, Any]) -> None:
        """Write all files of one iteration, and of the run's end after its last."""
        item = _item(turn, **row)
        moments = Moments(
            moment(item.time), moment(item.ended), BETWEEN_TURNS / 2, present=False
        )
        _drain(self._iterate(item, moments))
        if turn.last:
            _drain(self._end(item, moments.after(1)))


def _item(turn: Turn, **row: Any) -> Iteration:
    body = {
        "run": turn.run,
        "iteration": turn.iteration,
        "time": turn.time,
        "ended": stamp(turn.begins + WORK),
        "goal": "keep the shop open",
        **row,
    }
    return msgspec.convert(body, Iteration)


def _drain(steps: Iterator[object]) -> None:
    for _ in steps:
        pass
