"""`lokictl log repair`, and what it shares with the others that mend a log.

It says in words what it would do or did, and takes the log's lock where it
writes: a daemon is stopped first (``lokictl down``), since what it has folded
would be of another log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli import render
from cli.options import command, workspace
from lokid import clock
from lokid.errors import UsageError, WriterExists

if TYPE_CHECKING:
    from lokid.log import Log, Problem
    from lokid.paths import Workspace

LOCK_SECONDS = 2.0
DAMAGED = 3


@command(
    "repair",
    examples=(
        "lokictl log repair",
        "lokictl log repair --dry-run",
        "lokictl log repair --accept-loss",
    ),
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Accept what cannot be had back: verify names it as accepted then.",
)
def repair(*, dry_run: bool, accept_loss: bool, as_json: bool) -> int:
    """Have back what can be had of a damaged log.

    A torn end is set aside, and intact events behind damage are appended again,
    so that they are served.  Nothing is ever cut out.  What is lost for good
    stays named, and the command ends with 3, until it is accepted.
    """
    from lokid.log import verify
    from lokid.log.salvage import acceptances, unserved

    place = workspace()
    before = verify(place.log)
    if not before.problems:  # also where all of it is gone
        there(place)
    lines = unserved(place.log)
    if not dry_run:
        with opened(place) as log:
            adopted = log.adopt(unserved(place.log))
            if accept_loss:
                found = verify(place.log).problems
                open_ones = [one for one in found if not one.accepted]
                log.append(acceptances(open_ones), clock.now())
            log.sync()
        lines = lines[:adopted]
    report = before if dry_run else verify(place.log)
    left = [one for one in report.problems if not one.accepted]
    if as_json:
        told = {"schema": 1, "dry_run": dry_run, "torn": before.torn}
        places = [_place(one) for one in report.problems]
        render.emit({**told, "appended_again": len(lines), "problems": places})
        return DAMAGED if left else 0
    would = "would be " if dry_run else ""
    if before.torn:
        render.say(f"the torn end of the log {would or 'was '}set aside in torn/")
    if lines:
        events = render.plural(len(lines), "event")
        were = would or ("was " if len(lines) == 1 else "were ")
        render.say(f"{events} behind the damage {were}appended again")
    for one in report.problems:
        word = "accepted" if one.accepted else "lost"
        render.say(f"  {word}: {_words(one)}")
    if left:
        render.say(
            "What is named lost cannot be read any more; facts whose files still lie "
            "in .loki are read again by themselves.  lokictl log repair --accept-loss "
            "accepts it."
        )
        return DAMAGED
    if not (before.torn or lines or report.problems):
        render.say("the log is whole: nothing to repair")
    return 0


def there(place: Workspace) -> None:
    """Raise UsageError where there is no log."""
    from lokid.log.segment import segment_names

    if not segment_names(place.log):
        message = f"there is no log yet in {place.log}"
        raise UsageError(message, "-C names another workspace")


@contextmanager
def opened(place: Workspace) -> Iterator[Log]:
    """The log, for writing; says what to do where a daemon has it."""
    from lokid.config import Settings
    from lokid.log import Log

    size = Settings().segment_bytes
    try:
        log = Log.open(place.log, segment_bytes=size, lock_wait=LOCK_SECONDS)
    except WriterExists as held:
        raise _stop_first(held) from held
    try:
        yield log
    finally:
        log.close()


def _stop_first(held: WriterExists) -> WriterExists:
    return WriterExists(held.message, "stop it first: lokictl down")


def _place(one: Problem) -> dict[str, object]:
    return {
        "segment": one.segment,
        "offset": one.offset,
        "seq": one.seq,
        "reason": one.reason,
        "accepted": one.accepted,
    }


def _words(one: Problem) -> str:
    reason = render.clean(one.reason)
    return f"event {one.seq}, {one.segment} at byte {one.offset}: {reason}"
