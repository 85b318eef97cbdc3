"""The mirror in a managed store, with its daemon killed at any moment.

A daemon with managed memory takes in an episode and is killed some time later: before
it was read, while it is written into the store, after.  Another daemon comes, and
in the end the store has that memory once, with one version: nothing was lost, nothing
was written twice.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lokid.paths import Workspace, find_workspace
from table import Bench, NotRun, Outcome, Row

if TYPE_CHECKING:
    from double import Double

SEEDS, QUICK = 200, 2
PATIENCE = 90.0
"""Seconds for what a daemon and its child do in three."""
SLACK = 1.0
"""Seconds beyond its clock at which an operation must have ended."""
LATEST = 3.0
"""Seconds after the episode was written at which the first daemon is killed at most."""
DAEMON = "import sys; from lokid.__main__ import lokid; sys.exit(lokid())"
_PAUSE = 0.02
_MANAGED = Path(__file__).parent.parent / "managed"


def _row(bench: Bench) -> Outcome:
    _demand_sdk()
    from double import Double

    seeds = QUICK if bench.quick else SEEDS
    misses: list[str] = []
    again = 0
    with Double() as double:
        for seed in range(seeds):
            found, twice = _kill(bench, double, seed)
            misses += found
            again += twice
            bench.say(seed + 1, seeds)
    figures: dict[str, int | float | str] = {
        "kills": seeds,
        "written by the second daemon": again,
    }
    return Outcome(figures=figures, misses=misses)


def _kill(bench: Bench, double: Double, seed: int) -> tuple[list[str], int]:
    """One episode, one kill; what is wrong, and whether the second daemon wrote it."""
    environ = {
        **os.environ,
        "LOKI_MANAGED_AGENTS": "true",
        "LOKI_MANAGED_MEMORY": "true",
        "LOKI_MANAGED_STORE_NAME": f"seed-{seed}",
        "ANTHROPIC_API_KEY": "key",
        "ANTHROPIC_BASE_URL": double.url,
        "LOKID_STATE_DIR": str(bench.folder / f"state-{seed}"),
    }
    place = find_workspace(str(bench.folder / f"work-{seed}"), environ)
    (place.loki / "memory/episodic/2026-03-02").mkdir(parents=True)
    with _daemon(place, environ) as first:
        _remember(place, seed)
        time.sleep(bench.random(seed).uniform(0, LATEST))  # the moment of the kill
        first.kill()
        first.wait()
    before = _stored(double, seed)
    with _daemon(place, environ):
        ends = time.monotonic() + PATIENCE
        while not (found := _stored(double, seed)):
            if time.monotonic() > ends:
                return [f"seed {seed}: it never arrived"], 0
            time.sleep(_PAUSE)
        _settle(place)
        found = _stored(double, seed)
    if len(found) != 1:
        return [f"seed {seed}: {len(found)} versions of one memory"], 0
    return [], int(not before)


def _remember(place: Workspace, seed: int) -> None:
    body = {
        "id": f"ep-{seed}",
        "task_id": "iteration-1",
        "timestamp": "2026-03-02T09:00:00Z",
        "importance": 0.9,
        "outcome": "failure",
    }
    file = place.loki / f"memory/episodic/2026-03-02/task-ep-{seed}.json"
    file.write_text(json.dumps(body))


def _settle(place: Workspace) -> None:
    """Wait until the second daemon has told what it did: it will do nothing more."""
    journal = place.loki / "managed/events.ndjson"
    ends = time.monotonic() + PATIENCE
    while not journal.exists() and time.monotonic() < ends:
        time.sleep(_PAUSE)


def _stored(double: Double, seed: int) -> list[Any]:
    """The versions of all memories in this seed's store."""
    return double.versions(f"seed-{seed}")


@contextmanager
def _daemon(
    place: Workspace, environ: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", DAEMON, "-C", str(place.root)],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        process.stderr.readline()  # it watches
        yield process
    finally:
        process.kill()
        process.communicate()


def _clocks(bench: Bench) -> Outcome:
    """Each operation against a service that sleeps, and one that trickles."""
    _demand_sdk()
    from fault_rules import Sleep, Trickle

    misses: list[str] = []
    figures: dict[str, int | float | str] = {}
    cases = [
        (op, then)
        for op in ("retrieve", "hydrate", "shadow_write")
        for then in (Sleep(60), Trickle(60))
    ]
    for number, (op, then) in enumerate(cases):
        clock, spent, reason = asyncio.run(_late(op, then))
        name = f"{op}, {type(then).__name__.lower()}s: s"
        figures[name] = round(spent, 2)
        if reason != "timeout" or not clock <= spent <= clock + SLACK:
            misses.append(f"{name} {spent:.2f}, {reason}")
        bench.say(number + 1, len(cases))
    return Outcome(figures=figures, misses=misses)


async def _late(op: str, then: Any) -> tuple[float, float, str | None]:
    """The operation's clock, how long it took, and what it came to."""
    from double import Double
    from lokid.managed.child import Child, Clock, environment
    from lokid.managed.mirror import CLOCKS

    async def unheard(_told: list[Any]) -> None:
        """Nobody listens."""

    names = {"user": "u", "org": "o"}
    args: dict[str, dict[str, object]] = {
        "retrieve": {"known": {}, "names": names, "stores": {}},
        "hydrate": {"names": names},
        "shadow_write": {
            "kind": "episode",
            "path": "/episodic/2026-03-02/a.json",
            "content": {"a": 1},
            "name": "u",
        },
    }
    with Double() as double:
        environ = {
            **os.environ,
            "ANTHROPIC_API_KEY": "key",
            "ANTHROPIC_BASE_URL": double.url,
        }
        child = Child(environment(environ), unheard)
        try:
            await child.ask("probe", {"names": names}, Clock(PATIENCE))
            double.faults.add("", "/v1/", then)
            begun = time.monotonic()
            reply = await child.ask(op, args[op], CLOCKS[op])
            spent = time.monotonic() - begun
        finally:
            await child.close()
    return CLOCKS[op].seconds, spent, reply.reason


def _demand_sdk() -> None:
    if importlib.util.find_spec("anthropic") is None:
        reason = "the SDK of managed memory is not installed"
        raise NotRun(reason, "pip install anthropic, then: make faults")
    if str(_MANAGED) not in sys.path:
        sys.path.append(str(_MANAGED))


ROWS = (
    Row(
        family="mirrored",
        name="managed-clocks",
        fault="a managed store that sleeps, or trickles a byte at a time",
        mark="5, 10 and 15 s held within 1 s",
        run=_clocks,
        quick=False,
    ),
    Row(
        family="mirrored",
        name="mirror-killed",
        fault="the daemon killed at any moment between an episode and its mirror",
        mark="200 kills: each memory in the store once, with one version",
        run=_row,
    ),
)
