"""The order of writes, fsyncs and acknowledgements, as strace sees it.

A missing fsync of a directory cannot be seen on ext4 by cutting its power; here
it is: `disk_lint.py` holds the calls of a workload to the rules.  Then every fsync
of the workload fails once: nothing may be fsynced or acknowledged after it.

It says something only of the code that the workload runs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from disk_daemon import Place, ended
from disk_lint import Lint
from disk_trace import COMMAND, SYNCS, TRACE, Call, edges
from disk_writer import statement
from lokid.client import Client
from mounts import need
from table import Bench, NotRun, Outcome, Row

WORKLOAD = Path(__file__).parent / "disk_workload.py"
FAILED = 74


def order_of_fsync(bench: Bench) -> Outcome:
    """One run as it is; then runs in which the Nth fsync fails, until none does."""
    _need_strace("fsync-order")
    clean, code = _traced(bench.folder)
    misses = [] if not code else [f"the workload ended with {code}"]
    misses += clean.violations
    if not clean.acks or not clean.syncs:
        misses.append("the trace shows no acknowledgement or no fsync")
    figures = {"acks": clean.acks, "fsyncs": clean.syncs}
    figures["violations"] = len(clean.violations)
    figures["failed fsyncs"] = 0
    for name in SYNCS[-1:] if bench.quick else SYNCS:
        number = 2 if bench.quick else 1
        while True:
            lint, code = _traced(bench.folder, f"{name}:error=EIO:when={number}")
            where = f"{name} {number} failed ({lint.failed or 'a hint or none'})"
            misses += [f"{where}: {what}" for what in lint.violations]
            if code != FAILED and (code or lint.failed):
                misses.append(f"{where}: exit code {code}")
            if not lint.injected:
                break
            figures["failed fsyncs"] += 1
            figures["violations"] += len(lint.violations)
            bench.say(figures["failed fsyncs"], clean.syncs)
            number += 1
            if bench.quick:
                break
    return Outcome(figures={**figures}, misses=misses)


def order_in_daemon(bench: Bench) -> Outcome:
    """A running daemon: the reply to each statement comes after its fdatasync."""
    _need_strace("fsync-order-daemon")
    above = bench.folder / "above"
    place = Place(bench.folder / "place", above / "made" / "state")
    above.mkdir()
    trace = bench.folder / "trace"
    statements = 5 if bench.quick else 500
    misses = []
    with place.daemon(*COMMAND, *TRACE, "-o", str(trace)) as daemon:
        client = Client(place.workspace)
        for number in range(1, statements + 1):
            client.record([statement(number)])
            bench.say(number, statements)
        client.shutdown()
        code, said = ended(daemon)
    if code:
        misses.append(f"the daemon ended with {code}: {said}")
    lint = Lint(str(above), _is_reply).look(edges(trace.read_text().splitlines()))
    misses += lint.violations
    if lint.acks < statements:
        misses.append(f"the trace shows {lint.acks} replies to {statements} statements")
    figures = {"replies": lint.acks, "fsyncs": lint.syncs}
    return Outcome(figures={**figures, "violations": len(misses)}, misses=misses)


def _traced(folder: Path, inject: str = "") -> tuple[Lint, int]:
    """Run the workload once, in a folder that is empty again afterwards."""
    above, root, trace = folder / "above", folder / "root", folder / "trace"
    above.mkdir()
    root.mkdir()
    words = [*COMMAND, *TRACE, "-o", str(trace)]
    if inject:
        words += ["-e", f"inject={inject}"]
    words += [sys.executable, str(WORKLOAD), str(above), str(root)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        lines = trace.read_text().splitlines()
    finally:
        shutil.rmtree(above)
        shutil.rmtree(root)
    return Lint(str(above), _is_ack).look(edges(lines)), done.returncode


def _is_ack(call: Call) -> bool:
    return call.text.startswith("ACK ") and call.handle.startswith("pipe:")


def _is_reply(call: Call) -> bool:
    return call.text.startswith("HTTP/1.1 200") and call.handle.startswith("socket:")


def _need_strace(row: str) -> None:
    command = f"apt install strace && python tests/faults/run.py --only {row}"
    need(command, "strace")
    words = [*COMMAND, *TRACE, "-o", "/dev/null", "true"]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        reason = "strace may trace nothing here"
        raise NotRun(reason, command)


ROWS: Sequence[Row] = (
    Row(
        family="disk",
        name="fsync-order",
        fault="a missing fsync, of a file or a directory; an fsync that fails",
        mark="0 acknowledged before its fsync, 0 fsyncs or words after a failed one",
        run=order_of_fsync,
    ),
    Row(
        family="disk",
        name="fsync-order-daemon",
        fault="the same, in a running daemon",
        mark="500 replies: 0 before the fsync of what they acknowledge",
        run=order_in_daemon,
    ),
)
