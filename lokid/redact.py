"""The privacy guard: nothing is appended that has not passed it.

`guard` walks every string of an event by the kind its type says (`Text`) and
returns an event in which each one holds to its kind:

======= ====================================================================
LINE    one scrubbed line (`line`, in ``scrub.py``)
TOKEN   ``[A-Za-z0-9_.:-]``, at most 64, no secret shape, no address
SYMBOL  a function's name, at most 80, no path, address or secret shape
PATH    relative, plain names, a file's name last; never an owner/repo pair
COMMAND a command's head, at most 80, each word harmless (``head_words.py``)
TIME    the fixed width of ``clock.py``
DIGEST  lower-case hex
======= ====================================================================

What cannot be made clean becomes None where that is allowed, is dropped from
lists and maps, and is else the word ``redacted``.  Its law is
``guard(guard(e)) == guard(e)``.  It is an allow-list: a field whose type names
no kind of text cannot hold a string.
"""

from __future__ import annotations

import functools
import itertools
import math
import os
import re
import types
import typing
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Annotated, Any, TypeVar

import msgspec

from lokid.events import Event, Src, Text
from lokid.head_words import head
from lokid.names import relative_path, symbol, token
from lokid.scrub import REDACTED, holds_private, line

__all__ = [
    "guard",
    "line",
    "place_of",
    "relative_path",
    "source_path",
    "symbol",
    "token",
]

LONGEST_LIST = 32
"""Items of a list in an event: the longest of them must fit a line of the log."""
LONGEST_MAP = 200
_NAMES = 1 << 13  # file names that are remembered: each is looked at often
_WORDS = 1 << 12  # short texts of each kind that are remembered: few come again
_MOST = 2**53  # what every reader of JSON can hold

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_DIGEST = re.compile(r"[0-9a-f]{4,128}")
_SOURCE_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,200}")
_SHORT = 200  # characters of what is worth remembering
_MASKED = re.compile(r"~[0-9a-f]{8}")


def source_path(text: str) -> str:
    """Where a fact was read, relative to ``.loki``.

    Plain names stay, any other is masked as ``~`` and 8 hex digits of its hash.
    """
    return "/".join(map(_source_name, text.split("/")))


def place_of(src: Src) -> Src:
    """Where a fact was read, its path masked and its digests held to be some."""
    return msgspec.structs.replace(
        src,
        path=None if src.path is None else source_path(src.path),
        sha256=_digest(src.sha256),
        generation=_digest(src.generation),
    )


def _digest(text: str | None) -> str | None:
    return text if text and _DIGEST.fullmatch(text) else None


_E = TypeVar("_E", bound=Event)


def guard(event: _E) -> _E:
    """The event with every string held to its kind; see the module's text."""
    cleaned: _E = _clean_struct(event)
    return cleaned


@functools.lru_cache(_NAMES)
def _source_name(name: str) -> str:
    if _MASKED.fullmatch(name):
        return name
    plain = _SOURCE_NAME.fullmatch(name) and name not in {".", ".."}
    if plain and not holds_private(name):
        return name
    return "~" + blake2b(os.fsencode(name), digest_size=4).hexdigest()


# -- the walk ------------------------------------------------------------------

_Cleaner = Callable[[Any], Any]  # gives None for what cannot be made clean


def _text(clean: Callable[[str], str | None]) -> _Cleaner:
    """Holds a string to a kind; the same short ones come again and again."""
    known = functools.lru_cache(_WORDS)(clean)

    def cleaned(value: Any) -> str | None:  # noqa: ANN401  whatever a field or JSON holds
        if not isinstance(value, str):
            return None
        return (known if len(value) <= _SHORT else clean)(value) or None

    return cleaned


def _full(pattern: re.Pattern[str]) -> _Cleaner:
    """Times and digests hardly come again: nothing of them is remembered."""

    def cleaned(value: Any) -> str | None:  # noqa: ANN401  as above
        whole = isinstance(value, str) and pattern.fullmatch(value)
        return value if whole else None

    return cleaned


_BY_KIND: dict[Text, _Cleaner] = {
    Text.LINE: _text(line),
    Text.TOKEN: _text(token),
    Text.SYMBOL: _text(symbol),
    Text.PATH: _text(relative_path),
    Text.COMMAND: _text(head),
    Text.TIME: _full(_TIME),
    Text.DIGEST: _full(_DIGEST),
}


def _integer(value: Any) -> int | None:  # noqa: ANN401  whatever a field or JSON holds
    plain = isinstance(value, int) and not isinstance(value, bool)
    return value if plain and abs(value) < _MOST else None


def _number(value: Any) -> float | None:  # noqa: ANN401  whatever a field or JSON holds
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return value if plain and math.isfinite(value) and abs(value) < _MOST else None


def _truth(value: Any) -> bool | None:  # noqa: ANN401  whatever a field or JSON holds
    return value if isinstance(value, bool) else None


def _refuse(_: Any) -> None:  # noqa: ANN401  whatever a field or JSON holds
    """A string without a kind is held back."""


_PLAIN: dict[Any, _Cleaner] = {int: _integer, float: _number, bool: _truth}


def _cleaner(annotation: Any) -> _Cleaner:  # noqa: ANN401  whatever a field or JSON holds
    """What cleans a value of this type."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _BY_KIND.get(args[1], _refuse)
    if origin in (types.UnionType, typing.Union):
        return _cleaner(next(arg for arg in args if arg is not types.NoneType))
    if origin is tuple:
        return functools.partial(_clean_list, _cleaner(args[0]))
    if origin is dict:
        return functools.partial(_clean_map, _cleaner(args[0]), _cleaner(args[1]))
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _clean_struct
    return _PLAIN.get(annotation, _refuse)


def _clean_list(clean: _Cleaner, values: Iterable[Any]) -> tuple[Any, ...]:
    kept = (item for item in map(clean, values) if item is not None)
    return tuple(itertools.islice(kept, LONGEST_LIST))


def _clean_map(
    clean_key: _Cleaner, clean_value: _Cleaner, values: dict[Any, Any]
) -> dict[Any, Any]:
    pairs = ((clean_key(key), clean_value(value)) for key, value in values.items())
    kept = ((k, v) for k, v in pairs if k is not None and v is not None)
    return dict(itertools.islice(kept, LONGEST_MAP))


class _Field(msgspec.Struct, frozen=True):
    """One field of a struct: how to clean it, and what stands in its place."""

    name: str
    clean: _Cleaner
    instead: Any


_FIELDS: dict[type[Any], tuple[_Field, ...]] = {}


def _fields(kind: type[Any]) -> tuple[_Field, ...]:
    if kind not in _FIELDS:
        hints = typing.get_type_hints(kind, include_extras=True)
        _FIELDS[kind] = tuple(
            _Field(field.name, _cleaner(hints[field.name]), _instead(field))
            for field in msgspec.structs.fields(kind)
        )
    return _FIELDS[kind]


def _instead(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401  whatever a field or JSON holds
    """The default; a required field holds the word for what was taken away."""
    if not field.required:
        return None if field.default is msgspec.NODEFAULT else field.default
    return 0 if field.type is int else REDACTED


def _clean_struct(value: Any) -> Any:  # noqa: ANN401  whatever a field or JSON holds
    kept = {}
    for field in _fields(type(value)):
        cleaned = field.clean(getattr(value, field.name))
        kept[field.name] = field.instead if cleaned is None else cleaned
    return type(value)(**kept)
