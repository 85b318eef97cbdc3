"""Test runners other than pytest: jest, vitest, mocha, node's and TAP's, ctest."""

from __future__ import annotations

import re

from lokid.extract.extractor import SUM, Extractor, Sample, by_pattern

_CTEST = re.compile(r"\s*\d+ - (?P<test>\S+) \((?:Failed|SEGFAULT|Timeout|Not Run)\)")
_GTEST = re.compile(r"\[  FAILED  \] (?P<case>[A-Z][\w./]*\.\w+)(?: \(\d+ ms\))?$")
_RSPEC = re.compile(r"rspec \./(?P<file>\S+?):\d+ # (?P<test>.+)")


EXTRACTORS = (
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
            r"(?:\d+\) (?P<php>\w+Test::\w+)(?: with data set .*)?$)"
            r"|(?P<mini>\w+Test#test_\w+) \[(?P<file>\S+?):\d+\]:",
            "phpunit: {php}{mini}",
            "{file}",
        ),
        samples=(
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
