"""Values out of the harness's JSON, which spells them quoted or bare.

Each reader takes whatever stands there and gives the value or None: a missing
or odd value of an optional field is no reason to lose a fact.  `required`
turns None into "malformed" where a fact would say nothing without the value.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from lokid.source import SourceError

_T = TypeVar("_T")

MALFORMED = "malformed"

_INTEGER = re.compile(r"\s*([-+]?\d{1,15})(?:\.0*)?\s*")


def integer(value: object) -> int | None:
    """A whole number: ``3``, ``"3"``, ``"-1"``, ``"007"``, ``3.0``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else None
    if isinstance(value, int):
        return value if abs(value) < 2**53 else None
    found = _INTEGER.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def number(value: object) -> float | None:
    """A number as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def truth(value: object) -> bool:
    """Whether the value says yes: ``true``, bare or quoted."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def text(value: object) -> str | None:
    """Text that says something; numbers in their own spelling."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def table(value: object) -> dict[str, Any]:
    """A JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Any]:
    """A JSON list, or an empty one."""
    return value if isinstance(value, list) else []


def words(value: object) -> tuple[str, ...]:
    """The strings of a JSON list."""
    return tuple(item for item in rows(value) if isinstance(item, str))


def required(value: _T | None) -> _T:
    """The value; without it the reading is malformed."""
    if value is None:
        raise SourceError(MALFORMED)
    return value
