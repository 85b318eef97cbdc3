"""`lokictl failures`: what went wrong, newest first."""

from __future__ import annotations

import click

from cli import render
from cli.as_of import as_of_option, note_past, now_of, query_as_of
from cli.options import command, deadline_option, workspace
from cli.table import Cell, tabulate
from lokid.projection import Answer

KINDS = (
    *("interrupted", "empty_output", "crash", "provider", "exit", "friction", "gate"),
    "command",
)
SHOWN = 20
"""Failures shown without ``--all`` and ``--limit``."""


@command(
    "failures",
    examples=(
        "lokictl failures",
        "lokictl failures --kind crash --limit 5",
        "lokictl failures --as-of 2026-01-31T12:00:00Z",
        "lokictl failures --all --json | jq -r '.failures[].error_line'",
    ),
)
@click.option("--all", "show_all", is_flag=True, help="All there are.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most N.")
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice(KINDS),
    help="Only one kind: " + ", ".join(KINDS) + ".",
)
@as_of_option
@deadline_option
def failures(  # noqa: PLR0913  one argument an option
    *,
    show_all: bool,
    limit: int | None,
    kind: str | None,
    as_of: str | None,
    deadline: int | None,
    as_json: bool,
) -> None:
    """Show what went wrong, newest first.

    One failing iteration is one failure, however many files tell of it; gates
    that turned red and friction have lines of their own.  A command that failed
    without failing its iteration is shown by --kind command only.
    """
    from cli.ask import query

    place = workspace()
    params: dict[str, str] = {}
    if kind:
        params["kind"] = kind
    if show_all:
        params["all"] = "1"
    if limit or not show_all:
        params["limit"] = str(limit or SHOWN)
    answer = (
        query_as_of(place, "failures", params, as_of)
        if as_of
        else query(place, "failures", params, deadline)
    )
    if as_json:
        render.emit(answer)
        return
    rows, older = answer["failures"], answer.get("compacted") or 0
    if rows:
        show(answer)
        more = int(answer.get("total", len(rows))) - len(rows)
        if more > 0:
            render.say(f"(+{more} more: lokictl failures --all)")
    elif not older:
        what = f"no failures of kind {kind}" if kind else "no failures"
        render.nothing(f"{what} recorded in this workspace yet", place)
    if older:
        render.say(_compacted(older, also=bool(rows)))
    render.note_freshness(answer)
    note_past(answer)


def _compacted(older: int, *, also: bool) -> str:
    """Where the failures are whose facts were compacted."""
    those, they = (
        ("one", "it is in its lesson")
        if older == 1
        else ("ones", "they are in their lessons")
    )
    if also:
        return f"({older:,} older {those}: {they}, lokictl lessons)"
    return f"{render.plural(older, 'failure')}, all compacted: {they}, lokictl lessons"


def show(answer: Answer, *, width: int | None = None) -> None:
    """Print the failures of an answer as a table."""
    now = now_of(answer)
    rows = [
        [
            Cell(render.ago(row["time"], now)),
            Cell(render.iteration(row)),
            Cell(row["kind"], render.KIND_STYLES.get(row["kind"])),
            Cell(render.clean(row["error_type"])),
            Cell(render.clean(_told(row))),
        ]
        for row in answer["failures"]
    ]
    titles = ("when", "iter", "kind", "error", "message")
    render.say_all(tabulate(titles, rows, width=width))


def _told(row: Answer) -> str:
    """The message; behind a red code review the worst that its reviewers found."""
    worst = next(iter(row.get("findings", ())), None)
    if worst is None:
        return str(row["message"])
    where = f" ({worst['file']})" if worst["file"] else ""
    return f"{row['message']}; {worst['severity']}: {worst['text']}{where}"
