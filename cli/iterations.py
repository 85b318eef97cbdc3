"""`lokictl iterations`: each iteration, how it ended and what failed in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from cli import render
from cli.as_of import as_of_option, note_past, now_of, query_as_of
from cli.options import command, deadline_option, workspace
from cli.table import Cell, tabulate
from lokid import clock
from lokid.paths import Workspace
from lokid.projection import Answer

SHOWN = 20
"""Iterations shown without ``--all`` and ``--limit``."""
_HOUR, _MINUTE = 3600, 60


@command(
    "iterations",
    examples=(
        "lokictl iterations",
        "lokictl iterations --limit 5",
        "lokictl iterations --as-of 2026-01-31T12:00:00Z",
        "lokictl iterations --all --json | jq '.iterations | length'",
    ),
)
@click.option("--all", "show_all", is_flag=True, help="All there are.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most N.")
@as_of_option
@deadline_option
def iterations(
    *,
    show_all: bool,
    limit: int | None,
    as_of: str | None,
    deadline: int | None,
    as_json: bool,
) -> None:
    """Show the iterations, newest first.

    How each ended, how long it took and what failed in it.
    """
    place = workspace()
    if as_json:
        (answer,) = _answers(place, ("iterations",), as_of, deadline)
        render.emit({**answer, "iterations": answer["iterations"][:limit]})
        return
    answer, causes = _answers(place, ("iterations", "lessons"), as_of, deadline)
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
    note_past(answer)


def _answers(
    place: Workspace, names: Sequence[str], as_of: str | None, deadline: int | None
) -> list[Answer]:
    from cli.ask import queries

    if as_of:
        return [query_as_of(place, name, {}, as_of) for name in names]
    return queries(place, names, deadline)


def show(answer: Answer, names: Mapping[str, str]) -> None:
    """Print the iterations of an answer as a table; ``names`` of the lessons."""
    now = now_of(answer)
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
