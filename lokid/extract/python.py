"""Python: tracebacks, exception lines, pytest and unittest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample
from lokid.frames import place

_HEAD = re.compile(r"(?:Exception Group )?Traceback \(most recent call last")
_RAISED = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(?::\s+(?P<text>.*))?$")
_CLASS = re.compile(
    r"(?:Uncaught |Unhandled |Caused by: |\[?Exception in thread \S+ )*"
    r"(?P<name>(?:[A-Za-z_]\w*(?:\.|::|\$))*[A-Z_]\w*?(?:Error|Exception|Interrupt"
    r"|Exit|Failure|Fault|Panic))(?: \[(?P<code>\w+)\])?(?::\s+(?P<text>\S.*)|\s*$)"
)
_LONGEST_STACK = 400
_E_LINE = re.compile(r"E\s{1,8}(?P<said>\S.*)")
_HEADER = re.compile(r"_{3,} (?P<test>\S.*?) _{3,}$")
_SUMMARY = re.compile(
    r"(?:FAILED|ERROR) (?P<file>\S+?\.py)(?:::(?P<test>\S+))?(?: - (?P<said>.+))?$"
)


def said(name: str, text: str | None) -> str:
    """``json.decoder.JSONDecodeError: x`` reads ``JSONDecodeError: x``."""
    bare = re.split(r"[.$]|::", name)[-1]
    return f"{bare}: {text}" if text else bare


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
            return raised and Found(
                said(raised["name"], raised["text"]), at=number, stack=True
            )
    return None


def _exception(lines: Sequence[str], at: int) -> Found | None:
    """A line that begins with an exception's class."""
    found = _CLASS.match(lines[at].strip())
    if found is None:
        return None
    return Found(said(found["name"], found["text"]), stack=True)


def _pytest_line(lines: Sequence[str], at: int) -> Found | None:
    """The first ``E`` line of a failure."""
    found = _E_LINE.match(lines[at])
    if found is None or (at and _E_LINE.match(lines[at - 1])):
        return None
    raised = _CLASS.match(found["said"])
    if raised:
        return Found(said(raised["name"], raised["text"]), stack=True)
    if found["said"].startswith("assert "):
        return Found(f"AssertionError: {found['said']}", stack=True)
    return None


def _pytest_summary(lines: Sequence[str], at: int) -> Found | None:
    """``FAILED file::test - error`` of the short summary."""
    found = _SUMMARY.match(lines[at].strip())
    if found is None:
        return None
    where = place(found["file"], (found["test"] or "").split("::")[-1])
    return Found(found["said"] or "test failed", (where,))


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
        ),
    ),
    Extractor(
        name="pytest error line",
        words=("E  ",),
        find=_pytest_line,
        samples=(
            Sample(
                "/srv/shop/tests/test_cart.py:19: in test_total\n"
                "    assert total({}) == 0\n"
                "shop/cart.py:8: in total\n"
                '    return items["sum"]\n'
                "E   KeyError: 'sum'",
                "KeyError: 'sum'",
                "KeyError",
                ("cart.py:total", "test_cart.py:test_total"),
            ),
        ),
    ),
    Extractor(
        name="exception line",
        words=("Error", "Exception", "Interrupt", "Exit", "Failure", "Fault", "Panic"),
        find=_exception,
        samples=(
            Sample(
                "json.decoder.JSONDecodeError: Expecting value: line 1 column 1",
                "JSONDecodeError: Expecting value: line {n} column {n}",
                "JSONDecodeError",
            ),
        ),
    ),
    Extractor(
        name="pytest summary",
        words=("FAILED ", "ERROR "),
        find=_pytest_summary,
        rank=SUM,
        samples=(
            Sample(
                "FAILED tests/test_m.py::test_x - KeyError: 'sum'",
                "KeyError: 'sum'",
                "KeyError",
                ("test_m.py:test_x",),
            ),
        ),
    ),
)
