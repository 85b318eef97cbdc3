"""What ``check`` and ``fix`` share: they stand in the way of an agent's action.

So they end with 0 whatever happens (a hook that ends with 2 blocks the action),
say nothing where nobody knows anything, and never wait for more than a moment.
Without a daemon they are silent too.  ``cli/hot.py`` answers them without click;
what comes here is what it does not know, and the answers are the same.

An option that does not exist is complained of on standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import click

from cli import hot, render, wire
from cli.options import Exemplified, memory_is_on, workspace
from lokid.errors import LokidError, in_words

_SILENCE = {
    "schema": 1,
    "as_of_seq": 0,
    "stale": True,
    "reason": "",
    "text": "",
    "head": None,
    "lessons": [],
    "bytes": 0,
}


class Quiet(Exemplified):
    """A command that ends with 0 whatever happens."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  as click has it
    ) -> click.Context:
        """Read the options; a wrong one is said, and is no error."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            render.note(f"lokictl: {render.clean(error.format_message())}")
            raise click.exceptions.Exit(0) from error

    def invoke(self, ctx: click.Context) -> None:
        """Answer; whatever goes wrong, the action goes on."""
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except (click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  the action must not fail of it
            render.give_up_output()
            render.note(f"lokictl: {render.clean(in_words(error))}")


def answer(
    name: str, given: Mapping[str, str | None], deadline: int | None, *, as_json: bool
) -> None:
    """Ask the daemon and print what it says: a line or, most often, nothing."""
    if not memory_is_on():
        _print({**_SILENCE, "stale": False, "reason": "knob off"}, as_json=as_json)
        return
    params = {key: _cut(key, value) for key, value in given.items() if value}
    if "file" in params:
        params["file"] = hot.inside(params["file"], str(workspace().root), os.environ)
    if "now" not in params:
        params["record"] = "1"
    try:
        told = _asked(name, params, deadline or hot.DEADLINES_MS[name])
    except (LokidError, OSError, ValueError):
        told = {**_SILENCE, "reason": hot.NO_DAEMON.decode()}
    _print(told, as_json=as_json)


def _asked(name: str, params: Mapping[str, str], deadline: int) -> dict[str, Any]:
    from lokid.client import Client

    return Client(workspace()).get(name, params, deadline)


def _cut(key: str, text: str) -> str:
    """A text as the hot path would send it: of an error the end, else the head."""
    if key == "error":
        told = wire.tail_of(os.fsencode(text), hot.ERROR_BYTES)
    else:
        told = wire.head_of(text, hot.GOAL_BYTES)
    return unquote_to_bytes(told).decode("utf-8", "replace")


def _print(told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        render.emit(dict(told))
    elif told["text"]:
        render.say(str(told["text"]))
