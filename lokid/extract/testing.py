"""Test runners other than pytest: jest, vitest, mocha, node's and TAP's, ctest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lokid.extract.exceptions import exception_in, said
from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_JEST = re.compile(r"\s*\u25cf (?P<test>\S.*)$")
_EXPECT = re.compile(r"(?P<said>expect\(.*?\)(?:\.\w+)*\.\w+\(.*?\))")
_FAIL_FILE = re.compile(
    r"\s*(?:FAIL|\u276f|\u00d7)\s+(?:\|[^|]+\| )?(?P<file>\S+\.[cm]?[jt]sx?)\b"
)
_AT = re.compile(
    r"\s*(?:at .*?\(?|\u276f (?:\S+ )?)(?P<file>[^\s()]+\.[cm]?[jt]sx?):\d+:\d+\)?$"
)
_VITEST = re.compile(
    r"\s*(?:\u23af+ )?FAIL\s+(?:\|[^|]+\| )?(?P<file>\S+\.[cm]?[jt]sx?) > (?P<test>.+)"
)
_NOT_OURS = re.compile(r"node_modules|node:")
_NOT_OK = re.compile(r"\s*not ok \d+ -? ?(?P<test>\S.*?)(?: # .*)?$")
_TAP_ERROR = re.compile(r"\s+error: (?:\|-|'(?P<said>.+)'|\"(?P<said2>.+)\")$")
_CTEST = re.compile(r"\s*\d+ - (?P<test>\S+) \((?:Failed|SEGFAULT|Timeout|Not Run)\)")
_GTEST = re.compile(r"\[  FAILED  \] (?P<case>[A-Z][\w./]*\.\w+)(?: \(\d+ ms\))?$")
_RSPEC = re.compile(r"rspec \./(?P<file>\S+?):\d+ # (?P<test>.+)")
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
    where = next(_places(block), "") or _file_above(lines, at)
    if not told:
        return None if suite else Found(f"jest: {test}", rank=SUM)
    if exception_in(told) and where and not suite:
        where = f"{where}:{test}"
    elif not suite and not exception_in(told):
        told = f"jest: {test}: {told}"
    return Found(told, (where,) if where else (), at=at + 1 + number)


def _vitest(lines: Sequence[str], at: int) -> Found | None:
    """The same by vitest, which names the file beside the test."""
    found = _VITEST.match(lines[at])
    if found is None:
        return None
    number, told = next(_thrown(list(_block(lines, at, _VITEST))), (0, ""))
    where = f"{base_of(found['file'])}:{found['test'].replace(' > ', ' ')}"
    if not told:
        return Found(f"vitest: {found['test']}", (where,), rank=SUM)
    return Found(told, (where,), at=at + 1 + number)


def _block(lines: Sequence[str], at: int, head: re.Pattern[str]) -> Iterator[str]:
    for line in lines[at + 1 : at + _BLOCK]:
        if head.match(line):
            return
        yield line


def _thrown(block: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What was thrown, or the expectation that did not hold, and its line."""
    for number, line in enumerate(block):
        text = line.strip().partition(" // ")[0]
        if found := exception_in(text):
            yield number, said(found["name"], found["text"])
        elif expected := _EXPECT.match(text):
            yield number, expected["said"]
        elif text.startswith(("thrown: ", "Exceeded timeout", "Cannot find module")):
            yield number, text.removeprefix("thrown: ").strip('"')


def _places(block: Sequence[str]) -> Iterator[str]:
    for line in block:
        found = _AT.match(line)
        if found and not _NOT_OURS.search(line):
            yield base_of(found["file"])


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
    for number, line in enumerate(lines[at + 1 : at + 15], at + 1):
        if error := _TAP_ERROR.match(line):
            told = error["said"] or error["said2"] or ""
            return Found(f"node test: {found['test']}: {told}".rstrip(": "), at=number)
    return Found(f"node test: {found['test']}")


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
                ("cart.test.js:sums",),
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
        name="ctest and gtest",
        words=("(Failed)", "(SEGFAULT)", "(Timeout)", "(Not Run)", "[  FAILED  ] "),
        find=by_pattern(
            rf"(?:{_CTEST.pattern})|(?:{_GTEST.pattern})", "ctest: {test}{case}"
        ),
        rank=SUM,
        samples=(
            Sample("[  FAILED  ] Cart.Sums (0 ms)", "ctest: Cart.Sums", "test failed"),
            Sample("\t  3 - cart_sums (Failed)", "ctest: cart_sums", "test failed"),
        ),
    ),
    Extractor(
        name="rspec",
        words=("rspec ./",),
        find=by_pattern(_RSPEC.pattern, "rspec: {test}", "{file}"),
        rank=SUM,
        samples=(
            Sample(
                "rspec ./spec/cart_spec.rb:3 # Cart sums",
                "rspec: Cart sums",
                "test failed",
                ("cart_spec.rb",),
            ),
        ),
    ),
)
