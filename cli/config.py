"""`lokictl config`: each setting, its value and where the value came from."""

from __future__ import annotations

import os

import click
import msgspec

from cli import render
from cli.options import command, noun, workspace
from cli.table import Cell, tabulate
from lokid.config import load_settings


@noun("config", examples=("lokictl config", "LOKID_MAX_BYTES=900 lokictl config show"))
@click.pass_context
def config(ctx: click.Context, *, as_json: bool) -> None:
    """Show each setting, its value and where that came from."""
    if not ctx.invoked_subcommand:
        _show(as_json=as_json)


@command("show", examples=("lokictl config show", "lokictl config show --json"))
def show(*, as_json: bool) -> None:
    """Show each setting, its value and where that came from.

    What a workspace's own file tried to set and may not is listed as refused.
    """
    _show(as_json=as_json)


config.add_command(show)


def _show(*, as_json: bool) -> None:
    loaded = load_settings(workspace().loki, os.environ, lenient=True)
    values = msgspec.structs.asdict(loaded.settings)
    if as_json:
        settings = [
            {"name": name, "value": value, "origin": loaded.origins[name]}
            for name, value in values.items()
        ]
        render.emit(
            {"schema": 1, "settings": settings, "refused": list(loaded.refused)}
        )
        return
    rows = [
        [
            Cell(name),
            Cell(str(value)),
            _origin(render.clean(loaded.origins[name])),
        ]
        for name, value in values.items()
    ]
    render.say_all(tabulate(("setting", "value", "from"), rows))
    if loaded.refused:
        render.say()
        render.say("Refused, from the workspace's own .loki/lokid.toml:")
        for line in loaded.refused:
            render.say(f"  {render.clean(line)}")


def _origin(origin: str) -> Cell:
    return Cell(origin, None if origin == "default" else "cyan")
