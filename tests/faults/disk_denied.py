"""What lokid may not do: write a read-only disk, enter a folder, open one more file.

Held to: an error in words and an exit code of ours; a question is answered all the
same and says ``stale`` and why; no process spins; and when the hindrance is gone,
all that was acknowledged is there.
"""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

from disk_daemon import IDLE, Place, end, ended, mortal, processor_share
from disk_writer import crash_file, statement
from lokid.client import Client
from lokid.errors import LokidError
from mounts import break_ext4, check_image, loop, make_image, need_mounts
from table import Bench, Outcome, Row

IMAGE = 8 << 20
FAILED = 74
NOBODY = 69
WATCHED = 2.0
"""Seconds over which a process is watched for spinning."""
SAID = 4096
"""Bytes that a daemon may say of a hindrance."""


def read_only(bench: Bench) -> Outcome:
    """ext4 turns read-only under a running daemon; commands and a start on it."""
    need_mounts("read-only")
    image, disk = bench.folder / "image", bench.folder / "disk"
    place = Place(bench.folder / "place", disk / "state")
    make_image(image, IMAGE)
    misses: list[str] = []
    with loop(image, disk, "errors=remount-ro"):
        with place.daemon() as daemon:
            misses += _give(place, 1)
            break_ext4(disk)
            crash_file(place.workspace.loki, 2)
            misses += _refuses(place, "the running daemon")
            code, said = ended(daemon)
            # what it met first: the write, or the fsync of one before
            why = "Read-only" in said or "Input/output error" in said
            if code != FAILED or not why:
                misses.append(f"the running daemon: {code}, {said!r}")
        misses += _stale_by_itself(place, "on a read-only disk", "Read-only")
        misses += _no_start(place, "on a read-only disk", "Read-only")
    check_image(image)
    with loop(image, disk), place.daemon():
        misses += _all_there(place, 2)
    return Outcome(figures={"checks": 7, "wrong": len(misses)}, misses=misses)


def no_permission(bench: Bench) -> Outcome:
    """The state, the log, a segment of mode 000, before a start and under a daemon."""
    before = mortal()
    misses: list[str] = []
    state = bench.folder / "state"
    place = Place(bench.folder / "place", state)
    with place.daemon(*before):
        misses += _give(place, 1)
        Client(place.workspace).shutdown()
    segment = max((state / "log").glob("*.ndjson"))
    shut = [segment, state / "log" / "LOCK", state / "log", state]
    for number, path in enumerate(shut):
        mode = path.stat().st_mode
        path.chmod(0)
        try:
            where = f"{path.name} of mode 000"
            misses += _stale_by_itself(place, where, "Permission denied", *before)
            misses += _no_start(place, where, "Permission denied", *before)
        finally:
            path.chmod(mode)
        bench.say(number + 1, len(shut))
    crash_file(place.workspace.loki, 2)
    with place.daemon(*before):
        misses += _all_there(place, 2)
        crash_file(place.workspace.loki, 3)
        (place.root / ".loki").chmod(0)
        answer = Client(place.workspace).get("failures")
        if not answer["stale"] or "may not read" not in str(answer["reason"]):
            misses.append(f".loki of mode 000: {answer['stale']}, {answer['reason']}")
        (place.root / ".loki").chmod(0o755)
        misses += _all_there(place, 3)
    return Outcome(figures={"shut": len(shut) + 1, "wrong": len(misses)}, misses=misses)


def no_descriptors(bench: Bench) -> Outcome:
    """A running daemon with fewer descriptors than it needs; starts with few."""
    place = Place(bench.folder / "place", bench.folder / "state")
    misses: list[str] = []
    limits = () if bench.quick else range(6, 25)
    with place.daemon() as daemon:
        misses += _give(place, 1)
        open_now = len(list(Path(f"/proc/{daemon.pid}/fd").iterdir()))
        for number, less in enumerate((6,) if bench.quick else range(8)):
            crash_file(place.workspace.loki, 2 + number)
            _limit(daemon.pid, open_now - less)
            seconds = 1.0 if bench.quick else WATCHED
            where = f"{less} descriptors too few"
            misses += _bounded(place, daemon.pid, where, seconds)
        _limit(daemon.pid, 1024)
        misses += _all_there(place, 2 + number)
        daemon.send_signal(signal.SIGTERM)
        code, said = ended(daemon)
        if code or len(said) > SAID or "Traceback" in said:
            misses.append(f"the daemon ended with {code}, saying {said[:SAID]!r}")
    for limit in limits:
        misses += _start_with(place, limit)
    figures = {"running": number + 1, "starts": len(limits), "wrong": len(misses)}
    return Outcome(figures={**figures}, misses=misses)


def _limit(pid: int, descriptors: int) -> None:
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors, hard))


def _bounded(place: Place, pid: int, where: str, seconds: float) -> Iterator[str]:
    """An answer within its deadline, fresh or stale, and no spinning meanwhile."""
    asking = place.begin("failures", "--json", "--deadline", "500")
    share = processor_share(pid, seconds)
    if share > IDLE:
        yield f"{where}: the daemon takes {share:.0%} of a processor"
    out, error = asking.communicate()
    if asking.returncode or not _whole(out):
        yield f"{where}: the question ends with {asking.returncode}: {error}"


def _start_with(place: Place, limit: int) -> Iterator[str]:
    """A daemon either serves, or ends with an error of ours; it never crashes."""
    daemon = place.start("prlimit", f"--nofile={limit}")
    try:
        assert daemon.stderr is not None
        first = daemon.stderr.readline()
        if "watching" in first:
            daemon.send_signal(signal.SIGTERM)
            code, said = ended(daemon)
            told = code == FAILED and "open files" in said
            if (code and not told) or "Traceback" in said:
                yield f"{limit} descriptors: it ended with {code}: {said[:SAID]!r}"
            return
        code, said = ended(daemon)
        if code != FAILED or "Traceback" in said or "open files" not in first:
            yield f"{limit} descriptors: no start, {code}: {first!r} {said[:SAID]!r}"
    finally:
        end(daemon)


def _give(place: Place, number: int) -> Iterator[str]:
    """A source file and a statement, acknowledged."""
    crash_file(place.workspace.loki, number)
    client = Client(place.workspace)
    client.record([statement(number)])
    if client.get("failures")["stale"]:
        yield "the answer is stale before anything is wrong"


def _refuses(place: Place, where: str) -> Iterator[str]:
    """What cannot be written is not acknowledged; the daemon may be gone by then."""
    try:
        Client(place.workspace).record([statement(99)])
    except LokidError as error:
        if error.exit_code not in {FAILED, NOBODY}:
            yield f"{where}: {type(error).__name__}: {error.message}"
    else:
        yield f"{where}: acknowledged what cannot be written"


def _stale_by_itself(place: Place, where: str, why: str, *before: str) -> Iterator[str]:
    """Questions without a daemon: stale and why, or an error of ours and why.

    `context` is never in the way: it ends with 0, and may give nothing and say why.
    """
    done = place.lokictl("failures", "--json", before=before)
    answer = _whole(done.stdout or done.stderr)
    stale = answer.get("stale") or done.returncode == FAILED
    reason = str(answer.get("reason") or answer.get("error"))
    if done.returncode not in {0, FAILED} or not stale or why not in reason:
        yield f"{where}: a question ends with {done.returncode}: {answer}"
    done = place.lokictl("context", before=before)
    if done.returncode or why not in done.stderr or "Traceback" in done.stderr:
        yield f"{where}: context ends with {done.returncode}: {done.stderr}"


def _no_start(place: Place, where: str, why: str, *before: str) -> Iterator[str]:
    """A daemon that cannot start says why and ends; nobody waits for it."""
    daemon = place.start(*before)
    try:
        code, said = ended(daemon)
    finally:
        end(daemon)
    if code != FAILED or why not in said or "Traceback" in said:
        yield f"{where}: a start ends with {code}: {said}"


def _all_there(place: Place, files: int) -> Iterator[str]:
    """All source files and the statement, once the hindrance is gone."""
    answer = Client(place.workspace).get("failures", {"all": "1"})
    if answer["stale"] or answer["total"] != files:
        yield f"afterwards {answer['total']} of {files} are told: {answer['reason']}"
    if answer["as_of_seq"] < files + 1:
        yield "afterwards what was acknowledged is not there"


def _whole(out: str) -> dict[str, object]:
    try:
        found = json.loads(out)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


ROWS: tuple[Row, ...] = (
    Row(
        family="disk",
        name="read-only",
        fault="ext4 turns read-only under a running daemon, or is before a start",
        mark="exit 74 and why; answers stale and why; afterwards all is there",
        run=read_only,
        quick=False,
    ),
    Row(
        family="disk",
        name="no-permission",
        fault="state, log, LOCK, segment or .loki of mode 000 (EACCES)",
        mark="exit 74 and why; answers stale and why; afterwards all is there",
        run=no_permission,
        quick=False,
    ),
    Row(
        family="disk",
        name="no-descriptors",
        fault="too few file descriptors, from the start or while running (EMFILE)",
        mark="serves or says why with 74; under 5 % of a processor; nothing lost",
        run=no_descriptors,
    ),
)
