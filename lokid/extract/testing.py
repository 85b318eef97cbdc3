"""Test runners other than pytest: jest, vitest, mocha, node's and TAP's, ctest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_CTEST = re.compile(r"\s*\d+ - (?P<test>\S+) \((?:Failed|SEGFAULT|Timeout|Not Run)\)")
_GTEST = re.compile(r"\[  FAILED  \] (?P<case>[A-Z][\w./]*\.\w+)(?: \(\d+ ms\))?$")
_RSPEC = re.compile(r"rspec \./(?P<file>\S+?):\d+ # (?P<test>.+)")


_BATS = re.compile(
    r"# \((?:in test file|from function .*?in (?:test )?file) "
    r"(?P<file>[^\s,]+), line \d+"
)
_NOT_OK = re.compile(r"(?:not ok \d+|\s*\u2717) (?P<test>.+)")


def _bats(lines: Sequence[str], at: int) -> Found | None:
    """A test of bats; its name stands above the place."""
    found = _BATS.match(lines[at].strip())
    above = _NOT_OK.match(lines[at - 1]) if at else None
    if found is None or above is None:
        return None
    return Found(f"bats: {above['test']}", (base_of(found["file"]),))


EXTRACTORS = (
    Extractor(
        name="ctest",
        words=("(Failed)", "(SEGFAULT)", "(Timeout)", "(Not Run)"),
        find=by_pattern(_CTEST.pattern, "ctest: {test}"),
        rank=SUM,
        samples=(
            Sample("\t  3 - cart_sums (Failed)", "ctest: cart_sums", "test failed"),
        ),
    ),
    Extractor(
        name="gtest",
        words=("[  FAILED  ] ",),
        find=by_pattern(_GTEST.pattern, "gtest: {case}"),
        rank=SUM,
        samples=(
            Sample("[  FAILED  ] Cart.Sums (0 ms)", "gtest: Cart.Sums", "test failed"),
        ),
    ),
    Extractor(
        name="bats",
        words=("# (",),
        find=_bats,
        samples=(
            Sample(
                "not ok 3 till opens\n# (in test file test/till.bats, line 3)",
                "bats: till opens",
                "test failed",
                ("till.bats",),
            ),
        ),
    ),
    Extractor(
        name="bazel test",
        words=("FAIL: //",),
        find=by_pattern(r"FAIL: //\S*?:(?P<test>[\w.-]+) \(.*", "bazel test: {test}"),
        rank=SUM,
        samples=(
            Sample(
                "FAIL: //src/till:till_test (Exit 1) (see /srv/out/test.log)",
                "bazel test: till_test",
                "test failed",
            ),
        ),
    ),
    Extractor(
        name="dotnet test",
        words=("  Failed ",),
        find=by_pattern(
            r"Failed (?P<test>[\w.]+\.\w+)(?:\(.*\))? \[.*\]$", "dotnet test: {test}"
        ),
        samples=(
            Sample(
                "  Failed Shop.Tests.Sums [12 ms]",
                "dotnet test: Shop.Tests.Sums",
                "test failed",
            ),
        ),
    ),
    Extractor(
        name="phpunit and minitest",
        words=("Test::", "Test#"),
        find=by_pattern(
            r"(?:\d+\) (?:\w+\\)*(?P<php>\w+Test::\w+)(?: with data set .*)?$)"
            r"|(?P<mini>\w+Test#test_\w+) \[(?P<file>\S+?):\d+\]:",
            "phpunit: {php}{mini}",
            "{file}",
        ),
        samples=(
            Sample(
                "1) Tests\\Unit\\TillTest::testOpens\nFailed asserting that 2 is 3.",
                "phpunit: TillTest::testOpens",
                "test failed",
            ),
            Sample(
                "1) CartTest::testSums\nFailed asserting that 2 matches 3.",
                "phpunit: CartTest::testSums",
                "test failed",
            ),
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
