"""What is done under trace: a state made afresh, and every kind of durable write.

    python disk_workload.py STATE ROOT

Each acknowledgement is one write of ``ACK what`` to stdout, where the product
would answer a command.  Ends with the exit code of the product's error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from disk_writer import crash_file, statement
from lokid import clock
from lokid.config import Settings
from lokid.engine import Engine
from lokid.errors import LokidError
from lokid.log import Log, event_id
from lokid.paths import Workspace
from lokid.sources import SOURCES
from projections import build

SEGMENT = 4096


def acknowledge(what: str) -> None:
    """Say that something is on the disk."""
    os.write(1, f"ACK {what}\n".encode())


def bare_log(directory: Path) -> None:
    """Open fresh, append, make durable, seal, close; then a torn tail, mended."""
    log = Log.open(directory, segment_bytes=SEGMENT)
    for number in range(1, 41, 8):
        facts = [statement(n) for n in range(number, number + 8)]
        log.append([(event_id(one.identity), one) for one in facts], clock.now())
        log.sync()
        acknowledge(f"append {number}")
    log.close()
    last = max(directory.glob("*.ndjson"))
    torn = os.open(last, os.O_WRONLY | os.O_APPEND | os.O_DSYNC)
    os.write(torn, b'{"c":"0123')
    os.close(torn)
    log = Log.open(directory, segment_bytes=SEGMENT)
    acknowledge("repair")
    log.close()


def engine(workspace: Workspace) -> None:
    """Statements, source files, seals, hints, a snapshot at the end; all once more."""
    settings = Settings(segment_bytes=SEGMENT, snapshot_close_events=1)
    for first in (1, 101):
        host = Engine(workspace, settings, SOURCES, build)
        host.open()
        host.record([statement(first)], durable=True)
        acknowledge(f"statement {first}")
        crash_file(workspace.loki, first)
        host.scan()
        host.sync()
        acknowledge(f"source {first}")
        host.save_hints()
        for number in range(first + 1, first + 60, 12):
            said = [statement(n) for n in range(number, number + 12)]
            host.record(said, durable=True)
            acknowledge(f"statements {number}")
        host.close()
        acknowledge("close")


def main() -> int:
    """Do it all."""
    state, root = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        bare_log(state / "bare" / "log")
        engine(Workspace(root=root, state=state / "engine" / "state", id="order"))
    except LokidError as error:
        print(f"{type(error).__name__}: {error.message}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
