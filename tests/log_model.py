"""A plain model of the log: a list of events, and what a disk may do to its files.

Knows the log's format only so far: a line ends in a newline and carries its own
checksum, a segment is named by its first seq.  Nothing is asked of the code under
test.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from log_rig import resealed
from lokid.events import Event, Fact, OutputFailed, Recorded
from lokid.log import event_id

_SHARED = "/dev/shm"  # noqa: S108  each user of it makes a folder of its own
MEMORY = _SHARED if os.access(_SHARED, os.W_OK) else None
"""Where a file system costs no disk: what is shown here needs none."""
WORDS = ("hunter1", "hunter22", "hunter333")
"""Each fact holds one of them: shorter, as long, longer than what takes its place."""
JOINT = b'"type":"log.redacted"'
GAP = "log.gap_found"
REPAIRED = "log.repaired"


def fact(number: int, size: int) -> tuple[str, Fact]:
    """A fact with its id, told apart by its number, of some size."""
    identity = ("machine", number)
    said = f"{WORDS[number % len(WORDS)]} {'x' * size}"
    event: Event = OutputFailed(exit_code=number, error_line=said)
    return event_id(identity), Fact(event=event, identity=identity)


def pieces(data: bytes) -> list[bytes]:
    """The lines of a file, each with its newline; the last may lack one."""
    *whole, rest = data.split(b"\n")
    lines = [line + b"\n" for line in whole]
    return [*lines, rest] if rest else lines


class Tail:
    """What a kill and a power cut leave of the last segment, judged by hand.

    ``kept``: how many of its lines still stand one after the other; ``torn``:
    whether bytes lie behind the last intact line; ``broken``: whether an intact
    line lies behind one that is not.
    """

    def __init__(self, before: bytes, after: bytes) -> None:
        """``before`` holds nothing but lines that were written so."""
        lines, found = pieces(before), pieces(after)
        self.kept = 0
        for line, piece in zip(lines, found, strict=False):
            if line != piece:
                break
            self.kept += 1
        whole = [number for number, piece in enumerate(found) if intact(piece)]
        behind = whole[-1] + 1 if whole else 0
        self.torn = behind < len(found)
        self.broken = behind > self.kept


def intact(piece: bytes) -> bool:
    """Whether a line, with its newline, is as it was written."""
    return piece.endswith(b"}\n") and piece == resealed(piece)


def heals(before: bytes, after: bytes) -> bool:
    """Whether a change makes a bad line good again (the same bit flipped twice)."""
    return sum(map(intact, pieces(after))) > sum(map(intact, pieces(before)))


def unjoins(before: bytes, after: bytes) -> bool:
    """Whether a line is lost that explains a break of the chain elsewhere.

    Then more is not served than what was hit; the model leaves that case out.
    """
    return _joints(before) != _joints(after)


def _joints(data: bytes) -> list[bytes]:
    return [piece for piece in pieces(data) if JOINT in piece and intact(piece)]


def after_damage(
    model: list[Recorded], segment: Path, kept: int
) -> tuple[list[Recorded], bool]:
    """What is served when only ``kept`` of a segment's served lines are left.

    All up to there, and all from the next gap on; also whether there is none, so
    that the next writer must make one.
    """
    own = lines_in(model, segment)
    if kept >= len(own):
        return model, False
    first = model.index(own[kept])
    gaps = [at for at in range(first + 1, len(model)) if model[at].type == GAP]
    if not gaps:
        return model[:first], True
    return model[:first] + model[gaps[0] :], False


def lines_in(model: list[Recorded], segment: Path) -> list[Recorded]:
    """The served lines that lie in a segment."""
    names = sorted(int(file.stem) for file in segment.parent.glob("*.ndjson"))
    begin = int(segment.stem)
    end = next((name for name in names if name > begin), None)
    return [one for one in model if begin <= one.seq and (not end or one.seq < end)]


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]


def _cut(data: bytes, at: int) -> bytes:
    return data[:at]


def _zeroed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes(len(data[at : at + 300])) + data[at + 300 :]


def _without_a_line(data: bytes, at: int) -> bytes:
    begin = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at) + 1
    return data[:begin] + (data[end:] if end else b"")


DAMAGES: dict[str, Callable[[bytes, int], bytes]] = {
    "a bit": _flipped,
    "cut off": _cut,
    "zeros": _zeroed,
    "a line": _without_a_line,
}
"""What may happen to a segment's bytes at a place."""
