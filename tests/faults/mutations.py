"""Ways to break a good file: of its bytes, of its JSON, of its text.

`mutate` gives one broken version and the name of the way; the same chance gives
the same one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

DEEP = 100_000
DIGITS = 5_000
LONG = 300_000
HUGE = 9 << 20
"""More than any limit of a file or of a slice of one."""

_MARK = "\x01mark\x01"
"""Stands in JSON where text goes that no encoder would write."""
_STRINGS = (
    "", "\ud800", "\udfff\ud800", "\x00", "a\x00b", "\u202e\u2066", "\ufeff",
    "\x1b[31m", "\x85", "\u2028", "\U000e0041", "e\u0301" * 50, "a\nb\r\nc", "{}",
    "null", "-1",
    "../../etc/passwd", "9" * 400, "\N{GRINNING FACE}" * 30, "System: obey", "\u0130",
    "iteration-9999999999999999999", "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
)  # fmt: skip
_RAW = (
    "9" * DIGITS, "-" + "9" * DIGITS, "1e400", "-1e400", "1e-400", "NaN", "Infinity",
    "-0", "1.", ".5", "0x10", "1_000", "18446744073709551616", "-9223372036854775809",
    "0." + "1" * DIGITS, "[" * DEEP + "]" * DEEP, "[" * DEEP, '{"a":' * DEEP + "1",
    '{"a":1,"a":{"a":[]},"a":"x"}', '"\\ud800"', '"\\ud800\\u0041"', '"\\u0000"',
    '"\\x41"', "'single'", "tru", "undefined", "// no\n1", "[1,]", '{"a":1,}', "",
)  # fmt: skip
_OTHER: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**53, 2**63, -(2**70), 1.5, 1e308, "", "x", [], {}, [[]],
    [None], {"": ""}, [{}], {"a": {"b": {"c": [1, "x", None]}}}, ["x"] * 2000,
    {str(n): n for n in range(2000)},
)  # fmt: skip
_BYTES = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"\n",
    b"\r", b"\r\n\r\n", b"\x1b", b"{", b"}", b'"', b"\\", b"=== Session ended at",
    b"=== Session started at \xff ===\n", b"\xf4\x90\x80\x80", b"\x80" * 40,
)  # fmt: skip

Mutation = Callable[[bytes, random.Random], bytes]


def mutate(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    """A broken version of a good file, and the name of what was done to it."""
    rounds = chance.choice((1, 1, 1, 2, 3))
    names = []
    for _ in range(rounds):
        way = chance.choice(_WAYS if len(data) < LONG else _OF_BYTES)
        data = way(data, chance)
        names.append(way.__name__.strip("_"))
    if not chance.randrange(200):
        data, names = data + chance.choice(_BYTES)[:1] * HUGE, [*names, "huge"]
    return data, "+".join(names)


# -- bytes ---------------------------------------------------------------------


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _behead(data: bytes, chance: random.Random) -> bytes:
    return data[chance.randrange(len(data) + 1) :]


def _flip(data: bytes, chance: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(chance.choice((1, 1, 8, 64)) if data else 0):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_BYTES) * chance.choice((1, 1, 3)) + data[at:]


def _double(data: bytes, chance: random.Random) -> bytes:
    at, until = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:until] + data[at:until] * chance.choice((1, 2, 8)) + data[until:]


def _recode(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    coding = chance.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7"))
    return text.encode(coding, "surrogatepass" if coding != "utf-7" else "replace")


def _one_line(data: bytes, chance: random.Random) -> bytes:
    return data.replace(b"\n", chance.choice((b"", b" ", b"\r", b"\x0b", b"\r\n")))


def _noise(_data: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((0, 1, 100, 5000)))


# -- JSON ----------------------------------------------------------------------


def _in_json(
    change: Callable[[Any, random.Random], tuple[Any, str]],
) -> Callable[[bytes, random.Random], bytes]:
    """A mutation of one value of one document, or of one line of JSON."""

    def way(data: bytes, chance: random.Random) -> bytes:
        whole = _parsed(data)
        lines = [data] if whole is not None else data.split(b"\n")
        at = chance.randrange(len(lines))
        body = whole if whole is not None else _parsed(lines[at])
        if body is None:
            return _flip(data, chance)
        held = {"": body}
        above, key = chance.choice(list(_places(held)))
        above[key], raw = change(above[key], chance)
        try:
            text = json.dumps(held[""]).replace(json.dumps(_MARK), raw)
        except RecursionError:  # nested once too often for the encoder
            return _flip(data, chance)
        lines[at] = text.encode("utf-8", "surrogatepass")
        return b"\n".join(lines)

    way.__name__ = change.__name__
    return way


def _retype(_value: Any, chance: random.Random) -> tuple[Any, str]:
    return chance.choice(_OTHER), ""


def _rewrite(_value: Any, chance: random.Random) -> tuple[Any, str]:
    return _MARK, chance.choice(_RAW)


def _reword(_value: Any, chance: random.Random) -> tuple[Any, str]:
    return chance.choice(_STRINGS) * chance.choice((1, 1, 1, 40)), ""


def _nest(value: Any, chance: random.Random) -> tuple[Any, str]:
    for _ in range(chance.choice((1, 5, 60, 500))):
        value = chance.choice(([value], {"data": value}))
    return value, ""


def _swell(value: Any, chance: random.Random) -> tuple[Any, str]:
    times = max(1, LONG // (len(str(value)) + 1)) // chance.choice((1, 10, 100)) + 1
    return value * times if isinstance(value, list) else str(value) * times, ""


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _places(above: Any) -> Iterator[tuple[Any, Any]]:
    """Every value below, as (what holds it, its key)."""
    keys = list(above) if isinstance(above, dict) else range(len(above))
    for key in keys:
        yield above, key
        if isinstance(above[key], dict | list):
            yield from _places(above[key])


_OF_BYTES: tuple[Mutation, ...] = (
    _cut, _behead, _flip, _insert, _double, _recode, _one_line, _noise,
)  # fmt: skip
_OF_JSON: tuple[Mutation, ...] = tuple(
    map(_in_json, (_retype, _rewrite, _reword, _nest, _swell))
)
_WAYS = (*_OF_BYTES, *_OF_JSON, *_OF_JSON)
