"""Every command explains itself, with examples that exist."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from cli import daemon
from cli.main import main
from cli.options import SECTIONS, Exemplified

SILENT = {"demo", "mcp"}
"""Commands that show something but answer nothing."""


def commands(
    group: click.Group, path: tuple[str, ...] = ("lokictl",)
) -> Iterator[tuple[tuple[str, ...], Exemplified]]:
    """Every command with its path, below and with the top."""
    assert isinstance(group, Exemplified)
    yield path, group
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from commands(one, (*path, name))
        else:
            assert isinstance(one, Exemplified)
            yield (*path, name), one


EVERY = [*commands(main), (("lokid",), daemon.foreground)]
each_command = pytest.mark.parametrize(
    ("path", "command"),
    EVERY,
    ids=lambda one: one[-1] if isinstance(one, tuple) else "",
)


@each_command
def test_help_ends_with_examples(path: tuple[str, ...], command: Exemplified) -> None:
    """Each example is there, and is about this command."""
    text = command.get_help(click.Context(command, info_name=" ".join(path)))
    _, _, shown = text.partition("\nExamples:\n")
    assert [f"  {line}" for line in command.examples] == shown.splitlines()
    assert command.examples


@each_command
def test_examples_parse(path: tuple[str, ...], command: Exemplified) -> None:
    """Each example's command and options exist."""
    del path
    for line in command.examples:
        first = line.replace("&&", "|").partition("|")[0]
        words = [w for w in shlex.split(first, comments=True) if "=" not in w]
        assert words[0] in {"lokictl", "lokid"}
        top = main if words[0] == "lokictl" else daemon.foreground
        _parse(top, words[1:])


def _parse(top: click.Command, words: list[str]) -> None:
    """Parse as click does; a path need not exist."""
    for parameter in top.params:
        if isinstance(parameter.type, click.Path):
            parameter.type.exists = False
    context = top.make_context(top.name, list(words), resilient_parsing=False)
    rest = [*context._protected_args, *context.args]  # noqa: SLF001  where click keeps them
    if isinstance(top, click.Group) and rest:
        found = top.get_command(context, rest[0])
        assert found, rest
        _parse(found, rest[1:])


@each_command
def test_every_command_takes_the_common_options(
    path: tuple[str, ...], command: Exemplified
) -> None:
    """-h and -C everywhere, --json wherever there is an answer."""
    taken = {name for one in command.params for name in one.opts}
    assert {"-C", "--workspace"} <= taken
    assert command.get_help_option_names(
        click.Context(command, **command.context_settings)
    ) >= ["-h"]
    answers = path not in {("lokictl",), ("lokid",)} and path[-1] not in SILENT
    assert answers == ("--json" in taken)


def test_the_overview_names_every_command_once() -> None:
    """Each command stands in one section."""
    listed = [name for _, names in SECTIONS for name in names]
    assert sorted(main.commands) == sorted(listed)
