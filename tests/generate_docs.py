"""Write the pages of docs/ that say what the code says: events, sources, settings, commands.

``make docs`` writes them; ``tests/test_docs.py`` fails when one is out of date.
Nothing here knows a single event, source, setting or command by name.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import click
import msgspec

from lokid import config, events
from lokid.source import Source
from lokid.sources import SOURCES

DOCS = Path(__file__).parent.parent / "docs"
GENERATED = "<!-- Written by `make docs`; change the code, not this page. -->\n"


def pages() -> dict[str, str]:
    """Each generated page by its file name."""
    return {
        "events.md": events_page(),
        "sources.md": sources_page(),
        "settings.md": settings_page(),
        "commands.md": commands_page(),
    }


# -- events --------------------------------------------------------------------


def events_page() -> str:
    """Every event with its meaning and fields, in the order of events.py."""
    parts = [GENERATED, "# Events\n", _EVENTS_INTRODUCTION, _kinds()]
    section = ""
    for heading, event in _in_sections():
        if heading != section:
            section = heading
            parts.append(f"## {heading[0].upper()}{heading[1:]}\n")
        parts.append(_event(event))
    parts.append("## Parts of events\n")
    parts += [
        f"### {part.__name__}\n\n{_document(part)}\n\n{_fields(part)}"
        for part in _nested(events.EVENTS)
    ]
    return "\n".join(parts)


_EVENTS_INTRODUCTION = """\
Every fact that lokid records, from [`lokid/events.py`](../lokid/events.py). An
event is past tense and never changed; a line of the log is an envelope around one
event ([`lokid/log/__init__.py`](../lokid/log/__init__.py) is the byte format).
A field with a default is left out of the line when it holds the default. `null`
means not known: what the harness did not say is not guessed.
"""


def _kinds() -> str:
    meanings = re.findall(
        r'^    [A-Z]+ = "(\w+)"  # (.+)$', inspect.getsource(events.Text), re.MULTILINE
    )
    rows = "".join(f"| {name} | {meaning} |\n" for name, meaning in meanings)
    head = "Every text field says what it may hold:\n\n| kind | holds |\n|---|---|\n"
    return head + rows


def _in_sections() -> Iterator[tuple[str, type[events.Event]]]:
    """Each event with the heading that stands over it in the source."""
    section = ""
    for line in inspect.getsource(events).splitlines():
        if heading := re.match(r"# -- (.+?) -+$", line):
            section = heading[1]
        elif found := re.match(r"class (\w+)\(Event,", line):
            yield section, getattr(events, found[1])


def _event(event: type[events.Event]) -> str:
    version = f" (version {event.VERSION})" if event.VERSION > 1 else ""
    return f"### `{event.TYPE}`{version}\n\n{_document(event)}\n\n{_fields(event)}"


def _document(thing: object) -> str:
    """A docstring as Markdown: one paragraph a line, double backticks single."""
    return (inspect.getdoc(thing) or "").replace("``", "`")


def _fields(struct: type[msgspec.Struct]) -> str:
    rows = [
        f"| `{field.name}` | {_type(field.type)} | {_default(field)} |"
        for field in _struct_fields(struct)
    ]
    if not rows:
        return "No fields.\n"
    return "\n".join(["| field | holds | default |", "|---|---|---|", *rows]) + "\n"


class _Field(typing.NamedTuple):
    name: str
    type: Any
    default: object


def _struct_fields(struct: type[msgspec.Struct]) -> list[_Field]:
    hints = typing.get_type_hints(struct, include_extras=True)
    return [
        _Field(field.encode_name, hints[field.name], _value(field))
        for field in msgspec.structs.fields(struct)
    ]


def _value(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _default(field: _Field) -> str:
    if field.default is msgspec.NODEFAULT:
        return "required"
    return f"`{msgspec.json.encode(field.default).decode()}`"


def _type(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return next((m.value for m in arguments if isinstance(m, events.Text)), "text")
    if origin in (types.UnionType, typing.Union):
        return ", ".join(_type(one) for one in arguments if one is not type(None))
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"map of {_type(arguments[0])} to {_type(arguments[1])}"
    plain = {int: "integer", float: "number", bool: "true or false"}
    return plain.get(hint) or f"[{hint.__name__}](#{hint.__name__.lower()})"


def _nested(roots: tuple[type[msgspec.Struct], ...]) -> list[type[msgspec.Struct]]:
    """The structs that stand in fields of events, once each, in order."""
    found: list[type[msgspec.Struct]] = []
    for root in roots:
        for field in _struct_fields(root):
            for part in _leaves(field.type):
                if issubclass(part, msgspec.Struct) and part not in found:
                    found.append(part)
    return found


def _leaves(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    for argument in typing.get_args(hint):
        yield from _leaves(argument)


# -- sources -------------------------------------------------------------------


def sources_page() -> str:
    """Every source with its files, in the order of the scan."""
    parts = [GENERATED, "# Sources\n", _SOURCES_INTRODUCTION]
    for source in SOURCES:
        module = inspect.getmodule(_reader(source))
        files = ", ".join(f"`{glob}`" for glob in source.globs)
        parts.append(
            f"## `{source.name}`\n\n{files} ({source.mode.value})\n\n"
            f"{_document(module)}\n"
        )
    return "\n".join(parts)


_SOURCES_INTRODUCTION = """\
Every file that lokid reads, below `.loki`, in the order of the scan: effects before
causes, so that nothing seen lacks its cause. `*` and `?` match within one folder's
name. The mode in brackets says how such a file changes, hence how it is read again
([`lokid/source.py`](../lokid/source.py)). Nothing else is opened.
"""


def _reader(source: Source) -> Callable[..., Any]:
    readers = (
        source.read_document,
        source.read_line,
        source.read_text,
        source.read_chunk,
        source.read_state,
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
        "| {name} | `{default}` | {bounds} | {workspace} | {meaning} |".format(
            name=f"`{field.name}`",
            default=msgspec.json.encode(field.default).decode(),
            bounds=_bounds(field.type),
            workspace="yes" if field.name in config.WORKSPACE_MAY_SET else "no",
            meaning=comments[field.name],
        )
        for field in _struct_fields(config.Settings)
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
exit code 2; only `context` and a running daemon go on without a broken workspace
file, so that the agent that wrote it cannot silence the memory.

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
    context = click.Context(command, info_name=path, max_content_width=80)
    text = textwrap.dedent(context.get_help()).rstrip()
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    for file_name, page in pages().items():
        (DOCS / file_name).write_text(page, encoding="utf-8")
        print(f"wrote docs/{file_name}")  # noqa: T201  the tool's only output
