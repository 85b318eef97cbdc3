"""Taking a leaked text out of a log for good (decision 0016).

What was written is never changed, but for this: a person names a text that
should not be there, and every string of ``data`` and ``src`` that holds it gets
`REPLACEMENT` in its place.  All else of a line stays: its type, id, times and
order, and in ``data`` the keys, the numbers and the times, so that every event
is still read as what it was and nothing is counted again.  (``c`` and ``p``
follow from what is written.)

In this order, so that a crash leaves each segment as it was or redacted, and
never an unexplained break: the last segment is sealed if it holds the text; one
``log.redacted`` a segment is made durable, and with it the acceptances of losses
whose place will move; then each segment is rewritten whole (``atomic.py``).
Lines that do not verify keep their length: what they hold of the text becomes
``x``.  So does what was set aside beside the log (`set_aside`, `blank`).

Refuses: a text that nobody can mean (``leak.py``), a log that somebody else
writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from lokid import atomic, codec
from lokid.events import Fact, LogLossAccepted, LogRedacted
from lokid.log.backup import ASIDE, INCOMING
from lokid.log.keys import event_id
from lokid.log.leak import Leak
from lokid.log.reader import LogReader
from lokid.log.room import written
from lokid.log.salvage import acceptances
from lokid.log.segment import pieces, segment_names
from lokid.log.verify import verify
from lokid.log.writer import Log

_AGAIN = "free some space and run it again: what is not rewritten holds the text"
_OURS = frozenset({LogRedacted.TYPE, LogLossAccepted.TYPE})


class Found(NamedTuple):
    """How many lines of each segment hold a text, of how many in all.

    Segments without it are left out.  ``reshaped``: lines that hold only what
    scrubbing made of it.
    """

    segments: dict[str, int]
    reshaped: int
    lines: int

    @property
    def events(self) -> int:
        """How many lines hold it."""
        return sum(self.segments.values())


class Redacted(NamedTuple):
    """A segment without the text: how many of its lines were changed."""

    segment: str
    lines: int


class _Segment(NamedTuple):
    """A segment as it will be: its old and new last ``c``, where lines moved to."""

    name: str
    content: list[bytes]
    old: bytes
    new: bytes
    lines: int
    moved: dict[int, int]


def occurrences(directory: Path, leak: Leak) -> Found:
    """Where a log holds a text; raises StorageError."""
    held: dict[str, int] = {}
    reshaped = lines = 0
    for name in segment_names(directory):
        for _, piece in pieces(directory, name):
            lines += 1
            if _clean_piece(piece, leak) is not None:
                held[name] = held.get(name, 0) + 1
                reshaped += not leak.was_given_in(piece)
    return Found(held, reshaped, lines)


def redact(log: Log, directory: Path, leak: Leak, at: str) -> list[Redacted]:
    """Take a text out of every line of an open log; durable on return.

    ``at`` is the present.  The log must be opened anew to be read.  Raises
    EventRefused, DiskFull, StorageError.
    """
    held = occurrences(directory, leak).segments
    if held and max(held) == segment_names(directory)[-1]:
        log.seal()
    done = [_without(directory, name, leak) for name in sorted(held)]
    facts = [_told(one) for one in done if one.old != one.new]
    pairs = [(event_id(fact.identity), fact) for fact in facts]
    pairs += _accepted_anew(directory, done)
    said = _said(directory)  # by one that a crash ended before it was done
    log.append([pair for pair in pairs if pair[0] not in said], at)
    log.sync()
    for one in done:
        with written(directory / one.name, _AGAIN):
            atomic.write_file(directory / one.name, one.content)
    return [Redacted(one.name, one.lines) for one in done]


def set_aside(state: Path) -> tuple[list[Path], list[Path]]:
    """What a state directory holds of a log beside it.

    Torn pieces, and the files of whole logs: those that a restore replaced, and a
    copy that it did not finish.  Raises OSError.
    """
    logs = [*sorted(state.glob(ASIDE + "*")), state / INCOMING]
    return _files(state / "torn"), [file for one in logs for file in _files(one)]


def holds(path: Path, leak: Leak) -> bool:
    """Whether a file that was set aside holds a text; raises OSError."""
    return _blank_file(path, leak) is not None


def blank(path: Path, leak: Leak) -> bool:
    """Overwrite a text in a file that was set aside; whether it was there.

    Lines that held it do not verify any more.  Raises OSError, DiskFull,
    StorageError.
    """
    changed = _blank_file(path, leak)
    if changed is None:
        return False
    with written(path, _AGAIN):
        atomic.write_file(path, [changed])
    return True


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = sorted(folder.iterdir())
    return [one for one in found if one.is_file() and not one.is_symlink()]


def _blank_file(path: Path, leak: Leak) -> bytes | None:
    """What a file should hold instead; None when it does not hold the text."""
    data = path.read_bytes()
    if not leak.may_be_in(data):
        return None
    lines = data.splitlines(keepends=True)
    # an intact line that holds it in no string of a fact stays intact
    changed = [
        line if _clean_piece(line, leak) is None else leak.blanked(line)
        for line in lines
    ]
    return b"".join(changed) if changed != lines else None


def _told(one: _Segment) -> Fact:
    event = LogRedacted(
        segment=one.name, old=one.old.decode(), new=one.new.decode(), lines=one.lines
    )
    return Fact(event=event, identity=(event.TYPE, event.segment, event.old, event.new))


def _accepted_anew(directory: Path, done: list[_Segment]) -> list[tuple[str, Fact]]:
    """Acceptances of losses, for the places to which a rewrite moves them."""
    moved = {(one.name, old): new for one in done for old, new in one.moved.items()}
    if not moved:
        return []
    return acceptances(
        msgspec.structs.replace(one, offset=moved[one.segment, one.offset])
        for one in verify(directory).problems
        if one.accepted and (one.segment, one.offset) in moved
    )


def _said(directory: Path) -> set[str]:
    """The ids of what a log tells already of redactions and accepted losses."""
    lines = LogReader(directory).lines(types=_OURS)
    return {codec.decode_line(line).id for line in lines}


def _without(directory: Path, name: str, leak: Leak) -> _Segment:
    """A segment's new lines, chained anew behind the first that changed."""
    content: list[bytes] = []
    moved: dict[int, int] = {}
    before: bytes | None = None  # the new checksum of an intact line before
    old = new = codec.NO_CRC
    changed = size = 0
    for offset, piece in pieces(directory, name):
        if offset != size:
            moved[offset] = size
        clean = _clean_piece(piece, leak)
        changed += clean is not None
        if _is_whole(piece):
            head = codec.head_of(piece)
            chain = head.p.encode("ascii", "replace")
            if before is not None and chain == old:
                chain = before
            old = codec.crc_of(piece)
            content.append(codec.rehead(clean or piece, head.seq, chain))
            before = new = codec.crc_of(content[-1])
        else:
            content.append(clean or piece)
            before = None
        size += len(content[-1])
    return _Segment(name, content, old, new, changed, moved)


def _clean_piece(piece: bytes, leak: Leak) -> bytes | None:
    """A line without the text, its checksum void; None when it does not hold it.

    Our own ``log.*`` lines name segments and checksums, which must stay.
    """
    if not leak.may_be_in(piece):
        return None
    if not _is_whole(piece):
        blanked = leak.blanked(piece)
        return None if blanked == piece else blanked
    if codec.type_of(piece).startswith(b"log."):
        return None
    told: dict[str, Any] = msgspec.json.decode(piece)
    clean = {**told, **{key: leak.taken_from(told[key]) for key in ("src", "data")}}
    return None if clean == told else codec.ascii_json(clean)


def _is_whole(piece: bytes) -> bool:
    return piece.endswith(b"\n") and codec.intact(piece[:-1])
