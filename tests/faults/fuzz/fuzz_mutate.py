"""A seeded mutator: bytes, lines, JSON values, checksums; no two the same way.

Mutant ``k`` of a target depends on seed, target and ``k`` alone, so that a finding
can be made again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

from log_rig import resealed

VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1e308,
    "",
    " ",
    "\ud800",
    "\0",
    "\u202e\u200b",
    "../../etc/passwd",
    "a" * 5000,
    "2026-02-30T25:61:61Z",
    "9999-12-31T23:59:59.999Z",
    [],
    {},
    [[]],
    {"": None},
    [0] * 500,
)
TOKENS = (
    b"[" * 3000,
    b'{"a":' * 3000,
    b"9" * 5000,
    b"NaN",
    b"-Infinity",
    b"1e999",
    b'"\\ud800"',
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0" * 600,
    b"\n",
    b"\r\n",
    b'","',
    b'{"type":"',
    b"=== Session started at Sun Mar  1 10:00:00 UTC 2026 ===\n",
    b"=== Session ended at Sun Mar  1 10:00:01 UTC 2026 with exit code 1 ===\n",
    b"Traceback (most recent call last):\n",
    b"x" * 70_000,
)


class Mutator:
    """Mutants of some seeds."""

    def __init__(self, seeds: Sequence[bytes], salt: str, *, sealed: bool) -> None:
        """``sealed``: most mutants get checksums that fit them."""
        self._seeds = seeds
        self._salt = salt
        self._sealed = sealed

    def mutant(self, number: int) -> bytes:
        """The one with this number."""
        chance = random.Random(f"{self._salt}/{number}")  # noqa: S311  bytes, no secrets
        data = bytearray(chance.choice(self._seeds))
        for _ in range(chance.choice((1, 1, 2, 3, 8))):
            data = chance.choice(_WAYS)(data, chance)
        if chance.random() < 0.1:
            data += chance.choice(self._seeds)
        if self._sealed and chance.random() < 0.7:
            return seal(bytes(data))
        return bytes(data)


def seal(data: bytes) -> bytes:
    """Give every line that could be one of the log the checksum of its bytes."""
    lines = data.split(b"\n")
    return b"\n".join(
        resealed(line + b"\n")[:-1] if line.startswith(b'{"c":"') else line
        for line in lines
    )


def _flip(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 4)):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def _cut(data: bytearray, chance: random.Random) -> bytearray:
    begin, end = _span(data, chance)
    return data[:begin] + data[end:]


def _end(data: bytearray, chance: random.Random) -> bytearray:
    return data[: chance.randint(0, len(data))]


def _repeat(data: bytearray, chance: random.Random) -> bytearray:
    begin, end = _span(data, chance)
    times = chance.choice((1, 1, 2, 50))
    return data[:end] + data[begin:end] * times + data[end:]


def _token(data: bytearray, chance: random.Random) -> bytearray:
    begin, end = _span(data, chance)
    end = chance.choice((begin, end))
    return data[:begin] + chance.choice(TOKENS) + data[end:]


def _line(data: bytearray, chance: random.Random) -> bytearray:
    """Lines leave, come twice, or change places."""
    lines = data.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[chance.choice((one, other))]
    return bytearray(b"\n").join(lines)


def _value(data: bytearray, chance: random.Random) -> bytearray:
    """Another value somewhere in the JSON of the whole, or of one line."""
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    for piece in (data, lines[at]):
        try:
            body = json.loads(piece)
        except (ValueError, RecursionError):
            continue
        told = _dumped(_changed(body, chance))
        if piece is data:
            return bytearray(told)
        lines[at] = bytearray(told)
    return bytearray(b"\n").join(lines)


def _changed(body: object, chance: random.Random) -> object:
    stop = chance.random() < 0.3
    if isinstance(body, dict) and body and not stop:
        key = chance.choice(list(body))
        if chance.random() < 0.1:
            body[str(chance.choice(VALUES))] = body.pop(key)
        else:
            body[key] = _changed(body[key], chance)
        return body
    if isinstance(body, list) and body and not stop:
        at = chance.randrange(len(body))
        body[at] = _changed(body[at], chance)
        return body * chance.choice((1, 1, 1, 30))
    return chance.choice(VALUES)


def _dumped(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _span(data: bytearray, chance: random.Random) -> tuple[int, int]:
    begin = chance.randint(0, len(data))
    return begin, min(len(data), begin + chance.choice((1, 4, 20, 300)))


_WAYS: tuple[Callable[[bytearray, random.Random], bytearray], ...] = (
    _flip,
    _cut,
    _end,
    _repeat,
    _token,
    _line,
    _value,
    _value,
)
