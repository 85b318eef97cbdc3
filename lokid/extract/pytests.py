"""What pytest reports, in its long and short forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lokid.extract.exceptions import exception_in, said
from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.extract.python import message
from lokid.frames import Frame, base_of, place

_E_LINE = re.compile(r"E\s{1,60}(?P<said>\S.*)")
_E_EMPTY = re.compile(r"E\s*$")
_E_RAISED = re.compile(r"(?P<name>(?:[a-z_]\w*\.)*[A-Z]\w*)(?::\s+(?P<text>.*))?$")
_TIMEOUT = re.compile(r"Failed: (?P<said>Timeout) .*(?:pytest-timeout|>\d)")
_E_FILE = re.compile(r'File "(?P<file>[^"]+)", line \d+$')
_LONGEST_MESSAGE = 12
_E_OTHER = re.compile(r"(?P<said>fixture '\w+' not found)")
_HEADER = re.compile(r"[_=]{3,} \S.*? [_=]{3,}$")
_LOCATION = re.compile(
    r"(?P<file>[^\s:]\S*\.py):\d+: ?(?:in (?P<name>\S+)|[A-Z][\w.]*|[a-z_]+\.[\w.]+)?$"
)
_DEF = re.compile(r"\s+(?:async )?def (?P<name>\w+)\(")
_SUMMARY = re.compile(
    r"(?:FAILED|ERROR) (?P<file>\S+?\.py)(?:::(?P<test>\S+))?(?: - (?P<said>.+))?$"
)
_UP = 200
_DOWN = 40


def _pytest_line(lines: Sequence[str], at: int) -> Found | None:
    """A failure's ``E`` lines: the first one tells, of a syntax error the last."""
    if at and (_E_LINE.match(lines[at - 1]) or _E_EMPTY.match(lines[at - 1])):
        return None
    file = ""
    for number in range(at, min(at + _LONGEST_MESSAGE, len(lines))):
        if _E_EMPTY.match(lines[number]):
            continue
        found = _E_LINE.match(lines[number])
        if found is None:
            return None
        if wrong := _E_FILE.match(found["said"]):
            file = base_of(wrong["file"])
        elif told := _pytest_said(found["said"], lines, number):
            places = (file,) if file else tuple(_pytest_places(lines, number))
            return Found(told, places or _summed_up(lines, number), stack=True)
    return None


def _summed_up(lines: Sequence[str], at: int) -> tuple[str, ...]:
    """The test by the summary below, where the report names no place."""
    below = filter(None, map(_SUMMARY.match, lines[at + 1 : at + _UP]))
    return next((_tested(found) for found in below), ())


def _tested(found: re.Match[str]) -> tuple[str, ...]:
    test = (found["test"] or "").split("[")[0].split("::")[-1]
    return (place(found["file"], test),)


def _pytest_said(text: str, lines: Sequence[str], at: int) -> str | None:
    if timed := _TIMEOUT.match(text):
        return f"timeout: {timed['said']}"
    if raised := exception_in(text) or _E_RAISED.match(text):
        return said(raised["name"], message(raised["text"], lines, at))
    if text.startswith("assert "):
        return f"AssertionError: {text}"
    other = _E_OTHER.match(text)
    return f"pytest: {other['said']}" if other else None


def _pytest_places(lines: Sequence[str], at: int) -> Iterator[str]:
    """Places from a report, in its long or short form, nearest first.

    The long form names a function by its source, and its file below it.
    """
    told: list[Frame] = []
    function = ""
    begin = max(0, at - _UP)
    for number in range(at - 1, begin, -1):
        if _HEADER.match(lines[number]):
            begin = number
            break
    for number in range(begin, min(at + _DOWN, len(lines))):
        line = lines[number]
        if number > at and _HEADER.match(line):
            break
        if defined := _DEF.match(line):
            function = defined["name"]
        elif found := _LOCATION.match(line):
            name = found["name"] or function
            told.append(
                Frame(number, name, found["file"], counted=False, outermost_first=True)
            )
            function = ""
            if number > at:
                break
    return (
        frame.place
        for frame, outer in zip(told[::-1], [*told[-2::-1], None], strict=False)
        if frame.ours and not (outer and not frame.symbol and outer.file == frame.file)
    )


def _pytest_summary(lines: Sequence[str], at: int) -> Found | None:
    """``FAILED file::test - error`` of the short summary."""
    found = _SUMMARY.match(lines[at].strip())
    if found is None:
        return None
    told = found["said"] or "pytest: test failed"
    if told.startswith("assert "):
        told = f"AssertionError: {told}"
    elif raised := _E_RAISED.match(told):
        told = said(raised["name"], raised["text"])
    return Found(told, _tested(found))


EXTRACTORS = (
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
            Sample(
                "_____ test_total _____\n\n"
                "    def test_total():\n"
                ">       assert total({}) == 0\n\n"
                "tests/test_cart.py:19: \n"
                "_ _ _ _ _ _ _ _ _ _\n\n"
                "items = {}\n\n"
                "    def total(items):\n"
                '>       return items["sum"]\n'
                "E       KeyError: 'sum'\n\n"
                "shop/cart.py:8: KeyError",
                "KeyError: 'sum'",
                "KeyError",
                ("cart.py:total", "test_cart.py:test_total"),
            ),
            Sample(
                "tests/test_cart.py:19: in test_sum\n"
                "    assert total([2]) == 3\n"
                "E   assert 2 == 3\n"
                "E    +  where 2 = total([2])",
                "AssertionError: assert {n} == {n}",
                "AssertionError",
                ("test_cart.py:test_sum",),
            ),
            Sample(
                "tests/test_cart.py:19: in test_rate\n"
                "    assert rate() == pytest.approx(5.0)\n"
                "E   assert 0.3 == 5.0 +- 5.0e-06\n"
                "E     \nE     comparison failed\n"
                "E     Obtained: 0.3\nE     Expected: 5.0 +- 5.0e-06",
                "AssertionError: assert {n} == {n} +- 5.0e-{n}",
                "AssertionError",
                ("test_cart.py:test_rate",),
            ),
            Sample(
                "file /srv/tests/test_cart.py, line 3\n"
                "  def test_sum(db):\n"
                "E       fixture 'db' not found\n"
                ">       available fixtures: cache, capfd",
                "pytest: fixture 'db' not found",
                "pytest error",
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
                "FAILED tests/test_m.py::test_x[1-a] - assert 1 == 2",
                "AssertionError: assert {n} == {n}",
                "AssertionError",
                ("test_m.py:test_x",),
            ),
        ),
    ),
    Extractor(
        name="pytest finds nothing",
        words=("not found: ",),
        find=by_pattern(
            r"ERROR: (?P<said>(?:file or directory )?not found: \S+)", "pytest: {said}"
        ),
        samples=(
            Sample(
                "ERROR: file or directory not found: tests/test_no.py",
                "pytest: file or directory not found: test_no.py",
                "pytest error",
            ),
        ),
    ),
)
