"""Linkers: a symbol or a library that is not there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import (
    ECHO,
    Extractor,
    Found,
    Sample,
    by_pattern,
)
from lokid.frames import place

_RANDOM = re.compile(r"cc\w{6}\.o$")
_UNDEFINED = re.compile(
    r"(?:\S*ld(?:\.\w+)?(?:\.exe)?: )?(?:(?P<file>[\w./+-]+\.\w+):(?:\d+|\([^)]*\)): )?"
    r"(?P<said>undefined reference to [`'].+|multiple definition of [`'][^;]+)"
    r"|(?:= note: )?(?:\S*ld(?:\.\w+)?: error: )(?P<lld>undefined symbol: \S.*)"
)
_IN_FUNCTION = re.compile(r".*: in function [`'](?P<name>[^`']+)':?$")
_APPLE = re.compile(r'"_?(?P<name>[^"]+)", referenced from:$')
_NO_LIBRARY = re.compile(r"(?:\S+: )?(?P<said>cannot find -l\S+?)(?::.*)?$")


def _linker(lines: Sequence[str], at: int) -> Found | None:
    """A symbol that no object has, and the function that wants it."""
    text = lines[at].strip()
    found = _UNDEFINED.match(text)
    if found is None:
        return None
    above = (_IN_FUNCTION.match(line) for line in reversed(lines[max(0, at - 3) : at]))
    function = next((one["name"] for one in above if one), "")
    file = found["file"] or ""
    where = place("" if _RANDOM.search(file) else file, function)
    said = re.sub(r"[`'](.+?)'.*", r"'\1'", found["said"] or found["lld"])
    return Found(f"link error: {said}", (where,) if where else ())


def _apple_linker(lines: Sequence[str], at: int) -> Found | None:
    """The same by the linker of macOS."""
    found = _APPLE.match(lines[at].strip())
    if found is None or "Undefined symbols" not in lines[max(0, at - 1)]:
        return None
    return Found(f"link error: undefined reference to '{found['name']}'")


def _library(lines: Sequence[str], at: int) -> Found | None:
    """A library that the linker cannot find."""
    found = _NO_LIBRARY.match(lines[at].strip())
    return found and Found(f"link error: {found['said']}")


EXTRACTORS = (
    Extractor(
        name="linker",
        words=(
            "undefined reference to",
            "undefined symbol: ",
            "multiple definition of",
        ),
        find=_linker,
        cascade="linker",
        samples=(
            Sample(
                "/usr/bin/ld: /tmp/ccX1y2Z3.o: in function `total':\n"
                "m.c:(.text+0x1d): undefined reference to `sum'\n"
                "collect2: error: ld returned 1 exit status",
                "link error: undefined reference to 'sum'",
                "link error",
                ("m.c:total",),
            ),
        ),
    ),
    Extractor(
        name="linker of macOS",
        words=("referenced from:",),
        find=_apple_linker,
        cascade="linker",
        samples=(
            Sample(
                "Undefined symbols for architecture arm64:\n"
                '  "_sum", referenced from:\n      _main in m.o',
                "link error: undefined reference to 'sum'",
                "link error",
            ),
        ),
    ),
    Extractor(
        name="missing library",
        words=("cannot find -l",),
        find=_library,
        samples=(
            Sample(
                "/usr/bin/ld: cannot find -lcart: No such file or directory",
                "link error: cannot find -lcart",
                "link error",
            ),
        ),
    ),
    Extractor(
        name="linker's end",
        words=("ld returned", "linker command failed", "linking with"),
        find=by_pattern(
            r"(?:collect2|clang(?:\+\+)?)?:? ?error: (?P<said>ld returned .+"
            r"|linker command failed .+|linking with .+)",
            "link error: {said}",
        ),
        rank=ECHO,
        samples=(
            Sample(
                "collect2: error: ld returned 1 exit status",
                "link error: ld returned {n} exit status",
                "link error",
            ),
        ),
    ),
)
