"""make, cmake, ninja and other builders: mostly they repeat what others said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import ECHO, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_CMAKE = re.compile(
    r"CMake Error(?: at (?P<file>[^\s:]+):\d+ \((?P<call>\w+)\))?:?\s*(?P<said>.*)"
)


def _cmake(lines: Sequence[str], at: int) -> Found | None:
    """Cmake says what was wrong on the lines below."""
    found = _CMAKE.match(lines[at].strip())
    if found is None:
        return None
    below = next((line.strip() for line in lines[at + 1 : at + 4] if line.strip()), "")
    said = found["said"].strip(" :") or below
    where = base_of(found["file"]) if found["file"] else ""
    return Found(f"cmake: {said}", (where,) if where else ())


EXTRACTORS = (
    Extractor(
        name="bazel",
        words=("ERROR: ",),
        find=by_pattern(
            r"ERROR: (?:\S*/BUILD(?:\.bazel)?:\d+:\d+: (?P<rule>\S+ \S+?) (?:[^:]* )?"
            r"failed: (?P<why>.+)|no such (?P<what>target|package) "
            r"'(?:@?[\w-]*//)(?P<label>[^']+)'.*)",
            "bazel: {rule}{what} {why}{label}",
        ),
        cascade="bazel",
        samples=(
            Sample(
                "ERROR: /srv/shop/src/BUILD:3:10: Compiling src/till.cc failed: "
                "(Exit 1): gcc failed",
                "bazel: Compiling till.cc (Exit 1): gcc failed",
                "bazel error",
            ),
            Sample(
                "ERROR: no such target '//src:till': target 'till' not declared",
                "bazel: target src:till",
                "bazel error",
            ),
        ),
    ),
    Extractor(
        name="cmake",
        words=("CMake Error",),
        find=_cmake,
        cascade="cmake",
        samples=(
            Sample(
                "CMake Error at CMakeLists.txt:7 (find_package):\n"
                '  Could not find a package configuration file provided by "Till"',
                'cmake: Could not find a package configuration file provided by "Till"',
                "cmake error",
                ("CMakeLists.txt",),
            ),
        ),
    ),
    Extractor(
        name="make rule",
        words=(
            "*** No rule",
            "*** missing",
            "*** No targets",
            "*** commands commence",
            "*** recipe commences",
            "*** multiple target",
            "*** unterminated",
        ),
        find=by_pattern(
            r"(?:(?P<file>\S+):\d+:|g?make(?:\[\d+\])?:) \*\*\* (?P<said>.+?)"
            r"\.?(?:\s+Stop\.)?$",
            "make: {said}",
            "{file}",
        ),
        samples=(
            Sample(
                "make: *** No rule to make target 'till.o', needed by 'all'.  Stop.",
                "make: No rule to make target 'till.o', needed by 'all'",
                "make error",
            ),
            Sample(
                "Makefile:3: *** missing separator.  Stop.",
                "make: missing separator",
                "make error",
                ("Makefile",),
            ),
        ),
    ),
    Extractor(
        name="make's echo",
        words=("*** [", "subcommand failed", "Recipe `", "recipe for target"),
        find=by_pattern(
            r"g?make(?:\[\d+\])?: (?P<make>\*\*\* \[.*\] .+)"
            r"|(?P<ninja>ninja: build stopped: subcommand failed)"
            r"|error: (?P<just>Recipe `.+` failed) .*",
            "make: {make}{ninja}{just}",
        ),
        rank=ECHO,
        samples=(
            Sample(
                "make: *** [Makefile:9: all] Error 2",
                "make: *** [Makefile:{n}: all] Error 2",
                "make error",
            ),
        ),
    ),
)
