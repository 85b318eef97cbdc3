"""`lokictl log` and `lokictl verify`: where the log is, and whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from cli import render
from cli.options import command, noun, workspace
from lokid.projection import Answer

if TYPE_CHECKING:
    from lokid.log import VerifyReport

DAMAGED = 3
RESTORE = "lokictl log restore DIR"
REPAIR = "lokictl log repair"
ACCEPT = "lokictl log repair --accept-loss"


@noun("log", examples=("lokictl log", "lokictl log --json", "lokictl log verify"))
@click.pass_context
def log(ctx: click.Context, *, as_json: bool) -> None:
    """Say where the log lies and how much it holds."""
    from lokid.log import watermark

    if ctx.invoked_subcommand:
        return
    place = workspace()
    held = _summary(place.log)
    gone = watermark.read(place.log) if not held["segments"] else None
    if as_json:
        render.emit(held)
        return
    if gone is not None:
        where = render.clean(place.log)
        render.say(f"the files of the log in {where} are gone: lokictl log verify")
        return
    if not held["segments"]:
        render.say(f"no log yet: it will be in {render.clean(place.log)}")
        return
    render.say(f"directory  {render.clean(place.log)}")
    render.say(f"events     {held['first_seq']} to {held['last_seq']}")
    segments = render.plural(len(held["segments"]), "segment")
    render.say(f"size       {render.size(held['bytes'])} in {segments}")


@command("verify", examples=("lokictl verify", "lokictl verify --json"))
def verify(*, as_json: bool) -> int:
    """Check every line of the log; end with 3 where it is damaged."""
    from lokid.log import verify as check

    place = workspace()
    report = check(place.log)
    if as_json:
        render.emit(_told(report))
    else:
        _show(report, place.log)
    return DAMAGED if report.damaged else 0


log.add_command(verify)


def _told(report: VerifyReport) -> Answer:
    whole = {"schema": 1, "as_of_seq": report.last_seq, "stale": False, "reason": None}
    found: Answer = msgspec.to_builtins(report)
    return {**whole, "ok": not report.damaged, **found}


def _show(report: VerifyReport, directory: Path) -> None:
    if not report.segments and not report.problems:
        render.say(f"no log yet in {render.clean(directory)}")
        return
    render.say(_headline(report))
    for one in report.problems:
        render.say(
            f"  {one.segment} at byte {one.offset}: event {one.seq}: "
            f"{render.clean(one.reason)}{' (accepted)' if one.accepted else ''}"
        )
    if report.unserved:
        behind = render.plural(report.unserved, "intact event")
        render.say(f"  {behind} behind the damage cannot be served")
    if report.damaged:
        render.say(f"The log is in {render.clean(directory)}.")
        render.say_all(_advice(report))
    if report.torn:
        render.say(
            "The last line is incomplete: a write is under way, or a crash tore it; "
            "the next writer sets it aside."
        )
    if report.unknown:
        events = render.plural(report.unknown, "event")
        render.say(f"{events} of a newer lokid: kept, and skipped.")


def _headline(report: VerifyReport) -> str:
    held = f"{render.plural(report.events, 'event')}, {render.size(report.bytes)}"
    if report.damaged:
        places = render.plural(len(report.problems), "place")
        return click.style("damaged", fg="red") + f" in {places}; {held} verify"
    lost = len(report.problems)
    but = f" but for {render.plural(lost, 'accepted loss', 'es')}" if lost else ""
    ok = click.style("ok", fg="green") + but
    return f"{ok}: {held}, seq {report.first_seq} to {report.last_seq}"


def remedy(report: VerifyReport) -> str:
    """The command that helps a damaged log, as it can be typed."""
    if not report.segments:
        return f"{RESTORE}, if you have a backup; else {ACCEPT}"
    return REPAIR if report.unserved else ACCEPT


def _advice(report: VerifyReport) -> list[str]:
    """What to do about damage that nobody accepted, a line each."""
    if not report.segments:
        return [
            "All files of the log are gone. Facts whose files still lie in .loki are",
            "read again by themselves; the rest is in a backup, if there is one.",
            f"{RESTORE} puts a backup in place; {ACCEPT} goes on without.",
        ]
    if report.unserved:
        return [
            (
                "Nothing was changed; what comes before the damage is served, capture "
                "goes on in a new segment. Keep a copy of the log's directory, and of "
                "the disk's own messages, before anything else."
            ),
            f"{REPAIR} then appends the intact events again.",
        ]
    return [
        "What is named cannot be read any more; facts whose files still lie in",
        ".loki are read again by themselves.",
        f"{ACCEPT} accepts it: then it is named, but no problem any more.",
    ]


def _summary(directory: Path) -> Answer:
    from lokid.log.segment import segment_names, segment_seq

    rows = [
        {
            "name": name,
            "first_seq": segment_seq(name),
            "bytes": (directory / name).stat().st_size,
        }
        for name in segment_names(directory)
    ]
    last = _last_seq(directory, str(rows[-1]["name"])) if rows else 0
    return {
        "schema": 1,
        "as_of_seq": last,
        "stale": False,
        "reason": None,
        "directory": str(directory),
        "first_seq": rows[0]["first_seq"] if rows else 0,
        "last_seq": last,
        "bytes": sum(int(str(row["bytes"])) for row in rows),
        "segments": rows,
    }


def _last_seq(directory: Path, name: str) -> int:
    """Seq of the last intact line of the last segment."""
    from lokid import codec
    from lokid.log.segment import pieces, segment_seq

    last = segment_seq(name) - 1
    for _, piece in pieces(directory, name):
        if piece.endswith(b"\n") and codec.intact(piece[:-1]):
            last = codec.head_of(piece).seq
    return last
