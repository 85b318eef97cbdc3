"""What many tools write alike: ``tool: error: ...`` and ``error: ...``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_TOOL = re.compile(
    r"(?:\S*python[\d.]* -m )?(?P<tool>[A-Za-z./][\w./+@-]*): (?:fatal )?(?:error|ERROR|Error): (?P<said>.+)"
)
_NODE_FRAME = re.compile(r"\s+at \S")
_PLAIN = re.compile(
    r"(?:\[)?(?P<level>Error|ERROR|error|FATAL|CRITICAL)(?:\])?:? (?P<said>\S.*)"
)
_COUNT = re.compile(r"\d+ |in |at |code |log|message|handling|on ")
_ABORTED = re.compile(
    r"(?P<program>\S+): (?P<file>[^\s:]+):\d+: (?:.*[\s*&])?(?P<function>\w+)(?:\(.*\))?: Assertion [`'](?P<said>.+)' failed\."
)
_SANITIZER = re.compile(
    r"==\d+==\s?ERROR: (?P<tool>\w+Sanitizer): (?P<said>[\w -]+?)(?: on | \(|:|$)"
)


def _tool(lines: Sequence[str], at: int) -> Found | None:
    """``till.py: error: unrecognized arguments: --all``."""
    found = _TOOL.match(lines[at].strip())
    return found and Found(f"{base_of(found['tool'])}: error: {found['said']}")


def _assertion(lines: Sequence[str], at: int) -> Found | None:
    """A C program's assertion."""
    found = _ABORTED.match(lines[at].strip())
    if found is None:
        return None
    return Found(
        f"Assertion failed: {found['said']}",
        (f"{base_of(found['file'])}:{found['function']}",),
    )


EXTRACTORS = (
    Extractor(
        name="assertion in C",
        words=("Assertion ",),
        find=_assertion,
        samples=(
            Sample(
                "till: src/cart.c:12: total: Assertion `sum > 0' failed.\nAborted (core dumped)",
                "Assertion failed: sum ) {n}",
                None,
                ("cart.c:total",),
            ),
        ),
    ),
    Extractor(
        name="sanitizer",
        words=("Sanitizer: ",),
        find=lambda lines, at: (
            (found := _SANITIZER.match(lines[at].strip()))
            and Found(f"{found['tool']}: {found['said']}", stack=True)
        ),
        samples=(
            Sample(
                "==123==ERROR: AddressSanitizer: heap-use-after-free on address 0x60\n"
                "READ of size 4 at 0x602 thread T0\n"
                "    #0 0x401 in total /srv/shop/cart.c:12:3",
                "AddressSanitizer: heap-use-after-free",
                "AddressSanitizer",
                ("cart.c:total",),
            ),
        ),
    ),
    Extractor(
        name="tool's error",
        words=(": error: ", ": ERROR: ", ": Error: "),
        find=_tool,
        samples=(
            Sample(
                "usage: till.py [-h]\ntill.py: error: unrecognized arguments: --all",
                "till.py: error: unrecognized arguments: --all",
                "till.py error",
            ),
        ),
    ),
    Extractor(
        name="plain error",
        words=("rror: ", "RROR: ", "FATAL: ", "CRITICAL: "),
        find=by_pattern(
            r"(?P<level>Error|ERROR|error|FATAL|CRITICAL): (?P<said>(?!usage: )\S.*)",
            "{level}: {said}",
        ),
        rank=SUM,
        samples=(
            Sample(
                "Error: No such option: --till",
                "Error: No such option: --till",
                "Error",
            ),
        ),
    ),
)
