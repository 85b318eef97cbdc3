"""Write the pages of docs/ that only say what the code says.

``make docs`` writes them; ``tests/test_docs.py`` fails when one is out of date.
Nothing here knows a single event, source, setting or command by name.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from describe_dependencies import dependencies_page
from describe_events import document, events_page, struct_fields
from lokid import config
from lokid.reload import AT_START
from lokid.source import Source
from lokid.sources import SOURCES

DOCS = Path(__file__).parent.parent / "docs"
GENERATED = "<!-- Written by `make docs`; change the code, not this page. -->\n"


def pages() -> dict[str, str]:
    """Each generated page by its file name."""
    return {
        "events.md": GENERATED + "\n" + events_page(),
        "sources.md": sources_page(),
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "dependencies.md": GENERATED + "\n" + dependencies_page(),
    }


# -- sources -------------------------------------------------------------------


def sources_page() -> str:
    """Every source with its files, in the order of the scan, then their readers."""
    rows, readers = [], {}
    for source in SOURCES:
        module = inspect.getmodule(_reader(source))
        name = module.__name__.rsplit(".", 1)[-1] if module else ""
        files = "<br>".join(f"`{glob}`" for glob in source.globs)
        apart = ", ".join(f"`{name}`" for name in source.apart)
        files += f"<br>but {apart}" if apart else ""
        link = f"[{name}](#{name})"
        rows.append(f"| `{source.name}` | {files} | {source.mode.value} | {link} |")
        readers[name] = document(module)
    head = ["| source | files | mode | reader |", "|---|---|---|---|"]
    parts = [GENERATED, "# Sources\n", _SOURCES_INTRODUCTION, *head, *rows]
    parts += [f"\n## {name}\n\n{text}" for name, text in readers.items()]
    return "\n".join(parts) + "\n"


_SOURCES_INTRODUCTION = """\
Every file that lokid reads, below `.loki`, in the order of the scan: effects before
causes, so that nothing seen lacks its cause. `*` and `?` match within one folder's
name. The mode says how such a file changes, hence how it is read again
([`lokid/source.py`](../lokid/source.py)). Nothing else is opened.
"""


def _reader(source: Source) -> Callable[..., Any]:
    readers = (
        source.read_document,
        source.read_line,
        source.read_text,
        source.read_chunk,
        source.read_state,
        source.read_rows,
    )
    return next(reader for reader in readers if reader is not None)


# -- settings ------------------------------------------------------------------


def settings_page() -> str:
    """Every setting with its default, its bounds and who may set it."""
    comments = dict(
        re.findall(
            r"^    (\w+): .*?  # (.+)$",
            inspect.getsource(config.Settings),
            re.MULTILINE,
        )
    )
    rows = [
        "| {name} | `{default}` | {bounds} | {workspace} | {meaning}{start} |".format(
            name=f"`{field.name}`",
            default=msgspec.json.encode(field.default).decode(),
            bounds=_bounds(field.type),
            workspace="yes" if field.name in config.WORKSPACE_MAY_SET else "no",
            meaning=comments[field.name],
            start=" (at start)" if field.name in AT_START else "",
        )
        for field in struct_fields(config.Settings)
    ]
    head = [
        "| setting | default | from, to | workspace | is |",
        "|---|---|---|---|---|",
    ]
    return "\n".join(
        [GENERATED, "# Settings\n", _SETTINGS_INTRODUCTION, *head, *rows, ""]
    )


_SETTINGS_INTRODUCTION = """\
Later wins: the default, `~/.config/lokid/config.toml` (under `XDG_CONFIG_HOME`
where it is set), the workspace's `.loki/lokid.toml`, the environment variable
`LOKID_` and the name in capitals, flags. In a file, one line is one setting:
`max_bytes = 1200`.

The workspace's file is written by whoever writes the workspace, the agent
included. It may set only what the column *workspace* allows, and never more than
the user's own value. `lokictl config show` prints each value with its origin and
what was refused. A bad value ends with one line that names the file and the key,
exit code 2; only `context`, `status`, `config` and a daemon go on without a broken
workspace file, so that the agent that wrote it cannot silence the memory.

A file that changes while a daemon runs counts from its next answer on; a broken one
changes nothing, and `lokictl status` names it. What a daemon takes only at its start
is marked so; `lokictl config show` names what waits for the next one.

These are no settings but variables of the environment, since no file may change
where things lie: `LOKID_STATE_DIR` (the state directory), `LOKI_TARGET_DIR` (the
workspace, as the harness has it), `LOKI_FAILURE_MEMORY=0` (off; see
[harness](harness.md)).
"""


def _bounds(hint: Any) -> str:
    for meta in typing.get_args(hint):
        if isinstance(meta, msgspec.Meta):
            low = f"{meta.ge}" if meta.ge is not None else f"over {meta.gt}"
            return f"{low}, {meta.le}"
    return ""


# -- commands ------------------------------------------------------------------


def commands_page() -> str:
    """The help of every command, as `lokictl COMMAND --help` prints it."""
    from cli.main import main

    parts = [GENERATED, "# Commands\n", _help("lokictl", main)]
    for name in main.list_commands(click.Context(main)):
        command = main.get_command(click.Context(main), name)
        if command is not None and not command.hidden:
            parts.extend(_with_children(f"lokictl {name}", command))
    return "\n".join(parts)


def _with_children(path: str, command: click.Command) -> Iterator[str]:
    yield f"## `{path}`\n\n{_help(path, command)}"
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _with_children(f"{path} {name}", child)


def _help(path: str, command: click.Command) -> str:
    context = click.Context(
        command,
        info_name=path,
        terminal_width=80,
        help_option_names=["-h", "--help"],
    )
    text = textwrap.dedent(context.get_help()).rstrip()
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    for file_name, page in pages().items():
        (DOCS / file_name).write_text(page, encoding="utf-8")
        print(f"wrote docs/{file_name}")  # noqa: T201  the tool's only output
