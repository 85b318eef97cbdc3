"""`lokictl lessons`: what keeps going wrong, across runs."""

from __future__ import annotations

import click

from cli import render
from cli.options import command, deadline_option, workspace
from cli.table import Cell, tabulate
from lokid import clock
from lokid.projection import Answer

STATE_STYLES = {
    "new": "yellow",
    "ongoing": "red",
    "regressed": "red",
    "resolved": "green",
}


@command(
    "lessons",
    examples=(
        "lokictl lessons",
        "lokictl anti-patterns",
        "lokictl lessons --json | jq '.lessons[] | select(.count > 2)'",
    ),
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most N.")
@deadline_option
def lessons(*, limit: int | None, deadline: int | None, as_json: bool) -> None:
    """Show what keeps going wrong, across runs.

    A lesson is the running record of one cause: how often it was seen, in how
    many runs, and whether it is still there.  Alias: anti-patterns.
    """
    from cli.ask import query

    place = workspace()
    params = {"limit": str(limit)} if limit else {}
    answer = query(place, "lessons", params, deadline)
    if as_json:
        render.emit(answer)
        return
    if answer["lessons"]:
        show(answer)
    else:
        render.nothing("no lessons in this workspace yet", place)
    render.note_freshness(answer)


def show(answer: Answer, *, width: int | None = None) -> None:
    """Print the lessons of an answer as a table."""
    now = clock.now()
    rows = [
        [
            Cell(row["lesson"]),
            Cell(render.clean(row["state"]), STATE_STYLES.get(row["state"])),
            Cell(f"{row['count']}x"),
            Cell(str(row["runs"])),
            Cell(render.ago(row["last_seen"], now)),
            Cell(render.clean(row["error_type"])),
            Cell(render.clean(row["message"])),
        ]
        for row in answer["lessons"]
    ]
    titles = ("lesson", "state", "seen", "runs", "last", "error", "message")
    render.say_all(tabulate(titles, rows, width=width))
