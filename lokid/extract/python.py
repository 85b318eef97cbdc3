"""Python: tracebacks, pytest, and what the interpreter says itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.exceptions import exception_in, said
from lokid.extract.extractor import Extractor, Found, Sample, by_pattern

_HEAD = re.compile(r"(?:Exception Group )?Traceback \(most recent call last")
_RAISED = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(?::\s+(?P<text>.*))?$")
_LONGEST_STACK = 400


def _traceback(lines: Sequence[str], at: int) -> Found | None:
    """The exception at the end of a traceback, whatever its class is called.

    Each line of an exception group has bars before it, as wide as the head's.
    """
    head = _HEAD.search(lines[at])
    if head is None:
        return None
    width = head.start()
    for number, line in enumerate(lines[at + 1 : at + _LONGEST_STACK], at + 1):
        if line[:width].strip(" |+E"):
            return None  # the output went on without saying what was raised
        text = line[width:]
        if text[:1].strip():
            raised = _RAISED.match(text)
            return raised and Found(_told(raised, lines, number), at=number, stack=True)
    return None


def _told(raised: re.Match[str], lines: Sequence[str], at: int) -> str:
    """The class and its message; a bare class that no ending tells is named one."""
    name, text = raised["name"], message(raised["text"], lines, at)
    if not text and name[0].isupper() and not exception_in(name):
        text = "no message"
    return said(name, text)


def message(text: str | None, lines: Sequence[str], at: int) -> str | None:
    """A message; of a list of validation errors the first one with it."""
    if not text or not re.match(r"\d+ validation errors? for ", text):
        return text
    below = [line.removeprefix("E").strip() for line in lines[at + 1 : at + 3]]
    return ": ".join([text, *below]).partition(" [type=")[0]


EXTRACTORS = (
    Extractor(
        name="python traceback",
        words=("Traceback (most recent call last",),
        find=_traceback,
        samples=(
            Sample(
                "Traceback (most recent call last):\n"
                '  File "/srv/shop/cart.py", line 31, in add\n'
                "    total = price(body)\n"
                "httpx.Timeout: slow",
                "Timeout: slow",
                "Timeout",
                ("cart.py:add",),
            ),
            Sample(
                "Traceback (most recent call last):\n"
                '  File "/srv/shop/cart.py", line 31, in pop\n'
                "    raise QueueEmpty\n"
                "QueueEmpty",
                "QueueEmpty: no message",
                "QueueEmpty",
                ("cart.py:pop",),
            ),
            Sample(
                "  + Exception Group Traceback (most recent call last):\n"
                '  |   File "/srv/shop/run.py", line 9, in main\n'
                "  |     group.run()\n"
                "  | ExceptionGroup: two went wrong (1 sub-exception)\n"
                "  +-+---------------- 1 ----------------\n"
                "    | Traceback (most recent call last):\n"
                '    |   File "/srv/shop/cart.py", line 3, in add\n'
                '    |     raise ValueError("no price")\n'
                "    | ValueError: no price\n"
                "    +------------------------------------",
                "ValueError: no price",
                "ValueError",
                ("cart.py:add",),
            ),
            Sample(
                "Traceback (most recent call last):\n"
                '  File "/srv/cart.py", line 3, in load\n'
                "    row[key]\n"
                "KeyError: 'sum'\n\n"
                "The above exception was the direct cause of the following "
                "exception:\n\n"
                "Traceback (most recent call last):\n"
                '  File "/srv/cart.py", line 9, in total\n'
                "    raise CartError(3) from error\n"
                "cart.CartError: 3",
                "CartError: {n}",
                "CartError",
                ("cart.py:total",),
            ),
            Sample(
                "Traceback (most recent call last):\n"
                '  File "/srv/cart.py", line 3, in load\n'
                "    Item(**row)\n"
                "pydantic_core._pydantic_core.ValidationError: "
                "1 validation error for Item\n"
                "price\n"
                "  Field required [type=missing, input_value={}, input_type=dict]",
                "ValidationError: {n} validation error for Item: price: Field required",
                "ValidationError",
                ("cart.py:load",),
            ),
        ),
    ),
    Extractor(
        name="python itself",
        words=("ython",),
        find=by_pattern(
            r"(?:\S*/)?python[\d.]*(?:\.exe)?: (?P<said>can't open file .+"
            r"|No module named .+|Error while finding .+)"
            r"|(?P<fatal>Fatal Python error: .+)",
            "python: {said}{fatal}",
        ),
        samples=(
            Sample(
                "/usr/bin/python3.12: can't open file '/srv/shop/run.py': "
                "[Errno 2] No such file or directory",
                "python: can't open file 'run.py': [Errno 2] No such file or directory",
                "ENOENT",
            ),
            Sample(
                "python3: No module named pytest",
                "python: No module named pytest",
                "python error",
            ),
        ),
    ),
)
