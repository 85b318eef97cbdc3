"""`lokictl log backup` and `restore`: a copy of the log elsewhere, and the way back.

A card beside the copy (``workspace.json``) says of which workspace it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from cli import render
from cli.options import command, workspace
from lokid import clock
from lokid.errors import WriterExists
from lokid.paths import CARD, Workspace

if TYPE_CHECKING:
    from lokid.log import VerifyReport

DAMAGED = 3


class Card(msgspec.Struct, frozen=True):
    """Whose log a backup holds."""

    root: str
    id: str


@command("backup", examples=("lokictl log backup ~/lokid-backup",))
@click.argument("directory", type=click.Path(path_type=Path))
def backup(*, directory: Path, as_json: bool) -> int:
    """Copy the log into DIRECTORY, also while a daemon writes.

    A damaged log is copied as it is; the command then ends with 3.
    """
    from lokid import atomic
    from lokid.log.backup import copy

    place, target = workspace(), directory.absolute()
    report = copy(place.log, target)
    card = msgspec.json.encode(Card(str(place.root), place.id))
    atomic.write_file(target / CARD, [card + b"\n"])
    if as_json:
        told = {"schema": 1, "directory": str(target)}
        last = {"last_seq": report.last_seq, "ok": not report.damaged}
        render.emit({**told, "events": report.events, **last})
    else:
        held = f"{render.plural(report.events, 'event')}, {render.size(report.bytes)}"
        render.say(f"copied: {held}, up to seq {report.last_seq}")
        if report.damaged:
            render.say(f"the copy has the log's {_places(report)}")
    return DAMAGED if report.damaged else 0


@command(
    "restore",
    examples=(
        "lokictl log restore ~/lokid-backup",
        "lokictl log restore ~/lokid-backup --damaged",
    ),
)
@click.argument("directory", type=click.Path(exists=True, path_type=Path))
@click.option("--damaged", is_flag=True, help="Take a damaged copy as it is.")
def restore(*, directory: Path, damaged: bool, as_json: bool) -> int:
    """Put a copy made with log backup in the log's place.

    The log that lies there is set aside beside it, never deleted.  What the
    harness wrote since then is read again where its files still exist.  A damaged
    copy is refused without --damaged, and ends with 3 with it.
    """
    from lokid import keeping
    from lokid.log.backup import ASIDE
    from lokid.log.backup import restore as put_back

    place, source = workspace(), directory.absolute()
    place.create()
    now = clock.now()
    try:
        report = put_back(
            place.log, source, now, lambda: keeping.forget(place), damaged=damaged
        )
    except WriterExists as held:
        raise WriterExists(held.message, "stop it first: lokictl down") from held
    aside = place.log.with_name(ASIDE + now.replace(":", ""))
    other = _another(source, place)
    if as_json:
        told = {"schema": 1, "events": report.events, "last_seq": report.last_seq}
        rest = {"ok": not report.damaged, "of_workspace": other}
        render.emit({**told, "set_aside": str(aside), **rest})
    else:
        events = render.plural(report.events, "event")
        render.say(f"restored: {events}, up to seq {report.last_seq}")
        render.say(f"the log before lies in {render.clean(aside)}")
        if report.damaged:
            render.say(f"it has the copy's {_places(report)}: lokictl log verify")
    if other is not None:
        whose = f"this is a backup of another workspace, {render.clean(other)}"
        render.note(f"lokictl: {whose}, not of {render.clean(place.root)}")
    return DAMAGED if report.damaged else 0


def _places(report: VerifyReport) -> str:
    return render.plural(len(report.problems), "damaged place")


def _another(source: Path, place: Workspace) -> str | None:
    """Which other workspace a backup says it is of; None where it does not say."""
    try:
        card = msgspec.json.decode((source / CARD).read_bytes(), type=Card)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return None
    return card.root if card.id != place.id else None
