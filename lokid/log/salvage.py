"""What can still be had of a damaged log.

Each line verifies alone, so the intact ones behind a damaged place are facts
still; only their order is broken there.  `unserved` finds them, `Log.adopt`
appends them again under new numbers.  Read models do not depend on order, and
the ids tell what was read anew from its file meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lokid import codec
from lokid.events import Fact, LogLossAccepted
from lokid.log import joints
from lokid.log.keys import event_id
from lokid.log.reader import LogReader
from lokid.log.report import Problem
from lokid.log.segment import pieces, segment_names


def unserved(directory: Path) -> list[bytes]:
    """Intact lines (with LF) whose facts are not served, each fact once.

    Our own ``log.*`` lines are left out: they tell of places, not of facts.
    Raises StorageError.
    """
    known = {codec.decode_line(line).id for line in LogReader(directory).lines()}
    found: dict[str, bytes] = {}
    for name in joints.told(directory, segment_names(directory)):
        for _, piece in pieces(directory, name):
            if not piece.endswith(b"\n") or not codec.intact(piece[:-1]):
                continue
            if codec.type_of(piece).startswith(b"log."):
                continue
            recorded = codec.decode_line(piece)
            if recorded.id not in known:
                found.setdefault(recorded.id, piece)
    return list(found.values())


def acceptances(problems: Iterable[Problem]) -> list[tuple[str, Fact]]:
    """The facts that a person accepts these places, with their ids."""
    facts = {}
    for one in problems:  # one place may have two
        event = LogLossAccepted(segment=one.segment, offset=one.offset, seq=one.seq)
        identity = (event.TYPE, one.segment, one.offset, one.seq)
        facts[event_id(identity)] = Fact(event=event, identity=identity)
    return list(facts.items())
