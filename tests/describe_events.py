"""The page of docs/ on events, from the classes and comments of events.py."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from lokid import events


def events_page() -> str:
    """Every event with its meaning and fields, in the order of events.py."""
    parts = ["# Events\n", _EVENTS_INTRODUCTION, _kinds()]
    section = ""
    for heading, event in _in_sections():
        if heading != section:
            section = heading
            parts.append(f"## {heading[0].upper()}{heading[1:]}\n")
        parts.append(_event(event))
    parts.append("## Parts of events\n")
    parts += [
        f"### {part.__name__}\n\n{document(part)}\n\n{_fields(part)}"
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
    return f"### `{event.TYPE}`{version}\n\n{document(event)}\n\n{_fields(event)}"


def document(thing: object) -> str:
    """A docstring as Markdown: one paragraph a line, double backticks single."""
    return (inspect.getdoc(thing) or "").replace("``", "`")


def _fields(struct: type[msgspec.Struct]) -> str:
    rows = [
        f"| `{field.name}` | {_type(field.type)} | {_default(field)} |"
        for field in struct_fields(struct)
    ]
    if not rows:
        return "No fields.\n"
    return "\n".join(["| field | holds | default |", "|---|---|---|", *rows]) + "\n"


class Field(typing.NamedTuple):
    """A field as it is written; its default is NODEFAULT when it has none."""

    name: str
    type: Any
    default: object


def struct_fields(struct: type[msgspec.Struct]) -> list[Field]:
    """Give the fields of a struct with their annotations and defaults."""
    hints = typing.get_type_hints(struct, include_extras=True)
    return [
        Field(field.encode_name, hints[field.name], _value(field))
        for field in msgspec.structs.fields(struct)
    ]


def _value(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _default(field: Field) -> str:
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
        for field in struct_fields(root):
            for part in _leaves(field.type):
                if issubclass(part, msgspec.Struct) and part not in found:
                    found.append(part)
    return found


def _leaves(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    for argument in typing.get_args(hint):
        yield from _leaves(argument)
