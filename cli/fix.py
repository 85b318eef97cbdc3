"""`lokictl fix`: right after a failure, what worked the last time; else nothing.

For a hook after a tool has failed.  The failure is known again by its error
text or, where none is given, by its command, if only one thing ever went wrong
with that.
"""

from __future__ import annotations

import sys

import click

from cli.options import command
from cli.quiet import Quiet, answer


@command(
    "fix",
    kind=Quiet,
    examples=(
        "lokictl fix --command 'npm ci' --error 'npm error code ERESOLVE'",
        "lokictl fix --command 'npm ci' --error -  # the error on standard input",
        "lokictl fix --json --command 'yq .name a.yml' --exit-code 127",
    ),
)
@click.option("--command", metavar="CMD", help="The shell's line that failed.")
@click.option("--error", metavar="TEXT", help="What it printed; - reads it.")
@click.option("--exit-code", metavar="N", type=int, help="How it ended.")
@click.option(
    "--session", metavar="ID", help="The agent's session; else the iteration."
)
@click.option("--iteration", metavar="N", type=int, help="The iteration; else known.")
@click.option(
    "--deadline",
    metavar="MS",
    type=click.IntRange(min=1),
    help="Answer within so many milliseconds (50).",
)
@click.option("--now", metavar="TIME", help="Answer as of this moment, for a replay.")
def fix(  # noqa: PLR0913  what may be known of a failure
    *,
    command: str | None,
    error: str | None,
    exit_code: int | None,
    session: str | None,
    iteration: int | None,
    deadline: int | None,
    now: str | None,
    as_json: bool,
) -> None:
    """Say what worked the last time that this failed.

    At most one line, most often none.  Asks the daemon alone, and ends with 0 in
    any case.
    """
    given = {
        "command": command,
        "error": _read() if error == "-" else error,
        "exit_code": None if exit_code is None else str(exit_code),
        "session": session,
        "iteration": None if iteration is None else str(iteration),
        "now": now,
    }
    answer("fix", given, deadline, as_json=as_json)


def _read() -> str:
    """Standard input as text, whatever its bytes are."""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
