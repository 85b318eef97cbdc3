"""`lokictl check`: one line before a matching action, else nothing.

For a hook before a tool is used.  It speaks only where this very command (or a
tool's use of this file) failed here before, and where nothing has shown since
that it works; never twice in one agent session.
"""

from __future__ import annotations

import click

from cli.options import command
from cli.quiet import Quiet, answer


@command(
    "check",
    kind=Quiet,
    examples=(
        "lokictl check --command 'npm install left-pad'",
        "lokictl check --tool Edit --file src/auth.py --session 4f1c",
        "lokictl check --json --command 'pytest tests/test_auth.py -q'",
    ),
)
@click.option("--command", metavar="CMD", help="The shell's line about to be run.")
@click.option("--tool", metavar="NAME", help="The tool about to be used, as Edit.")
@click.option("--file", metavar="FILE", help="The file that it is used on.")
@click.option(
    "--session", metavar="ID", help="The agent's session; else the iteration."
)
@click.option("--iteration", metavar="N", type=int, help="The iteration; else known.")
@click.option(
    "--phase", metavar="P", help="REASON, ACT, REFLECT or VERIFY; breaks ties."
)
@click.option(
    "--deadline",
    metavar="MS",
    type=click.IntRange(min=1),
    help="Answer within so many milliseconds (50).",
)
@click.option("--now", metavar="TIME", help="Answer as of this moment, for a replay.")
def check(  # noqa: PLR0913  what may be known of an action
    *,
    command: str | None,
    tool: str | None,
    file: str | None,
    session: str | None,
    iteration: int | None,
    phase: str | None,
    deadline: int | None,
    now: str | None,
    as_json: bool,
) -> None:
    """Say what failed before at what is about to be done.

    At most one line, most often none: what failed when this command was run
    here, how often, and what worked then.  Asks the daemon alone, and ends with
    0 in any case.
    """
    given = {
        "command": command,
        "tool": tool,
        "file": file,
        "session": session,
        "iteration": None if iteration is None else str(iteration),
        "phase": phase,
        "now": now,
    }
    answer("check", given, deadline, as_json=as_json)
