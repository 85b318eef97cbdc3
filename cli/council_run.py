"""`lokictl council run` and `lokictl review run`: what a harness calls.

They end with 0 where the council approved, with 1 where it rejected, and with 4
for everything else: off, no daemon, a failure, too few verdicts, a spent budget.
Then the harness decides in its own way.  2 is kept for what was typed wrongly.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli import render
from cli.council_question import completion_question, review_question
from cli.options import command, workspace
from lokid import flags
from lokid.errors import LokidError, UsageError

if TYPE_CHECKING:
    from lokid.client import Client

Body = TypeVar("Body", bound=Callable[..., Any])

APPROVED, REJECTED, UNDECIDED = 0, 1, 4
_CODES = {"approved": APPROVED, "rejected": REJECTED}
_LONGEST = 3600


def _budget(default: int) -> Callable[[Body], Body]:
    return click.option(
        "--budget",
        metavar="SECONDS",
        type=click.FloatRange(1, _LONGEST),
        help=f"How long it may take in all; else {default}.",
    )


@command(
    "run",
    examples=(
        "lokictl council run --iteration 7",
        "lokictl council run --iteration 7 --question done.md --budget 60",
    ),
)
@click.option(
    "--iteration",
    metavar="N",
    type=click.IntRange(min=0),
    envvar="LOKI_ITERATION_COUNT",
    required=True,
    help="Which one is judged; else LOKI_ITERATION_COUNT.",
)
@click.option(
    "--question",
    metavar="FILE",
    type=click.Path(allow_dash=True, dir_okay=False),
    help="What is asked (- is standard input); else the changes, what failed, and "
    "the tasks.",
)
@_budget(180)
def council_run(
    *, iteration: int, question: str | None, budget: float | None, as_json: bool
) -> int:
    """Ask a council of managed agents whether the work is done.

    Ends with 0: approved, 1: rejected, 4: undecided, whatever the reason.
    """
    place = workspace()
    text = _read(question) if question else completion_question(place, iteration)
    asked = {"task": text, "number": iteration, "budget": budget}
    return _held("completion", flags.COUNCIL, asked, as_json=as_json)


@command(
    "run",
    examples=("lokictl review run", "lokictl review run --diff change.patch --json"),
)
@click.option(
    "--diff",
    metavar="FILE",
    type=click.Path(allow_dash=True, dir_okay=False),
    help="What is reviewed (- is standard input); else what is not committed.",
)
@click.option(
    "--review-id",
    metavar="ID",
    help="The folder of its files below .loki/quality/reviews; else of this second.",
)
@_budget(300)
def review_run(
    *, diff: str | None, review_id: str | None, budget: float | None, as_json: bool
) -> int:
    """Have a council of managed agents review a change.

    Ends with 0: approved, 1: rejected, 4: undecided, whatever the reason.
    """
    place = workspace()
    text = review_question(place, _read(diff) if diff else None)
    iteration = os.environ.get("LOKI_ITERATION_COUNT") or "0"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    ident = review_id or f"review-{stamp}-{iteration}"
    asked = {"task": text, "ident": ident, "budget": budget}
    return _held("review", flags.REVIEW, asked, as_json=as_json)


def _read(file: str) -> str:
    try:
        with click.open_file(file, encoding="utf-8", errors="replace") as opened:
            return str(opened.read())
    except OSError as error:
        message = f"{render.clean(file)} cannot be read: {error.strerror}"
        raise UsageError(message) from error


def _held(kind: str, flag: str, asked: dict[str, Any], *, as_json: bool) -> int:
    from lokid.client import Client

    client = Client(workspace())
    if _is_on(flag):
        render.note(f"lokictl: {flags.PREVIEW}")
    try:
        _augment(client, kind, asked)
        told = _asked(client, kind, flag, asked)
    except UsageError as error:
        if not error.message.startswith("disabled"):
            raise
        told = _none(kind, "is_enabled_false", error.message)
    except LokidError as error:
        told = _none(kind, "unreachable", error.message)
    if as_json:
        render.emit(told)
    else:
        _show(told)
    return _CODES.get(told["outcome"], UNDECIDED)


def _asked(
    client: Client, kind: str, flag: str, asked: dict[str, Any]
) -> dict[str, Any]:
    if not _is_on(flag):
        return _none(kind, "is_enabled_false", f"{flag} is not on")
    if not asked["task"]:
        return _none(kind, "no_change", "there is no change to review")
    return client.managed(kind, asked)


def _augment(client: Client, kind: str, asked: dict[str, Any]) -> None:
    """Where the council itself is off, its own prompt may be augmented all the same."""
    if kind == "completion" and _is_on(flags.MEMORY) and not _is_on(flags.COUNCIL):
        client.managed("augment", {"task": asked["task"]})


def _is_on(flag: str) -> bool:
    return flags.is_on(os.environ, flag)


def _none(kind: str, reason: str, detail: str) -> dict[str, Any]:
    from lokid.managed import verdicts

    return verdicts.undecided(kind, reason, detail)


def _show(told: dict[str, Any]) -> None:
    if told["outcome"] is None:
        render.say(render.clean(f"undecided: {told['reason']}: {told['detail']}"))
        return
    render.say(told["outcome"])
    for one in told["voters"]:
        words = f"  {one['role']:<22} {one['said']:<16} {one['reason']}"
        render.say(render.clean(words))
    render.say(render.clean(f"written: .loki/{told['written']}"))
