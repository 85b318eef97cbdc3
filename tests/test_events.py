"""The vocabulary itself: closed, past tense, every text field held to a kind."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest

from lokid import events
from lokid.events import EVENT_TYPES, EVENTS, Event, Fact, Recorded, Src, Text

every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)


def strings(hint: Any, kind: Text | None = None) -> Iterator[Text | None]:
    """Give the kind of each string in a type hint; None where it has no kind."""
    if hint is str:
        yield kind
        return
    if typing.get_origin(hint) is Annotated:
        inner, *marks = typing.get_args(hint)
        own = next((mark for mark in marks if isinstance(mark, Text)), kind)
        yield from strings(inner, own)
        return
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        for part in typing.get_type_hints(hint, include_extras=True).values():
            if typing.get_origin(part) is not typing.ClassVar:
                yield from strings(part)
        return
    for argument in typing.get_args(hint):
        yield from strings(argument, kind)


@every_event
def test_every_string_of_every_event_has_a_kind(event: type[Event]) -> None:
    """A string field without a Text kind would pass the redaction untouched."""
    assert [] == [kind for kind in strings(event) if kind is None]


def test_a_string_without_a_kind_is_seen() -> None:
    """The test above fails for a bare string, also deep inside a field."""

    class Part(msgspec.Struct):
        word: str

    assert [None] == list(strings(Part))
    assert [Text.TOKEN, None] == list(strings(dict[events.Token, tuple[Part, ...]]))


@every_event
def test_types_are_noun_dot_past(event: type[Event]) -> None:
    """A type is lower case, a noun, a dot and a past participle."""
    irregular = {"found", "split"}
    noun, _, verb = event.TYPE.partition(".")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)?", noun)
    assert verb.split("_")[-1] in irregular or verb.endswith("ed")


@every_event
def test_class_names_say_the_type(event: type[Event]) -> None:
    """RunStarted is run.started: one name per thing."""
    words = re.findall(r"[A-Z][a-z]*", event.__name__)
    assert event.TYPE.replace(".", "_") == "_".join(words).lower()


def test_types_are_unique_and_all_listed() -> None:
    """Each event class of the module stands in EVENTS once, under its own type."""
    classes = [
        thing
        for thing in vars(events).values()
        if isinstance(thing, type) and issubclass(thing, Event) and thing.TYPE
    ]
    assert classes == list(EVENTS)
    assert len(EVENTS) == len(EVENT_TYPES)


@every_event
def test_events_cannot_be_changed(event: type[Event]) -> None:
    """A fact is frozen, and says its fields by name."""
    config = event.__struct_config__
    assert (True, True) == (config.frozen, config.omit_defaults)
    keywords = inspect.signature(event).parameters.values()
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in keywords)


@every_event
def test_events_survive_the_journey(event: type[Event]) -> None:
    """Encoding and decoding the least event of each type gives it back."""
    one = event(**least(event))
    assert one == msgspec.json.decode(msgspec.json.encode(one), type=event)


def least(kind: Any) -> dict[str, Any]:
    """Give a value for each required field."""
    fields = msgspec.structs.fields(kind)
    return {field.name: sample(field.type) for field in fields if field.required}


def sample(hint: Any) -> object:
    """Give any value of a required field's type."""
    origin = typing.get_origin(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint(**least(hint))
    if origin is Annotated:
        return sample(typing.get_args(hint)[0])
    if origin in (types.UnionType, typing.Union):
        return sample(typing.get_args(hint)[0])
    if origin is tuple:
        return (sample(typing.get_args(hint)[0]),)
    return {int: 3, float: 0.5, bool: True, str: "word"}[hint]


def test_the_least_fact_says_nothing_of_its_source() -> None:
    """A fact without a source has an empty src, not a guessed one."""
    fact = Fact(event=events.RunStarted(), identity=("run", 1))
    assert b"{}" == msgspec.json.encode(fact.src)
    assert Src() == fact.src


def test_an_unknown_type_is_kept_without_an_event() -> None:
    """A line of a newer writer decodes to a record whose event is None."""
    recorded = Recorded(
        seq=1, id="0", time="", at="", type="moon.landed", event=None, src=Src()
    )
    assert recorded.type not in EVENT_TYPES
    assert recorded.event is None
