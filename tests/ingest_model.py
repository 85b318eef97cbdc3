"""A plain model of the harness's files: what it wrote, and what of it is whole.

Everything it writes is told apart by a number that is never used again, so that
a fact in the log names the one writing that it came from.  A key is the kind of
file and that number, for a document its path too.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from lokid.events import (
    ConvergenceMeasured,
    CrashObserved,
    GatesCounted,
    IterationStarted,
    OutputFailed,
    OutputPassed,
    Recorded,
)

CRASHES = ("a", "b", "c")
TAIL = "events.jsonl"
LOG = "logs/autonomy-20260301.log"
LIST = "council/convergence.log"
STATE = "quality/gate-failure-count.json"
Key = tuple[str, str, int]

_SESSION = re.compile(
    rb"=== Session started at .{28} ===\n[a-z0-9 \n]*"
    rb"=== Session ended at .{11}(\d\d):(\d\d):(\d\d) .{8} with exit code \d ===\n"
)


class Files:
    """What lies below ``.loki``, as the harness wrote it."""

    def __init__(self, loki: Path) -> None:
        self._loki = loki
        self._away = loki.with_name("away")
        self._number = 0
        self.held: dict[str, bytes] = {}

    def new(self) -> int:
        """A number that nothing has yet."""
        self._number += 1
        return self._number

    # -- what the harness does -------------------------------------------------

    def write(self, path: str, content: bytes, *, renamed: bool = False) -> None:
        """Write a file, in place or by a rename over the old one."""
        file = self._loki / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if renamed:
            other = file.with_name(f".{file.name}.tmp")
            other.write_bytes(content)
            other.rename(file)
        else:
            file.write_bytes(content)
        self.held[path] = content

    def append(self, path: str, content: bytes) -> None:
        """Add to a file."""
        if path not in self.held:
            self.write(path, content)
            return
        with (self._loki / path).open("ab") as file:
            file.write(content)
        self.held[path] += content

    def delete(self, path: str) -> None:
        """Delete a file."""
        (self._loki / path).unlink()
        del self.held[path]

    def move(self, path: str, to: str) -> None:
        """Rename a file, over another one if need be."""
        (self._loki / path).rename(self._loki / to)
        self.held[to] = self.held.pop(path)

    def delete_all(self) -> None:
        """Delete ``.loki``."""
        shutil.rmtree(self._loki, ignore_errors=True)
        self.held.clear()

    def put_away(self) -> dict[str, bytes]:
        """Rename ``.loki`` away; gives what it held."""
        self._loki.mkdir(exist_ok=True)
        self._loki.rename(self._away)
        held, self.held = self.held, {}
        return held

    def put_back(self, held: dict[str, bytes]) -> None:
        """Rename it back, over whatever is there now."""
        self.delete_all()
        self._away.rename(self._loki)
        self.held = held

    # -- what a scan can see ---------------------------------------------------

    def visible(self) -> set[Key]:
        """All that is whole now."""
        return {key for path in self.held for key in self._in(path)}

    def state(self) -> int | None:
        """The value of the state file; -1 when it is gone, None when it is torn.

        None too without a ``.loki``: then nothing is said of anything.
        """
        if not self._loki.is_dir():
            return None
        body = _object(self.held.get(STATE, b'{"gate": -1}'))
        return None if body is None else int(body["gate"])

    def _in(self, path: str) -> Iterator[Key]:
        content = self.held[path]
        whole = content[: content.rfind(b"\n") + 1].split(b"\n")[:-1]
        if path.startswith("crash/"):
            body = _object(content)
            if body is not None:
                yield "crash", path, int(body["error_class"][3:])
        elif path == TAIL or (path.startswith(TAIL) and TAIL in self.held):
            for line in whole:
                yield "tail", "", json.loads(line)["data"]["iteration"]
        elif path == LIST:
            for line in whole:
                yield "line", "", int(line.split(b"|")[1])
        elif path == LOG:
            for found in _SESSION.finditer(content):
                yield "session", "", _seconds(*found.groups())


def _object(content: bytes) -> dict[str, str] | None:
    try:
        body = json.loads(content)
    except ValueError:
        return None
    assert isinstance(body, dict)
    return body


def _seconds(hour: bytes, minute: bytes, second: bytes) -> int:
    return (int(hour) * 60 + int(minute)) * 60 + int(second)


# -- what is written -----------------------------------------------------------


def crash(number: int) -> bytes:
    """A crash file; all have the same size."""
    return json.dumps({"error_class": f"Err{number:06d}", "exit_code": 1}).encode()


def tail_line(number: int) -> bytes:
    """A line of the harness's main stream."""
    body = {"type": "iteration_start", "data": {"iteration": number}}
    return json.dumps(body).encode() + b"\n"


def list_line(number: int) -> bytes:
    """A line of the list that is trimmed."""
    return b"%d|%d|3|0|0\n" % (1772359200 + number, number)


def state(number: int) -> bytes:
    """The counter's file."""
    return b'{"gate": %d}' % number


def session(number: int, words: int) -> tuple[bytes, bytes, bytes]:
    """Start, body and end of a session of the log."""
    start = b"=== Session started at %s ===\n" % _date(2 * number)
    end = b"=== Session ended at %s with exit code 0 ===\n" % _date(2 * number + 1)
    return start, b"word %d\n" % number * words, end


def _date(second: int) -> bytes:
    clock = (second // 3600, second // 60 % 60, second % 60)
    return b"Sun Mar  1 %02d:%02d:%02d UTC 2026" % clock


# -- what the log holds of it --------------------------------------------------


def key_of(one: Recorded) -> Key | None:
    """Which writing a fact came from; None for what is no such fact."""
    match one.event:
        case CrashObserved(error_class=name):
            return "crash", one.src.path or "", int(name[3:])
        case IterationStarted(iteration=number):
            return "tail", "", number
        case ConvergenceMeasured(iteration=number):
            return "line", "", number
        case OutputPassed() | OutputFailed() as told if told.started and told.ended:
            clock = re.findall(rb"\d\d", told.ended[11:19].encode())
            return "session", "", _seconds(*clock)
    return None


def states_in(log: list[Recorded]) -> list[int]:
    """The values of the state file that the log tells, in their order."""
    events = [one.event for one in log]
    counted = [event.counts for event in events if isinstance(event, GatesCounted)]
    return [counts.get("gate", -1) for counts in counted]
