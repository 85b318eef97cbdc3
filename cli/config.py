"""`lokictl config`: each setting, its value and where the value came from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

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
    values = msgspec.to_builtins(loaded.settings)
    rules = [
        {**rule, "origin": origin}
        for rule, origin in zip(values["rules"], loaded.rule_origins, strict=True)
    ]
    if as_json:
        settings = [
            {"name": name, "value": value, "origin": loaded.origins[name]}
            for name, value in values.items()
        ]
        refused = list(loaded.refused)
        render.emit(
            {"schema": 1, "settings": settings, "rules": rules, "refused": refused}
        )
        return
    rows = [
        [
            Cell(name),
            Cell(str(value)),
            _origin(render.clean(loaded.origins[name])),
        ]
        for name, value in values.items()
        if name != "rules"
    ]
    render.say_all(tabulate(("setting", "value", "from"), rows))
    if rules:
        render.say()
        render.say_all(tabulate(("rule", "does", "from"), _rules(rules)))
    if loaded.refused:
        render.say()
        render.say("Refused, from the workspace's own .loki/lokid.toml:")
        for line in loaded.refused:
            render.say(f"  {render.clean(line)}")


def _rules(rules: Sequence[Mapping[str, Any]]) -> list[list[Cell]]:
    return [
        [
            Cell(render.clean(rule["match"])),
            Cell("ignore" if rule["ignore"] else f"family {rule['family']}"),
            _origin(render.clean(rule["origin"])),
        ]
        for rule in rules
    ]


def _origin(origin: str) -> Cell:
    return Cell(origin, None if origin == "default" else "cyan")
