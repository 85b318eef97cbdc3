"""Test runners of JavaScript: jest, vitest, mocha, node's own and bun's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lokid.extract.exceptions import exception_in, said
from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import ANONYMOUS, Frame, base_of, frames_of

_JEST = re.compile(r"\s*\u25cf (?P<test>\S.*)$")
_EXPECT = re.compile(r"(?P<said>expect\(.*?\)(?:\.\w+)*\.\w+\(.*?\))")
_FAIL_FILE = re.compile(
    r"\s*(?:FAIL|\u276f|\u00d7)\s+(?:\|[^|]+\| )?(?P<file>\S+\.[cm]?[jt]sx?)\b"
)
_ARROW = re.compile(
    r"\s*\u276f (?:(?P<name>\S+) )?(?P<file>[^\s:]+\.[cm]?[jt]sx?):\d+:\d+$"
)
_VITEST = re.compile(
    r"\s*(?:\u23af+ )?FAIL\s+(?:\|[^|]+\| )?(?P<file>\S+\.[cm]?[jt]sx?) > (?P<test>.+)"
)
_NOT_OK = re.compile(r"\s*not ok \d+ -? ?(?P<test>\S.*?)(?: # .*)?$")
_TAP_ERROR = re.compile(r"\s+error: (?:\|-|'(?P<said>.+)'|\"(?P<said2>.+)\")$")
_MODULE = re.compile(r"(Cannot find module '[^']+') from .*")
_TIMED = re.compile(r"(?:Error: )?(?:Exceeded timeout|Test timed out|Timeout of)")
_MOCHA = re.compile(r"\s+\d+\) (?P<title>\S.*?)(?P<end>:?)$")
_TITLE = re.compile(r"\s{7,}(?P<title>\S.*?)(?P<end>:?)$")
_TAP_NAME = re.compile(r"\s+name: '(?P<name>\w+)'$")
_BLOCK = 60


def _jest(lines: Sequence[str], at: int) -> Found | None:
    """The test that failed, and what it threw or expected."""
    found = _JEST.match(lines[at])
    if found is None or found["test"].startswith(("Console", "Cannot log")):
        return None
    block = list(_block(lines, at, _JEST))
    test = found["test"]
    suite = test == "Test suite failed to run"
    number, told = next(_thrown(block), (0, ""))
    if not told:
        return None if suite else Found(f"jest: {test}", rank=SUM)
    file = _file_above(lines, at)
    places = _places(block, test, file)
    if suite:
        places = (file,) if file else ()
    elif _TIMED.match(told):
        told = f"timeout: {test}: {told}"
    elif told.startswith("expect("):
        told = f"jest: {test}: {told}"
        places = tuple(one.partition(":")[0] for one in places[:1])
    return Found(told, places, at=at + 1 + number)


def _vitest(lines: Sequence[str], at: int) -> Found | None:
    """The same by vitest, which names the file beside the test."""
    found = _VITEST.match(lines[at])
    if found is None:
        return None
    block = list(_block(lines, at, _VITEST))
    number, told = next(_thrown(block), (0, ""))
    test = found["test"].replace(" > ", " ")
    places = _places(block, test, base_of(found["file"]))
    if not told:
        return Found(f"vitest: {found['test']}", places, rank=SUM)
    return Found(told, places, at=at + 1 + number)


def _mocha(lines: Sequence[str], at: int) -> Found | None:
    """mocha: the test's names above, the exception below."""
    if not lines[at].lstrip()[:1].isdigit():
        return None
    found = _MOCHA.match(lines[at])
    number = at
    title = found
    while title and not title["end"] and number < min(at + 5, len(lines) - 1):
        number += 1
        title = _TITLE.match(lines[number])
    if title is None or not title["end"]:
        return None
    block = list(_block(lines, number, _MOCHA))
    below, told = next(_thrown(block), (0, ""))
    if not told:
        return None
    said_below = [line.strip() for line in block[below + 1 : below + 3] if line.strip()]
    if told.endswith(":") and said_below:
        told = f"{told} {said_below[0]}"
    if _TIMED.match(told):
        told = f"timeout: {title['title']}: Timeout exceeded"
    return Found(told, _places(block, title["title"]), at=number + 1 + below)


def _block(lines: Sequence[str], at: int, head: re.Pattern[str]) -> Iterator[str]:
    for line in lines[at + 1 : at + _BLOCK]:
        if head.match(line):
            return
        yield line


def _thrown(block: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What was thrown, or the expectation that did not hold, and its line."""
    for number, line in enumerate(block):
        text = line.strip().partition(" // ")[0]
        if text.startswith("Error: "):
            yield number, text
        elif found := exception_in(text):
            yield number, said(found["name"], found["text"])
        elif expected := _EXPECT.match(text):
            yield number, expected["said"]
        elif text.startswith(("thrown: ", "Exceeded timeout", "Cannot find module")):
            told = text.removeprefix("thrown: ").strip('"')
            yield number, _MODULE.sub(r"MODULE_NOT_FOUND: \1", told)


def _places(block: Sequence[str], test: str, file: str = "") -> tuple[str, ...]:
    """Where it was thrown, nearest first; what has no name is the test itself."""
    told = []
    for number, line in enumerate(block):
        frame: Frame | None
        if found := _ARROW.match(line):
            frame = Frame(number, found["name"] or ANONYMOUS, found["file"])
        else:
            frame = next(iter(frames_of([line])), None)
        if frame and frame.file and frame.ours:
            where = frame.place
            told.append(where if ":" in where else f"{where}:{test}")
    return tuple(dict.fromkeys(told)) or (f"{file}:{test}" if file else test,)


def _file_above(lines: Sequence[str], at: int) -> str:
    above = (
        _FAIL_FILE.match(line) for line in reversed(lines[max(0, at - _BLOCK) : at])
    )
    return next((base_of(one["file"]) for one in above if one), "")


def _not_ok(lines: Sequence[str], at: int) -> Found | None:
    """A failed test in TAP, as node's own runner writes it."""
    found = _NOT_OK.match(lines[at])
    if found is None:
        return None
    told, name, last = "", "", at
    for number, line in enumerate(lines[at + 1 : at + 25], at + 1):
        if line.strip() == "..." or _NOT_OK.match(line):
            break
        if error := _TAP_ERROR.match(line):
            below = lines[number + 1].strip() if number + 1 < len(lines) else ""
            told, last = error["said"] or error["said2"] or below, number
        elif named := _TAP_NAME.match(line):
            name = named["name"]
    test = found["test"].replace("/", ".")
    told = told.rstrip(":")
    if name and name != "Error":
        places = _places(lines[at : at + 30], test)
        return Found(f"{name}: {told}" if told else name, places, at=last)
    return Found(
        f"node test: {test}: {told}" if told else f"node test: {test}", at=last
    )


EXTRACTORS = (
    Extractor(
        name="jest",
        words=("\u25cf ",),
        find=_jest,
        samples=(
            Sample(
                "FAIL src/cart.test.js\n"
                "  \u25cf cart \u203a sums\n\n"
                "    expect(received).toBe(expected) // Object.is equality\n\n"
                "    Expected: 5\n    Received: 7\n\n"
                "      at Object.<anonymous> (src/cart.test.js:11:21)\n",
                "jest: cart \u203a sums: expect(received).toBe(expected)",
                "test failed",
                ("cart.test.js",),
            ),
            Sample(
                "  \u25cf sums\n\n"
                "    TypeError: total is not a function\n\n"
                "      at Object.total (src/cart.test.js:11:21)\n",
                "TypeError: total is not a function",
                "TypeError",
                ("cart.test.js:total",),
            ),
        ),
    ),
    Extractor(
        name="vitest",
        words=("FAIL ",),
        find=_vitest,
        samples=(
            Sample(
                " FAIL  src/cart.test.ts > cart > sums\n"
                "AssertionError: expected 5 to be 7 // Object.is equality\n\n"
                " \u276f src/cart.test.ts:11:21",
                "AssertionError: expected {n} to be {n}",
                "AssertionError",
                ("cart.test.ts:cart sums",),
            ),
        ),
    ),
    Extractor(
        name="node test",
        words=("not ok ",),
        find=_not_ok,
        rank=SUM,
        samples=(
            Sample(
                "not ok 1 - sums\n  ---\n  error: 'Expected 5'\n  code: 'ERR_X'\n  ...",
                "node test: sums: Expected {n}",
                "test failed",
            ),
        ),
    ),
    Extractor(
        name="no tests",
        words=("No tests found", "No test files found"),
        find=by_pattern(
            r"No test(?:s| files) found, exiting with code 1",
            "test: no tests found",
        ),
        rank=SUM,
        samples=(
            Sample(
                "No tests found, exiting with code 1",
                "test: no tests found",
                "test error",
            ),
        ),
    ),
    Extractor(
        name="mocha",
        words=(") ",),
        find=_mocha,
        samples=(
            Sample(
                "  1) cart\n       sums up:\n\n"
                "      AssertionError [ERR_ASSERTION]: Expected values to be strictly "
                "equal:\n\n2 !== 1\n\n"
                "      at Context.<anonymous> (test/cart.js:3:32)",
                "AssertionError: Expected values to be strictly equal: {n} !== {n}",
                "AssertionError",
                ("cart.js:sums up",),
            ),
            Sample(
                "  1) cart\n       sums up:\n"
                "     Error: Timeout of 2000ms exceeded. For async tests, call done().",
                "timeout: sums up: Timeout exceeded",
                "timeout",
                ("sums up",),
            ),
        ),
    ),
    Extractor(
        name="bun test",
        words=("(fail) ",),
        find=by_pattern(
            r"\(fail\) (?P<test>.+?)(?: \[[\d.]+m?s\])?$", "bun test: {test}"
        ),
        samples=(
            Sample(
                "(fail) cart > sums [1.2ms]", "bun test: cart ) sums", "test failed"
            ),
        ),
    ),
)
