"""`lokictl simulate`: write a `.loki` tree the way the harness does."""

from __future__ import annotations

from pathlib import Path

import click

from cli import render
from cli.options import command
from lokid.errors import UsageError

PACE = 2.0
"""Seconds an iteration takes with ``--live``."""


@command(
    "simulate",
    examples=(
        "lokictl simulate --into /tmp/shop",
        "lokictl simulate history.jsonl --into /tmp/shop --harness 7 --telemetry off",
        "lokictl simulate --into /tmp/shop --live --pace 5",
    ),
)
@click.argument(
    "history",
    required=False,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    "--into",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The workspace to write; it must not have a .loki yet.",
)
@click.option(
    "--harness",
    type=click.Choice(("7", "9")),
    default="9",
    show_default=True,
    help="Which version's files to write.",
)
@click.option(
    "--telemetry",
    type=click.Choice(("on", "off")),
    default="on",
    show_default=True,
    help="Whether that harness writes crash files.",
)
@click.option(
    "--zone",
    metavar="ZONE",
    default="UTC",
    show_default=True,
    help="The time zone of its machine, say CET or PST.",
)
@click.option("--live", is_flag=True, help="Take time, and write the present's times.")
@click.option(
    "--pace",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=PACE,
    show_default=True,
    help="How long an iteration takes with --live.",
)
@click.option("--plant", is_flag=True, help="Put a secret into every string field.")
@click.option("--torn", is_flag=True, help="Let readers see half a file now and then.")
def simulate(  # noqa: PLR0913  a harness has many sides
    *,
    history: Path | None,
    into: Path,
    harness: str,
    telemetry: str,
    zone: str,
    live: bool,
    pace: float,
    plant: bool,
    torn: bool,
    as_json: bool,
) -> None:
    """Write a .loki tree as the harness would.

    HISTORY is a file of JSON lines, one an iteration ("-" reads them from
    standard input); without it, the story of lokictl demo is played.
    """
    from cli import simulator
    from cli.simulator import Options

    if (into / ".loki").exists():
        message = f"{into} has a .loki already; it may be a real one"
        raise UsageError(message, "choose a folder without one: --into DIR")
    options = Options(
        harness=9 if harness == "9" else 7,
        telemetry=telemetry == "on",
        zone=zone,
        plant=plant,
        torn=torn,
        times="present" if live else "history",
    )
    source = Path("/dev/stdin") if history == Path("-") else history
    story = list(simulator.read_history(source) if source else simulator.demo_history())
    if not story:
        message = f"there is no iteration in {history}"
        raise UsageError(message, "one JSON object a line; docs/simulator.md tells")
    into.mkdir(parents=True, exist_ok=True)
    simulator.simulate(story, into, options, live=pace if live else None)
    runs = len({item.run for item in story})
    if as_json:
        told = {"schema": 1, "into": str(into), "harness": options.version}
        render.emit({**told, "runs": runs, "iterations": len(story)})
        return
    iterations = render.plural(len(story), "iteration")
    wrote = f"{iterations} in {render.plural(runs, 'run')}"
    where = render.clean(into)
    render.say(f"wrote {wrote}, as harness {options.version} does, into {where}/.loki")
    render.say(f"look at it with: lokictl -C {where} failures")
