"""Pages of a list, and the cursor from one to the next.

A cursor names the last row that was given, not a number of rows.  So a reader that
follows `next_page` meets each row that was there all the time exactly once, also
when others come and go meanwhile (the service does not document that; it is what
a client may hope for, and a test says so).  Refuses a cursor that it did not make
or that belongs to another list.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from calls import IGNORED, Call, Json, invalid

BEGIN = "page_"

Row = TypeVar("Row")


class Length(NamedTuple):
    """Rows of a page: if nobody asks, as many as may be asked for, at most."""

    usual: int
    allowed: int
    most: int


ROWS = Length(20, 100, 100)
FULL_ROWS = Length(20, 100, 20)
"""With ``view=full``: more may be asked for, but no page is longer."""


def page(
    call: Call,
    rows: Mapping[str, Row],
    told: Callable[[Row], Json],
    *,
    falling: bool,
    length: Length = ROWS,
) -> Json:
    """The page that ``call`` asks for; ``rows`` are in the order of their keys."""
    asked = call.number("limit", length.usual, 1, length.allowed)
    limit = min(asked, length.most)
    keys = list(rows)
    begin = 0
    if (cursor := call.one("page")) is not None:
        after = _key_in(call, cursor)
        begin = sum(one >= after if falling else one <= after for one in keys)
    shown = keys[begin : begin + limit]
    more = begin + limit < len(keys)
    return {
        "data": [told(rows[key]) for key in shown],
        "next_page": _cursor(call, shown[-1]) if more else None,
    }


def is_full(call: Call, default: str = "basic") -> bool:
    """Whether the contents are asked for."""
    other = "full" if default == "basic" else "basic"
    return call.choice("view", default, other) == "full"


def _list_of(call: Call) -> str:
    asked = {
        name: list(values)
        for name, values in sorted(call.query.items())
        if name not in {"limit", "page", IGNORED}
    }
    whole = json.dumps([call.path, asked])
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def _cursor(call: Call, key: str) -> str:
    inner = json.dumps([_list_of(call), key]).encode()
    return BEGIN + base64.urlsafe_b64encode(inner).decode().rstrip("=")


def _key_in(call: Call, cursor: str) -> str:
    try:
        inner = cursor.removeprefix(BEGIN) + "=="
        made_for, key = json.loads(base64.urlsafe_b64decode(inner))
    except ValueError as error:
        raise invalid("page: not a cursor of this service") from error
    if not cursor.startswith(BEGIN) or made_for != _list_of(call):
        raise invalid("page: this cursor belongs to another list")
    return str(key)
