"""`lokictl log redact`: a leaked text is taken out of the log, for good.

It cannot be undone, so a text that is in too many events to be meant is refused
until the person says ``--yes``.  It never prints the text.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from cli import render
from cli.options import command, workspace
from cli.upkeep import opened, there
from lokid import clock
from lokid.errors import UsageError

if TYPE_CHECKING:
    from lokid.log.leak import Leak
    from lokid.log.redaction import Found
    from lokid.paths import Workspace

MANY = 20
"""So many events may always be changed,"""
PART = 10
"""and beyond that one in so many of all."""
RESHAPED = (
    "The log keeps text reshaped: paths, numbers and more are placeholders there. "
    "A shorter, plain part of the text may be found."
)


class _Beside(NamedTuple):
    """How many files that were set aside hold the text."""

    torn: int
    logs: int


@command(
    "redact",
    examples=(
        "lokictl log redact --dry-run 'hunter2secret'",
        "lokictl log redact -",
    ),
)
@click.argument("text")
@click.option("--dry-run", is_flag=True, help="Only count the events that hold it.")
@click.option("--yes", is_flag=True, help="Also where very many events hold it.")
def redact(*, text: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Take a leaked TEXT out of the log for good.

    TEXT is looked for as it is and as the log would keep it ("-" reads it from
    standard input, so that no shell history keeps it).  Every event that holds it
    is rewritten with the word "redacted" in its place; that this was done stays on
    record, the text does not.  Where that would be more than a tenth of all events,
    and more than 20, it wants --yes: it cannot be undone.  Logs that a restore set
    aside and torn pieces are blanked too.  Copies elsewhere (backups) are not
    touched.
    """
    from lokid.log.leak import Leak
    from lokid.log.redaction import occurrences

    place = workspace()
    there(place)
    leak = Leak(_given(text))
    found = occurrences(place.log, leak)
    if _too_many(found) and not (yes or dry_run):
        message = f"that text is in {_share(found)}: too many to be meant"
        hint = "if it is meant, add --yes; it cannot be undone"
        raise UsageError(message, hint)
    beside = _counted(place, leak) if dry_run else _taken_out(place, leak)
    if as_json:
        told = {"schema": 1, "dry_run": dry_run, "events": found.events}
        counts = {"segments": found.segments, "of": found.lines}
        more = {"reshaped": found.reshaped, "needs_yes": _too_many(found)}
        files = {"torn_files": beside.torn, "set_aside_files": beside.logs}
        render.emit({**told, **counts, **more, **files})
    else:
        _tell(found, beside, dry_run=dry_run)
    return 0


def _given(text: str) -> str:
    if text != "-":
        return text
    data = sys.stdin.buffer.read() if sys.stdin else b""
    return data.decode("utf-8", "surrogateescape")


def _too_many(found: Found) -> bool:
    return found.events > MANY and found.events * PART > found.lines


def _share(found: Found) -> str:
    return f"{found.events:,} of {render.plural(found.lines, 'event')}"


def _counted(place: Workspace, leak: Leak) -> _Beside:
    from lokid.log.redaction import holds, set_aside

    torn, logs = set_aside(place.state)
    return _Beside(
        sum(holds(file, leak) for file in torn), sum(holds(file, leak) for file in logs)
    )


def _taken_out(place: Workspace, leak: Leak) -> _Beside:
    """Redact the log and what was set aside of it."""
    from lokid import keeping
    from lokid.log import redaction

    with opened(place) as log:
        keeping.forget(place)
        redaction.redact(log, place.log, leak, clock.now())
        torn, logs = redaction.set_aside(place.state)
        return _Beside(
            sum(redaction.blank(file, leak) for file in torn),
            sum(redaction.blank(file, leak) for file in logs),
        )


def _tell(found: Found, beside: _Beside, *, dry_run: bool) -> None:
    if not found.events and not any(beside):
        render.say("no event of the log holds that text")
        render.say(RESHAPED)
        return
    would = "would be " if dry_run else ""
    if found.events:
        where = render.plural(len(found.segments), "segment")
        events = render.plural(found.events, "event")
        render.say(f"{events} in {where} {would}redacted")
    if found.reshaped:
        events = render.plural(found.reshaped, "event")
        render.say(f"  {events} of them held it reshaped, as the log keeps text")
    if beside.torn:
        render.say(f"{render.plural(beside.torn, 'torn piece')} {would}blanked")
    if beside.logs:
        files = render.plural(beside.logs, "file")
        render.say(f"{files} of logs set aside {would}blanked")
    if dry_run and _too_many(found):
        render.say(f"That is {_share(found)}: it wants --yes, and cannot be undone.")
    if not dry_run:
        render.say("Backups still hold it, and so does whatever it was read from.")
