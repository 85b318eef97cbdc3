"""`lokictl config`: each setting, its value and where the value came from.

A daemon that runs says itself what it goes on without: a file that is broken,
and the few keys that it takes only at its start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from cli import render
from cli.options import command, noun, workspace
from cli.table import Cell, tabulate
from lokid.client import Client
from lokid.config import load_settings
from lokid.errors import LokidError
from lokid.paths import Workspace

LOOK_MS = 500
"""How long a daemon may take to say what it goes on without."""


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
    place = workspace()
    loaded = load_settings(place.loki, os.environ, lenient=True)
    running = _running(place)
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
        told = {"schema": 1, "settings": settings, "rules": rules, "refused": refused}
        render.emit({**told, "daemon": running})
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
    for line in kept(running or {}):
        render.say()
        render.say(line)


def _running(place: Workspace) -> Mapping[str, Any] | None:
    """What a running daemon says of its settings."""
    try:
        told = Client(place).get("status", {}, LOOK_MS)
    except LokidError:
        return None
    found: Mapping[str, Any] | None = told.get("settings")
    return found


def kept(told: Mapping[str, Any]) -> list[str]:
    """What a daemon goes on with though a file says otherwise, a line each."""
    lines = []
    if told.get("problem"):
        problem = render.clean(told["problem"])
        lines.append(f"The daemon keeps the last good settings: {problem}")
    if told.get("restart"):
        names = render.clean(", ".join(told["restart"]))
        lines.append(f"The daemon takes these only when it is started again: {names}")
    return lines


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
