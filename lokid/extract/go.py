"""Go: build, vet, test, panics and modules."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import ECHO, SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of, frames_of

_COMPILED = re.compile(r"(?:vet: )?(?P<file>[^\s:]+\.go):\d+(?::\d+)?: (?P<said>\S.*)")
_PACKAGE = re.compile(r"(?:[\w.~-]+/)+(?P<name>[\w.-]+)")
_FAILED = re.compile(r"\s*--- FAIL: (?P<test>\S+)")
_DETAIL = re.compile(r"\s{4,}(?P<file>\w[\w.-]*\.go):\d+: (?P<said>\S.*)")
_BARE_DETAIL = re.compile(r"\s{4,}(?P<file>\w[\w.-]*\.go):\d+:$")
_TESTIFY = re.compile(r"\s+Error:\s+(?P<said>\S.*?):?\s*$")
_RESULT = re.compile(r"\s*(?:--- |=== |FAIL\b|PASS\b|ok\s|panic: |exit status)")
_PANIC = re.compile(r"(?:panic|fatal error): (?P<said>.+?)(?: \[recovered.*\])?$")
_GOROUTINE = re.compile(r"goroutine \d+ ")
_MODULE = re.compile(
    r"(?:(?P<file>[^\s:]+\.go):\d+:\d+: )?"
    r"(?P<said>no required module provides package|cannot find package"
    r"|package|(?:cannot find|missing go\.sum entry for) module providing package)"
    r" (?P<what>[^\s;]+)"
    r"(?P<tail> is not in (?:std|GOROOT))?"
)
_GO = re.compile(
    r"go(?: [a-z]+)?: (?P<said>.+)"
    r"|(?:pattern \S+: )?(?P<main>directory .+ does not contain main module.*"
    r"|directory .+ outside main module.*)"
    r"|(?P<sum>missing go\.sum entry for module providing package [^\s;]+"
    r"|verifying \S+: checksum mismatch"
    r"|package \S+: build constraints exclude all Go files)"
)
_NEWS = re.compile(
    r"go: (?:downloading|finding|found|added|upgraded|extracting|creating|to add)"
)


def _last(package: str) -> str:
    """The last part of an import path: the rest may be an owner and a host."""
    parts = [part for part in package.strip("\"'").split("/") if part]
    if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]):
        return f"{parts[-2]} {parts[-1]}"
    return parts[-1] if parts else package


def _compiler(lines: Sequence[str], at: int) -> Found | None:
    """``./cart.go:3:9: undefined: sum``; a test's own lines are indented."""
    found = _COMPILED.match(lines[at])
    if found is None or _MODULE.match(lines[at]):
        return None
    said = re.sub(r"^(?:syntax )?error: ", "", found["said"])
    return Found(f"go build: {said}", (base_of(found["file"]),))


def _module(lines: Sequence[str], at: int) -> Found | None:
    """A package that no module provides."""
    found = _MODULE.match(lines[at].strip())
    if found is None or (found["said"] == "package" and not found["tail"]):
        return None
    told = f"go: {found['said']} {_last(found['what'])}{found['tail'] or ''}"
    return Found(told, (base_of(found["file"]),) if found["file"] else ())


def _test(lines: Sequence[str], at: int) -> Found | None:
    """A test that failed, with the first thing it said, above or below."""
    found = _FAILED.match(lines[at])
    if found is None:
        return None
    name = found["test"].replace("/", ".")
    detail = _said_by(lines, at)
    if detail is None:
        return Found(f"go test: {name}", rank=SUM if "." not in name else None)
    file, said = detail
    return Found(f"go test: {name}: {said}", (file,))


def _said_by(lines: Sequence[str], at: int) -> tuple[str, str] | None:
    """File and words of a test: they stand below it, with ``-v`` above."""
    below = lines[at + 1 : at + 12]
    for number, line in enumerate(below):
        if found := _DETAIL.match(line):
            return found["file"], found["said"]
        if found := _BARE_DETAIL.match(line):
            told = filter(None, map(_TESTIFY.match, below[number + 1 :]))
            return found["file"], next((one["said"] for one in told), "failed")
        if _RESULT.match(line):
            break
    name = _FAILED.match(lines[at])
    for line in reversed(lines[max(0, at - 12) : at]):
        parent = _FAILED.match(line)
        if parent and name and name["test"].startswith(parent["test"] + "/"):
            continue  # with -v a test's own words stand above its parents, too
        if _RESULT.match(line):
            break
        if found := _DETAIL.match(line):
            return found["file"], found["said"]
    return None


def _panic(lines: Sequence[str], at: int) -> Found | None:
    """A panic, or the runtime's own fatal error."""
    found = _PANIC.match(lines[at].strip())
    if found is None or not any(map(_GOROUTINE.match, lines[at + 1 : at + 8])):
        return None
    if found["said"].startswith("test timed out"):
        return Found("timeout: go test: test timed out", _sleeping(lines, at))
    return Found(f"panic: {found['said']}", stack=True)


def _sleeping(lines: Sequence[str], at: int) -> tuple[str, ...]:
    """The test that did not end: its frame in one of the goroutines."""
    frames = frames_of(lines[at:])
    tests = (frame.place for frame in frames if frame.file.endswith("_test.go"))
    return tuple(tests)[:1]


def _go(lines: Sequence[str], at: int) -> Found | None:
    """What the go command says itself."""
    found = _GO.match(lines[at].strip())
    if found is None or _NEWS.match(lines[at].strip()):
        return None
    said = _PACKAGE.sub(
        lambda part: part["name"], found["said"] or found["main"] or found["sum"]
    )
    return Found(f"go: {said.rstrip(':')}", rank=SUM)


EXTRACTORS = (
    Extractor(
        name="go module",
        words=("package ",),
        find=_module,
        samples=(
            Sample(
                "cart.go:4:2: no required module provides package "
                "github.com/acme/money/v2; to add it:\n\tgo get it",
                "go: no required module provides package money v2",
                "go error",
                ("cart.go",),
            ),
            Sample(
                "cart.go:4:2: missing go.sum entry for module providing package "
                "github.com/acme/money (imported by example.org/shop); to add:\n"
                "\tgo get example.org/shop",
                "go: missing go.sum entry for module providing package money",
                "go error",
                ("cart.go",),
            ),
            Sample(
                "cart.go:4:2: package shop/money is not in std (/usr/lib/go/src/x)",
                "go: package money is not in std",
                "go error",
                ("cart.go",),
            ),
        ),
    ),
    Extractor(
        name="go compiler",
        words=(".go:",),
        find=_compiler,
        cascade="go",
        samples=(
            Sample(
                "# example.org/shop/cart\n"
                "cart/cart.go:3:9: undefined: sum\n"
                'cart/cart.go:7:2: "os" imported and not used',
                "go build: undefined: sum",
                "compile error",
                ("cart.go",),
            ),
        ),
    ),
    Extractor(
        name="go test",
        words=("--- FAIL: ",),
        find=_test,
        samples=(
            Sample(
                "--- FAIL: TestSum (0.03s)\n"
                "    m_test.go:9: got 1, want 2\n"
                "FAIL\nFAIL\texample.org/shop\t0.031s\nFAIL",
                "go test: TestSum: got {n}, want {n}",
                "test failed",
                ("m_test.go",),
            ),
            Sample(
                "--- FAIL: TestSum (0.00s)\n    m_test.go:12: \n"
                "        \tError Trace:\t/srv/shop/m_test.go:12\n"
                "        \tError:      \tNot equal: \n        \t  \texpected: 3",
                "go test: TestSum: Not equal",
                "test failed",
                ("m_test.go",),
            ),
            Sample(
                "=== RUN   TestSum\n=== RUN   TestSum/empty\n"
                "    m_test.go:9: got 1, want 2\n"
                "--- FAIL: TestSum (0.00s)\n    --- FAIL: TestSum/empty (0.00s)",
                "go test: TestSum.empty: got {n}, want {n}",
                "test failed",
                ("m_test.go",),
            ),
        ),
    ),
    Extractor(
        name="go panic",
        words=("panic: ", "fatal error: "),
        find=_panic,
        samples=(
            Sample(
                "panic: runtime error: index out of range [5] with length 3\n\n"
                "goroutine 1 [running]:\n"
                "main.(*Cart).total(0xc000012345)\n"
                "\t/srv/shop/cart.go:12 +0x1d\n"
                "main.main()\n"
                "\t/srv/shop/main.go:8 +0x3a\n"
                "exit status 2",
                "panic: runtime error: index out of range [{n}] with length {n}",
                "panic",
                ("cart.go:Cart.total", "main.go:main"),
            ),
        ),
    ),
    Extractor(
        name="go itself",
        words=(
            "go: ",
            "go ",
            "main module",
            "go.sum entry",
            "checksum mism",
            "exclude all",
        ),
        find=_go,
        samples=(
            Sample(
                "go: cannot find main module, but found .git/config in /srv/shop",
                "go: cannot find main module, but found config in {path}",
                "go error",
            ),
        ),
    ),
    Extractor(
        name="go's end",
        words=("FAIL\t",),
        find=by_pattern(
            r"FAIL\t\S*?(?P<package>[^\s/]+)(?: \[(?P<why>[\w ]+)\])?(?:\t.*)?$",
            "go test: {package} {why}",
        ),
        rank=ECHO,
        samples=(
            Sample(
                "FAIL\texample.org/shop/cart [build failed]",
                "go test: cart build failed",
                "test failed",
            ),
        ),
    ),
)
