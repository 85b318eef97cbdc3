"""`lokictl review`: reviews by managed agents."""

from __future__ import annotations

import click

from cli import render
from cli.council_run import review_run
from cli.options import noun


@noun("review", examples=("lokictl review run",))
@click.pass_context
def review(ctx: click.Context, *, as_json: bool) -> None:  # noqa: ARG001  every command's
    """Have a change reviewed by managed agents (off by default)."""
    if not ctx.invoked_subcommand:
        render.say(ctx.get_help())


review.add_command(review_run)
