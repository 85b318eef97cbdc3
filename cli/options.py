"""What every command has in common: the workspace, ``--json``, its examples.

A command is declared with `command`, which takes its examples (``--help`` ends
with them, and a test says that each command has some) and gives it ``-h``,
``-C/--workspace`` and, unless it answers nothing, ``--json``.

``-C`` may stand before or after the command's name; the later one wins.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from lokid import where
from lokid.paths import Workspace, find_workspace

Body = TypeVar("Body", bound=Callable[..., Any])

_WORKSPACE = "lokid.workspace"
HELP_NAMES = {"help_option_names": ["-h", "--help"]}

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What failed", ("context", "failures", "lessons", "council", "iterations")),
    ("Why it says so", ("explain",)),
    ("In the midst of work", ("check", "fix")),
    ("Lessons", ("resolve", "reopen", "mute", "merge", "split")),
    ("The log", ("events", "log", "verify", "import")),
    ("The daemon", ("up", "down", "status", "doctor", "config")),
    ("Managed memory", ("managed", "review", "mcp")),
    ("Try it", ("demo", "simulate", "replay")),
)
"""How ``lokictl --help`` orders the commands; one in no section comes last."""


class Exemplified(click.Command):
    """A command whose help ends with examples."""

    examples: tuple[str, ...] = ()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, one command line each."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for line in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Noun(Exemplified, click.Group):
    """A command that does something by itself and has commands below it."""


class Top(Noun):
    """The top of `lokictl`: commands in sections, aliases."""

    aliases: Mapping[str, str] = {}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Look a command up by its name or its alias."""
        return super().get_command(ctx, self.aliases.get(cmd_name, cmd_name))

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the commands section by section."""
        left = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        for title, names in (*SECTIONS, ("Commands", tuple(left))):
            found = [(name, left.pop(name, None)) for name in names]
            rows = [(name, made.get_short_help_str(60)) for name, made in found if made]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


Made = TypeVar("Made", bound=Exemplified)


def command(
    name: str,
    *,
    examples: tuple[str, ...],
    answers: bool = True,
    kind: type[Exemplified] = Exemplified,
) -> Callable[[Callable[..., Any]], Exemplified]:
    """Declare a command; with ``answers`` it takes ``--json`` (``as_json``)."""
    return _declare(kind, name, examples, answers=answers)


def noun(
    name: str, *, examples: tuple[str, ...]
) -> Callable[[Callable[..., Any]], Noun]:
    """Declare a command that answers by itself and has commands below it."""
    return _declare(Noun, name, examples, answers=True, invoke_without_command=True)


def _declare(
    kind: type[Made],
    name: str,
    examples: tuple[str, ...],
    *,
    answers: bool,
    **more: object,
) -> Callable[[Callable[..., Any]], Made]:
    def declare(body: Callable[..., Any]) -> Made:
        if answers:
            body = click.option(
                "--json",
                "as_json",
                is_flag=True,
                help="Print JSON for programs instead of text.",
            )(body)
        described = workspace_option(body)
        common = 2 if answers else 1
        made = click.command(name, cls=kind, context_settings=HELP_NAMES, **more)(
            described
        )
        made.params = made.params[common:] + made.params[:common]  # its own first
        made.examples = examples
        return made

    return declare


def workspace_option(body: Body) -> Body:
    """Give a command ``-C/--workspace``; `workspace` reads it."""
    return click.option(
        "-C",
        "--workspace",
        "_workspace",
        metavar="DIR",
        expose_value=False,
        type=click.Path(exists=True, file_okay=False),
        callback=_remember_workspace,
        help="The workspace; else LOKI_TARGET_DIR, else the nearest parent "
        "with a .loki, else the current directory.",
    )(body)


def deadline_option(body: Body) -> Body:
    """Give a command ``--deadline``, in milliseconds."""
    return click.option(
        "--deadline",
        metavar="MS",
        type=click.IntRange(min=1),
        help="Answer within so many milliseconds, and say so when that is too "
        "soon to have read all; without it, wait.",
    )(body)


def _remember_workspace(
    ctx: click.Context, _parameter: click.Parameter, value: str | None
) -> None:
    if value is not None:
        ctx.meta[_WORKSPACE] = value


def chosen_workspace() -> Workspace | None:
    """The workspace named with ``-C``, if one was."""
    named = _WORKSPACE in click.get_current_context().meta
    return workspace() if named else None


def workspace() -> Workspace:
    """The workspace that the current command was asked about."""
    option = click.get_current_context().meta.get(_WORKSPACE)
    return find_workspace(option, os.environ)


def unchecked_workspace() -> Workspace:
    """The same, for whoever says what is wrong with its state directory."""
    option = click.get_current_context().meta.get(_WORKSPACE)
    root = where.workspace_root(option, os.environ)
    return Workspace(
        root=Path(root),
        state=Path(where.state_dir(root, os.environ)),
        id=where.workspace_id(root),
    )


def memory_is_on() -> bool:
    """Whether ``LOKI_FAILURE_MEMORY`` lets us capture and deliver (0: no)."""
    return os.environ.get("LOKI_FAILURE_MEMORY") != "0"
