"""`lokictl lessons`: what keeps going wrong, across runs."""

from __future__ import annotations

import click

from cli import render
from cli.as_of import as_of_option, note_past, now_of, query_as_of
from cli.options import command, deadline_option, workspace
from cli.table import Cell, tabulate
from lokid.errors import UsageError
from lokid.paths import Workspace
from lokid.projection import Answer

STATE_STYLES = {
    "new": "yellow",
    "ongoing": "red",
    "regressed": "red",
    "resolved": "green",
    "retired": "green",
}
STATES = (*STATE_STYLES, "muted", "ignored", "ineffective")


@command(
    "lessons",
    examples=(
        "lokictl lessons",
        "lokictl lessons --all",
        "lokictl lessons --state regressed",
        "lokictl anti-patterns",
        "lokictl lessons --harness",
        "lokictl lessons --effect",
        "lokictl lessons --as-of 2026-01-31T12:00:00Z",
        "lokictl lessons --json | jq '.lessons[] | select(.count > 2)'",
    ),
)
@click.option("--all", "show_all", is_flag=True, help="Resolved, muted, retired too.")
@click.option(
    "--state",
    metavar="STATE",
    type=click.Choice(STATES),
    help="Only those in one state: " + ", ".join(STATES) + ".",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most N.")
@click.option(
    "--harness", is_flag=True, help="The harness's own patterns, beside our lessons."
)
@click.option(
    "--effect", is_flag=True, help="Whether being told a lesson made it come back less."
)
@as_of_option
@deadline_option
def lessons(  # noqa: PLR0913  three views of one noun
    *,
    show_all: bool,
    state: str | None,
    limit: int | None,
    harness: bool,
    effect: bool,
    as_of: str | None,
    deadline: int | None,
    as_json: bool,
) -> None:
    """Show what keeps going wrong, across runs.

    A lesson is the running record of one cause: how often it was seen, in how
    many runs, and whether it is still there.  What is resolved, muted or retired
    is only counted, unless --all or --state asks for it.  Alias: anti-patterns.

    With --harness: what the harness's own memory holds, and how many of these
    lessons each of its anti-patterns takes for one.

    With --effect: how often a lesson came back in the runs in which it was told,
    and in those in which it was held out.
    """
    from cli.ask import query
    from cli.effect import show_effect

    if harness and effect:
        message = "--harness and --effect are two answers"
        raise UsageError(message, "ask for one of them")

    place = workspace()
    name = "patterns" if harness else "effect" if effect else "lessons"
    params = {"limit": str(limit)} if limit else {}
    if state:
        params["state"] = state
    elif not show_all:
        params["open"] = "1"
    answer = (
        query_as_of(place, name, params, as_of)
        if as_of
        else query(place, name, params, deadline)
    )
    if harness:
        show_patterns(answer, place, as_json=as_json)
        return
    if effect:
        show_effect(answer, place, as_json=as_json)
        return
    if as_json:
        render.emit(answer)
        return
    if answer["lessons"]:
        show(answer)
    elif not answer["hidden"]:
        what = f"no lesson is {state}" if state else "no lessons in this workspace yet"
        render.nothing(what, place)
    if answer["hidden"]:
        render.say(hidden(answer["hidden"]))
    render.note_freshness(answer)
    note_past(answer)


def show(answer: Answer, *, width: int | None = None) -> None:
    """Print the lessons of an answer as a table."""
    now = now_of(answer)
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


def hidden(counts: Answer) -> str:
    """What is not shown, by state, and how to see it."""
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    way = "--all" if set(counts) - {"ignored"} else "--state ignored"
    return f"(+{told}: lokictl lessons {way})"


def show_patterns(answer: Answer, place: Workspace, *, as_json: bool) -> None:
    """Print the harness's own patterns, and what of ours each of them covers."""
    if as_json:
        render.emit(answer)
        return
    now = now_of(answer)
    rows = [
        [
            Cell(render.clean(row["pattern"])),
            Cell(render.clean(row["category"] or "-")),
            Cell(_confidence(row["confidence"])),
            Cell(str(row["episodes"])),
            Cell(render.ago(row["changed"], now)),
            Cell(_covers(row, answer["lessons"])),
        ]
        for row in answer["patterns"]
    ]
    titles = ("pattern", "category", "sure", "episodes", "changed", "covers")
    if rows:
        render.say_all(tabulate(titles, rows))
    else:
        render.nothing("the harness's memory holds no pattern", place)
    render.note_freshness(answer)
    note_past(answer)


def _confidence(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _covers(row: Answer, lessons: int) -> str:
    if not row["avoids"]:
        return "-"
    name = render.clean(row["avoids"])
    return f"{name}: {len(row['lessons'])} of our {render.plural(lessons, 'lesson')}"
