"""`lokictl council`: what the council said, round by round, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from cli import render, table
from cli.as_of import as_of_option, note_past, query_as_of
from cli.council_run import council_run
from cli.options import deadline_option, noun, workspace
from lokid.projection import Answer

OUTCOME_STYLES = {"approved": "green", "rejected": "red", "blocked": "yellow"}
VERDICT_STYLES = {"approve": "green", "reject": "red", "cannot_validate": "yellow"}
_ROLE_COLUMNS = 24


@noun(
    "council",
    examples=(
        "lokictl council",
        "lokictl council run --iteration 7",
        "lokictl council --limit 1",
        "lokictl council --as-of 1200",
        "lokictl council --json | jq '.state'",
    ),
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="N last rounds.")
@as_of_option
@deadline_option
@click.pass_context
def council(
    ctx: click.Context,
    *,
    limit: int | None,
    as_of: str | None,
    deadline: int | None,
    as_json: bool,
) -> None:
    """Show what the council said, newest round first.

    Its last word, what blocks it, and each voter's verdict and reason.
    """
    from cli.ask import query

    if ctx.invoked_subcommand:
        return

    place = workspace()
    answer = (
        query_as_of(place, "council", {}, as_of)
        if as_of
        else query(place, "council", {}, deadline)
    )
    if limit:
        answer["rounds"] = answer["rounds"][-limit:]
    if as_json:
        render.emit(answer)
        return
    if not show(answer):
        render.nothing("no council round in this workspace yet", place)
    render.note_freshness(answer)
    note_past(answer)


def show(answer: Answer, *, width: int | None = None) -> bool:
    """Print state and rounds of an answer; False when there is nothing to print."""
    room = width or table.terminal_width()
    state, rounds = answer["state"], answer["rounds"][::-1]
    said = _state(state)
    for line in said:
        render.say(table.shorten(line, room))
    for number, round_ in enumerate(rounds):
        if said or number:
            render.say()
        _show_round(round_, room)
    return bool(said or rounds)


def _state(state: Mapping[str, Any]) -> list[str]:
    lines = []
    if state["blocked_by"]:
        blocks = ", ".join(render.clean(block) for block in state["blocked_by"])
        lines.append(f"Blocked by: {blocks}.")
    if state["no_change_streak"]:
        turns = render.plural(int(state["no_change_streak"]), "iteration")
        lines.append(f"Nothing changed for {turns}.")
    return lines


def _verdict(row: Mapping[str, Any]) -> str:
    outcome = render.clean(row["outcome"])
    styled = click.style(outcome, fg=OUTCOME_STYLES.get(outcome), bold=True)
    votes = [
        f"{row[side]} {side}"
        for side in ("approve", "reject")
        if row.get(side) is not None
    ]
    if row.get("threshold") is not None:
        votes.append(f"{row['threshold']} needed")
    where = f"{styled} in iteration {render.iteration(row)}, run {render.run(row)}"
    return where + (f": {', '.join(votes)}" if votes else "")


def _show_round(round_: Mapping[str, Any], room: int) -> None:
    render.say(_verdict(round_))
    for voter in round_["voters"]:
        verdict = render.clean(voter["verdict"])
        role = render.clean(voter["role"])
        styled = click.style(verdict, fg=VERDICT_STYLES.get(verdict))
        render.say(f"  {role:<{_ROLE_COLUMNS}}  {styled}")
        for part in table.wrapped(render.clean(voter["reason"] or ""), room - 6):
            render.say(f"      {part}")


council.add_command(council_run)
