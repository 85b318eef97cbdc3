"""`lokictl context`: what the next prompt should know.

Prints the block, or nothing when there is nothing to say.  It stands in the
harness's way to its provider, so it ends with 0 whatever happens (2 for options
that do not exist; with ``--strict`` as every other command does).  Why an
answer may lack something goes to standard error.
"""

from __future__ import annotations

import os
import sys

import click

from cli import render
from cli.as_of import as_of_option, note_past, query_as_of
from cli.options import command, memory_is_on, workspace
from lokid.config import Settings, load_settings
from lokid.errors import SettingsError, UsageError, in_words
from lokid.paths import Workspace
from lokid.projection import Answer

_SILENCE = {
    "schema": 1,
    "as_of_seq": 0,
    "stale": False,
    "reason": "knob off",
    "text": "",
    "lines": [],
    "left_out": 0,
    "bytes": 0,
}
"""What programs get with ``LOKI_FAILURE_MEMORY=0``; the hot path says the same."""


@command(
    "context",
    examples=(
        "lokictl context",
        'lokictl context --goal "add roles" --phase ACT --iteration 12',
        "lokictl context --json --deadline 5000",
        "lokictl context --as-of 2026-01-31T12:00:00Z",
        "lokictl context --diff 1200 1350",
    ),
)
@click.option("--goal", metavar="TEXT", help="What the iteration is about; ranks.")
@click.option("--phase", metavar="P", help="REASON, ACT, REFLECT or VERIFY; ranks.")
@click.option("--iteration", metavar="N", type=int, help="The next iteration.")
@click.option("--strict", is_flag=True, help="End with an error's own exit code.")
@click.option("--mark", is_flag=True, help="Add a line that says which log position.")
@click.option("--no-managed", is_flag=True, help="Leave managed memory out.")
@click.option(
    "--deadline",
    metavar="MS",
    type=click.IntRange(min=1),
    help="Answer within so many milliseconds (150; 1000 without a daemon).",
)
@click.option("--now", metavar="TIME", help="Answer as of this moment, for a replay.")
@as_of_option
@click.option(
    "--diff",
    metavar="A B",
    nargs=2,
    help="How the block of one seq or time differs from that of another.",
)
def context(  # noqa: PLR0913  the options of design section 7
    *,
    goal: str | None,
    phase: str | None,
    iteration: int | None,
    strict: bool,
    mark: bool,
    no_managed: bool,
    deadline: int | None,
    now: str | None,
    as_of: str | None,
    diff: tuple[str, str] | None,
    as_json: bool,
) -> None:
    """Print what the next prompt should know.

    The block, or nothing: up to three recent failures, three lessons of other
    runs and, when the council's last word was no, its reasons.  Ends with 0 in
    any case, so that it can stand in front of every prompt; with --as-of or
    --diff it is a question like any other.
    """
    if diff:
        from cli.context_diff import show_diff

        show_diff(workspace(), diff, goal, as_json=as_json)
        return
    given = {
        "goal": goal,
        "phase": phase,
        "iteration": None if iteration is None else str(iteration),
        "mark": "1" if mark else None,
        "managed": "0" if no_managed else None,
        "now": now,
        "record": None if now else "1",
    }
    params = {name: value for name, value in given.items() if value is not None}
    if as_of:
        answer = query_as_of(workspace(), "context", params, as_of)
        _print(answer, as_json=as_json)
        return
    if not memory_is_on():
        if as_json:
            render.emit(_SILENCE)
        return
    try:
        answer = _answer(workspace(), params, deadline)
    except UsageError as error:
        if strict or not isinstance(error, SettingsError):
            raise
        render.note(f"lokictl: {render.clean(error.message)}")
    except Exception as error:
        if strict:
            raise
        render.note(f"lokictl: no context: {render.clean(in_words(error))}")
    else:
        _deliver(answer, as_json=as_json, strict=strict)


def _deliver(answer: Answer, *, as_json: bool, strict: bool) -> None:
    """Print it whole; output that cannot be written is no error of the loop's."""
    try:
        _print(answer, as_json=as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if strict:
            raise
        render.give_up_output()
        render.note(f"lokictl: cannot write the block: {error.strerror}")


def _answer(place: Workspace, params: dict[str, str], deadline: int | None) -> Answer:
    from cli.ask import ask

    settings = _settings(place)
    with_daemon = deadline or settings.context_deadline_ms
    without = deadline or settings.embedded_deadline_ms
    return ask(
        place,
        lambda client, limit: client.get("context", params, limit),
        lambda own, done: own.query("context", params, done),
        settings=settings,
        deadline=with_daemon,
        embedded_deadline=without,
    )


def _settings(place: Workspace) -> Settings:
    """The settings; a bad value must not silence the memory, so it is only said."""
    try:
        return load_settings(place.loki, os.environ, lenient=True).settings
    except SettingsError as error:
        render.note(f"lokictl: {render.clean(error.message)}; the defaults stand")
        return Settings()


def _print(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        render.emit(answer)
        return
    for line in str(answer["text"]).rstrip("\n").split("\n"):
        if line:
            render.say(line)
    render.note_freshness(answer)
    note_past(answer)
