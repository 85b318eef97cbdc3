"""A copy of the log elsewhere, and the way back.

`copy` needs no lock: lines that a segment holds do not change, so its whole lines
are a log of their own, also while a writer appends.  A damaged log is copied as it
is: that is when a copy is needed most.
`restore` puts a copy in the log's place; what lay there is set aside beside it
(``log.before-<time>``), never deleted.

Refuses: to copy into a folder that holds something, to restore a copy that does
not verify (unless it is wanted as it is), to restore over a log that somebody writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lokid import atomic
from lokid.errors import LogDamaged, UsageError
from lokid.log.lock import take_lock
from lokid.log.report import VerifyReport
from lokid.log.room import written
from lokid.log.segment import SegmentGone, contents, pieces, segment_names
from lokid.log.verify import verify

ASIDE = "log.before-"
"""How the name of a log begins that was set aside by `restore`."""
INCOMING = "log.restoring"
"""A copy that has not taken the log's place yet; a crash may leave it."""
_ELSEWHERE = "free some space there, or name a folder on another disk"
_FREE = "free some space and run it again: the log is as it was"

PLACES = 3
"""Damaged places of a copy that are named."""


def copy(directory: Path, target: Path) -> VerifyReport:
    """Copy the log into ``target``, made 0700; gives what the copy holds.

    Raises UsageError where something lies there already or there is no log,
    DiskFull, StorageError; then nothing of the copy is left there.
    """
    if not segment_names(directory):
        message = f"there is no log yet in {directory}"
        raise UsageError(message, "-C names another workspace")
    with written(target, _ELSEWHERE):
        if target.exists() and any(target.iterdir()):
            message = f"{target} is not empty"
            raise UsageError(message, "name a folder that does not exist yet")
        atomic.make_directory(target)
        target.chmod(0o700)
        while not _copied(directory, target):
            pass  # a compaction came between: begin anew
    return verify(target)


def _copied(directory: Path, target: Path) -> bool:
    """Copy all segments; False where one of them was gone by then.

    The first few segments would pass for a whole log: rather none than those.
    """
    names = segment_names(directory)
    if not names:
        message = f"there is no log in {directory}"
        raise UsageError(message)
    try:
        for name in names:
            end = _whole_lines(directory, name) if name == names[-1] else None
            atomic.write_file(target / name, contents(directory, name, 0, end))
    except BaseException as error:
        for name in names:
            with suppress(OSError):
                (target / name).unlink()
        if isinstance(error, SegmentGone):
            return False
        raise
    return True


def restore(
    directory: Path,
    source: Path,
    at: str,
    forget: Callable[[], None],
    *,
    damaged: bool = False,
) -> VerifyReport:
    """Put the copy in ``source`` in the log's place; gives what it holds.

    ``at`` (the present) names the folder in which the old log is set aside;
    ``forget`` deletes what was derived from it (snapshots, hints).  ``damaged``: a
    copy that does not verify is taken as it is.  Raises LogDamaged for it
    otherwise, UsageError where there is no copy, WriterExists, OSError,
    DiskFull, StorageError.
    """
    report = verify(source)
    if not report.segments:
        message = f"{source} holds no log"
        raise UsageError(message, "name a folder that lokictl log backup made")
    if report.damaged and not damaged:
        hint = "with --damaged it is taken as it is; lokictl log repair mends it then"
        raise LogDamaged(_told(source, report), hint)
    atomic.make_directory(directory)
    lock = take_lock(directory, 0.0)
    try:
        incoming = directory.with_name(INCOMING)
        if incoming.is_dir():
            for left in incoming.iterdir():
                left.unlink()
        with written(incoming, _FREE):
            atomic.make_directory(incoming)
            for name in segment_names(source):
                atomic.write_file(incoming / name, contents(source, name, 0))
        # from here on a crash is finished by whoever opens the log next
        forget()
        directory.rename(directory.with_name(ASIDE + at.replace(":", "")))
        incoming.rename(directory)
        atomic.fsync_dir(directory.parent)
    finally:
        os.close(lock)
    return report


def settle(directory: Path) -> None:
    """Finish a restore that a crash cut off between its two renames.

    Raises OSError, StorageError.
    """
    incoming = directory.with_name(INCOMING)
    if not directory.exists() and incoming.is_dir():
        incoming.rename(directory)
        atomic.fsync_dir(directory.parent)


def _whole_lines(directory: Path, name: str) -> int:
    """Where the last line of a segment ends, as it is now."""
    return sum(
        len(piece) for _, piece in pieces(directory, name) if piece.endswith(b"\n")
    )


def _told(source: Path, report: VerifyReport) -> str:
    """Where a copy is damaged, the first places by name."""
    found = [one for one in report.problems if not one.accepted]
    places = [
        f"event {one.seq} ({one.segment} at byte {one.offset}: {one.reason})"
        for one in found[:PLACES]
    ]
    more = f" and {len(found) - PLACES} more" if len(found) > PLACES else ""
    return f"the copy in {source} is damaged: {', '.join(places)}{more}"
