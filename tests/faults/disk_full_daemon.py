"""A daemon whose disk fills while it runs, and empties again."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from disk_daemon import IDLE, Place, ended, processor_share, reached
from disk_full import AT_ONCE, BALLAST, LATE, Ballast, Tally, counted
from disk_writer import crash_file, statement
from lokid.client import Client
from lokid.errors import DiskFull
from mounts import need_mounts, tmpfs
from table import Bench, Outcome, Row

ROOMS = (40 << 10, 64 << 10, 200 << 10)
FILES = 100


def filling_daemon(bench: Bench) -> Outcome:
    """A running daemon on some disks: it says so, refuses, and goes on by itself."""
    need_mounts("disk-full-daemon")
    tally = Tally()
    misses: list[str] = []
    for size in ROOMS:
        with tmpfs(bench.folder / "disk", size + BALLAST) as disk:
            place = Place(bench.folder / f"place-{size}", disk / "state")
            told = _trial(place, Ballast(disk), tally)
            misses += [f"room of {size} bytes: {what}" for what in told]
        tally.sizes += 1
        bench.say(tally.sizes, len(ROOMS))
    return Outcome(figures=msgspec.to_builtins(tally), misses=misses)


def _trial(place: Place, ballast: Ballast, tally: Tally) -> Iterator[str]:
    """One daemon, from a full disk to one with room."""
    client = Client(place.workspace)
    with place.daemon() as daemon:
        said, files = _fill(place, client)
        tally.degraded += 1
        answer = client.get("failures")
        if not answer["stale"] or "room" not in str(answer["reason"]):
            yield f"the answer says {answer['stale']}, {answer['reason']}"
        if "room" not in str(client.get("status")["trouble"]):
            yield "status does not say so"
        share = processor_share(daemon.pid, 2.0)
        if share > IDLE:
            yield f"the daemon takes {share:.0%} of a processor meanwhile"
        ballast()
        if not reached(lambda: client.get("status")["trouble"] is None):
            yield "there is room again, but it does not go on"
        if client.get("failures")["stale"]:
            yield "there is room again, but the answer is stale"
        client.shutdown()
        code, words = ended(daemon)
        if code:
            yield f"the daemon ended with {code}: {words}"
    yield from counted(place.workspace, files, said, tally)


def _fill(place: Place, client: Client) -> tuple[int, int]:
    """Give it more than the disk takes; what was acknowledged, and all files."""
    for number in range(1, FILES + 1):
        crash_file(place.workspace.loki, number)
    said = 0
    try:
        while client.get("failures")["reason"] is None:
            client.record([statement(said + n) for n in range(1, AT_ONCE + 1)])
            said += AT_ONCE
    except DiskFull:
        for number in range(FILES + 1, FILES + LATE + 1):
            crash_file(place.workspace.loki, number)
        return said, FILES + LATE
    return said, FILES


ROWS: tuple[Row, ...] = (
    Row(
        family="disk",
        name="disk-full-daemon",
        fault="the same under a running daemon",
        mark="told, refused, under 5 % of a processor; goes on by itself, 0 lost",
        run=filling_daemon,
        quick=False,
    ),
)
