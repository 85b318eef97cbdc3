"""`lokictl log compact`: what of the log would go, and let it go."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli import render
from cli.options import command, workspace
from lokid.projection import Answer


@command("compact", examples=("lokictl log compact --dry-run", "lokictl log compact"))
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--plan", is_flag=True, hidden=True, help="Only print a packed plan.")
def compact(*, dry_run: bool, plan: bool, as_json: bool) -> int:
    """Bring a log that passed its bound back below it.

    The oldest runs go; each lesson keeps its record, what people said stays, and
    nothing that still lies in .loki is read again.  A daemon does it by itself.
    The bound: retention_bytes and retention_days (lokictl config show).
    """
    from cli import ask
    from cli.planner import stand_back
    from lokid.retention import limits

    place = workspace()
    if plan:
        stand_back()
        return _give(ask.plan(place))
    told = ask.compact(place, dry_run=dry_run)
    done: Answer | None = told["compaction"]
    if as_json:
        render.emit(told)
        return 0
    most = told["bound"]
    if done is None:
        render.say(_nothing(_held(place.log), most))
    else:
        render.say_all(_words(done, most["bytes"], dry_run=dry_run))
    here = limits(ask.settings_of(place))
    if here != most:
        render.note(f"lokictl: this is the daemon's bound; here it is {_bound(here)}")
    return 0


def _bound(most: Answer) -> str:
    return f"{render.size(most['bytes'])}, and {render.plural(most['days'], 'day')}"


def _nothing(held: int, most: Answer) -> str:
    if held <= most["bytes"]:
        return f"nothing to compact: {render.size(held)} of at most {_bound(most)}"
    return (
        f"nothing can go, though {render.size(held)} is over the bound of "
        f"{_bound(most)}: what is left are summaries, the newest facts, or what lies "
        "behind damage that nobody accepted (lokictl log verify)"
    )


def _give(plan: bytes) -> int:
    """Hand it to the daemon that asked for it."""
    sys.stdout.buffer.write(plan)
    return 0


def _words(plan: Answer, most: int, *, dry_run: bool) -> list[str]:
    went = "would go" if dry_run else "went"
    events = render.plural(plan["events"], "event")
    before, after = render.size(plan["bytes_before"]), render.size(plan["bytes_after"])
    lines = [
        f"{events} {went}, from {plan['first']} to {plan['newest']}",
        f"size       {before} before, {after} after",
        f"lessons    keep their record: {render.plural(plan['summaries'], 'cause')}",
        f"kept       {render.plural(plan['carried'], 'event')} as they are",
        f"not again  {render.plural(plan['ids'], 'fact')} that .loki still tells",
    ]
    if plan["forgotten"]:
        causes = render.plural(plan["forgotten"], "cause")
        lines.append(f"forgotten  {causes}, the oldest: summaries had no more room")
    if plan["bytes_after"] > most:
        over = "still over it: what is left cannot go"
        lines.append(f"bound      {render.size(most)}, {over}")
    if dry_run:
        lines.append("Nothing was changed.")
    return lines


def _held(directory: Path) -> int:
    return sum(one.stat().st_size for one in directory.glob("*.ndjson"))
