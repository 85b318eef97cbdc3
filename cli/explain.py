"""`lokictl explain`: what stands behind a line, a lesson, an event."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from cli import dossier, render, table
from cli.as_of import as_of_option, note_past, now_of, query_as_of
from cli.options import Exemplified, command, deadline_option, workspace
from cli.page import WIDEST, Page, Row
from cli.table import Cell
from lokid.config import load_settings
from lokid.errors import UsageError
from lokid.paths import Workspace
from lokid.projection import Answer


class Pasted(Exemplified):
    """A command whose arguments may be pasted lines, which begin with a dash."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take a line's bullet for what it is, not for an option."""
        return super().parse_args(ctx, [_without_bullet(text) for text in args])


def _without_bullet(text: str) -> str:
    return text.lstrip()[2:] if text.lstrip().startswith("- ") else text


@command(
    "explain",
    examples=(
        "lokictl explain Lb75b0b78",
        'lokictl explain "- exit 127: jq: command not found"',
        "lokictl explain \"$(lokictl check --command 'npm test')\"",
        "lokictl explain 1204",
        'lokictl explain --mark "$mark"   # the last line of: lokictl context --mark',
        "lokictl explain L4f3a --json | jq '.lessons[].keys'",
    ),
    kind=Pasted,
)
@click.argument("about", metavar="[LESSON|SEQ|LINE]", nargs=-1)
@click.option("--mark", metavar="MARK", help="All lines of a block, by its mark.")
@click.option("--all", "show_all", is_flag=True, help="Every sighting and event.")
@as_of_option
@deadline_option
def explain(  # noqa: PLR0913  each is an option of the command
    *,
    about: tuple[str, ...],
    mark: str | None,
    show_all: bool,
    as_of: str | None,
    deadline: int | None,
    as_json: bool,
) -> None:
    """Show what stands behind a line, a lesson or an event.

    Which values made it one lesson, every time it was met and the files that
    say so, its state and its fix with their evidence, what people said of it,
    how often an agent was told, and what a line of it is worth now.  Paste any
    line of context, check or fix, or name a lesson or a position of the log.
    For a line of check or fix: also what its command did each time it was run.
    """
    from cli.ask import query

    place = workspace()
    text = " ".join(about)
    if not text and not mark:
        hint = "name a lesson or a seq, or paste a line (check is silent most often)"
        raise UsageError("nothing to explain", hint)
    params = {"about": text} | ({"mark": mark} if mark else {})
    answer = (
        query_as_of(place, "explain", params, as_of)
        if as_of
        else query(place, "explain", params, deadline)
    )
    look_up(place, answer)
    name_files(place, answer)
    if as_json:
        render.emit(answer)
        return
    show(answer, now_of(answer), whole=show_all)
    render.note_freshness(answer)
    note_past(answer)


def look_up(place: Workspace, answer: Answer) -> None:
    """Say of each event whether the file that told it is still there.

    ``exists`` is None where the log names no file, or not by its own name.
    """
    known: dict[str, bool] = {}
    for row in _event_rows(answer):
        path = row["source"]
        if path is None or "~" in path:
            row["exists"] = None
            continue
        if path not in known:
            known[path] = (place.loki / path).is_file()
        row["exists"] = known[path]


def name_files(place: Workspace, answer: Answer) -> None:
    """Say of each rule which settings file it stands in; None: in none now."""
    rules = [rule for row in answer["lessons"] for rule in row["keys"]["rules"]]
    if not rules:
        return
    loaded = load_settings(place.loki, os.environ, lenient=True)
    known = {
        (rule.match, rule.family): origin
        for rule, origin in zip(
            reversed(loaded.settings.rules), reversed(loaded.rule_origins), strict=True
        )
    }
    for rule in rules:
        rule["file"] = known.get((rule["match"], rule["family"]))


def _event_rows(part: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  any JSON
    """Every row of an event in an answer, wherever it stands."""
    if isinstance(part, dict):
        if "seq" in part and "source" in part:
            yield part
        for value in part.values():
            yield from _event_rows(value)
    elif isinstance(part, list):
        for value in part:
            yield from _event_rows(value)


def show(answer: Answer, now: str, *, whole: bool) -> None:
    """Print an answer; ``whole``: all rows of every list."""
    page = Page(min(table.terminal_width(), WIDEST), now, whole=whole)
    for line in _lines(answer, page):
        render.say(line)


def _lines(answer: Answer, page: Page) -> Iterable[str]:
    kind, lessons = answer["kind"], answer["lessons"]
    if kind == "block":
        yield from _block(answer["block"], page)
    if kind == "event":
        yield from _event(answer, page)
    if kind == "gates":
        yield from _gates(answer["gates"], page)
    if "fired" in answer:
        yield from _fired(kind, answer["fired"], page)
    if answer.get("rounds") or answer.get("blocks"):
        yield from _council(answer, page)
    for number, lesson in enumerate(lessons):
        if number or kind != "lesson":
            yield ""
        yield from dossier.lesson(lesson, page)
    if answer.get("also"):
        names = ", ".join(answer["also"])
        how = "could also be of" if kind == "lesson" else "also tells of"
        yield ""
        yield from page.text(f"This line {how}: {names}.")


def _fired(kind: str, fired: Row, page: Page) -> Iterable[str]:
    """Why check or fix said something: what the command did."""
    command = render.clean(fired["command"] or "the command")
    failed = render.plural(fired["failed"], "time")
    often = f"it failed {failed} and worked {render.plural(fired['worked'], 'time')}"
    yield from page.text(f"Why {kind} said so: {command}", bold=True)
    yield from page.text(f"  As far as is known {often}.")
    cells = [
        [
            Cell(page.positions(row["events"]).strip("[]")),
            Cell(page.ago(row["time"])),
            Cell(render.run(row)),
            Cell(render.iteration(row)),
            Cell(*_outcome(row)),
            Cell(row["lesson"] or "-"),
            Cell(render.clean(row["command"])),
        ]
        for row in fired["outcomes"][: page.most]
    ]
    titles = ("seq", "when", "run", "iter", "outcome", "lesson", "command")
    yield from table.tabulate(titles, cells, width=page.room)
    yield from page.more(fired["outcomes"])


def _outcome(row: Row) -> tuple[str, str]:
    if row["ok"]:
        return "worked", "green"
    code = "" if row["exit_code"] is None else f", exit {row['exit_code']}"
    return f"failed{code}", "red"


def _event(answer: Answer, page: Page) -> Iterable[str]:
    yield from page.events([answer["event"]])
    if not answer["lessons"] and not answer.get("rounds"):
        yield "No lesson stands on this event."


def _gates(rows: Sequence[Row], page: Page) -> Iterable[str]:
    for row in rows:
        red = row["state"] == "red"
        gate = render.clean(row["gate"])
        often = f", {row['consecutive']} in a row" if red else ""
        passed = f", last passed {page.ago(row['last_passed'])}"
        seqs = page.positions(row["because"])
        text = f"{row['state']}{often}{passed} {seqs}"
        yield from page.text(f"gate {gate}", bold=True)
        yield from page.labelled("state", text.rstrip(), "red" if red else "green")


def _council(answer: Answer, page: Page) -> Iterable[str]:
    for row in answer["rounds"]:
        when = f"{page.ago(row['time'])}, run {render.run(row)}"
        votes = "".join(
            f", {row[side]} {side}"
            for side in ("approve", "reject")
            if row[side] is not None
        )
        yield from page.text(
            f"council: iteration {render.iteration(row)} "
            f"{render.clean(row['outcome'])}{votes}, {when}",
            bold=True,
        )
        for reason in row["reasons"]:
            yield from page.labelled("said", render.clean(reason))
        yield from page.events(row["events"])
    if answer.get("blocks"):
        yield click.style("council: a block stands in its way", bold=True)
        yield from page.events(answer["blocks"])


def _block(row: Row, page: Page) -> Iterable[str]:
    where = f"run {render.run(row)}, iteration {render.iteration(row)}"
    often = f", {row['times']} times" if row["times"] > 1 else ""
    yield from page.text(
        f"A block of {render.size(row['bytes'])}, asked for {page.ago(row['now'])}"
        f"{often}: {where} (#{row['seq']})",
        bold=True,
    )
    for kind, lesson in zip(row["kinds"], row["lines"], strict=False):
        yield f"  {render.clean(kind):<8}  {render.clean(lesson)}"
    left = row["kinds"][len(row["lines"]) :]
    if left:
        yield f"  and {render.plural(len(left), 'line')} of the council"
