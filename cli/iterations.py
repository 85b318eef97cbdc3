"""`lokictl iterations`: each iteration, how it ended and what failed in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from cli import render
from cli.options import command, deadline_option, workspace
from cli.table import Cell, tabulate
from lokid import clock
from lokid.projection import Answer

SHOWN = 20
"""Iterations shown without ``--all`` and ``--limit``."""
_HOUR, _MINUTE = 3600, 60


@command(
    "iterations",
    examples=(
        "lokictl iterations",
        "lokictl iterations --limit 5",
        "lokictl iterations --all --json | jq '.iterations | length'",
    ),
)
@click.option("--all", "show_all", is_flag=True, help="All there are.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most N.")
@deadline_option
def iterations(
    *, show_all: bool, limit: int | None, deadline: int | None, as_json: bool
) -> None:
    """Show the iterations, newest first.

    How each ended, how long it took and what failed in it.
    """
    from cli.ask import queries, query

    place = workspace()
    if as_json:
        answer = query(place, "iterations", {}, deadline)
        render.emit({**answer, "iterations": answer["iterations"][:limit]})
        return
    answer, causes = queries(place, ("iterations", "lessons"), deadline)
    total = len(answer["iterations"])
    if limit or not show_all:
        answer["iterations"] = answer["iterations"][: limit or SHOWN]
    if answer["iterations"]:
        show(answer, {row["lesson"]: row["error_type"] for row in causes["lessons"]})
        more = total - len(answer["iterations"])
        if more:
            render.say(f"(+{more} more: lokictl iterations --all)")
    else:
        render.nothing("no iterations recorded in this workspace yet", place)
    render.note_freshness(answer)


def show(answer: Answer, names: Mapping[str, str]) -> None:
    """Print the iterations of an answer as a table; ``names`` of the lessons."""
    now = clock.now()
    rows = [
        [
            Cell(render.ago(row["started"] or row["ended"], now)),
            Cell(render.run(row)),
            Cell(render.iteration(row)),
            Cell(render.clean(row["phase"] or "-")),
            Cell(_status(row), _colour(row)),
            Cell(_took(row)),
            Cell(", ".join(_named(one, names) for one in row["failures"])),
        ]
        for row in answer["iterations"]
    ]
    titles = ("when", "run", "iter", "phase", "ended", "took", "failures")
    render.say_all(tabulate(titles, rows))


def _named(lesson: str, names: Mapping[str, str]) -> str:
    return render.clean(f"{names.get(lesson, '')} ({lesson})")


def _status(row: Mapping[str, Any]) -> str:
    status = render.clean(row["status"] or "unfinished")
    code = row["exit_code"]
    return f"{status} ({code})" if code else status


def _colour(row: Mapping[str, Any]) -> str | None:
    code = row["exit_code"]
    if code is None:
        return "yellow"
    return "green" if code == 0 else "red"


def _took(row: Mapping[str, Any]) -> str:
    if not row["started"] or not row["ended"]:
        return "-"
    seconds = int(clock.to_seconds(row["ended"]) - clock.to_seconds(row["started"]))
    if seconds >= _HOUR:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    if seconds >= _MINUTE:
        return f"{seconds // _MINUTE} min"
    return f"{max(0, seconds)} s"
