"""What many tools write alike: ``tool: error: ...`` and ``error: ...``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_TOOL = re.compile(
    r"(?:\S*python[\d.]* -m )?(?P<tool>[A-Za-z./][\w./+@-]*): (?:fatal )"
    r"?(?:error|ERROR|Error): (?P<said>.+)"
)
_NODE_FRAME = re.compile(r"\s+at \S")
_PLAIN = re.compile(
    r"(?:\[)?(?P<level>Error|ERROR|error|FATAL|CRITICAL)(?:\])?:? (?P<said>\S.*)"
)
_COUNT = re.compile(r"\d+ |in |at |code |log|message|handling|on ")


def _tool(lines: Sequence[str], at: int) -> Found | None:
    """``till.py: error: unrecognized arguments: --all``."""
    found = _TOOL.match(lines[at].strip())
    return found and Found(f"{base_of(found['tool'])}: error: {found['said']}")


EXTRACTORS = (
    Extractor(
        name="agent's own tool",
        words=("<tool_use_error>",),
        find=by_pattern(r"<tool_use_error>(?P<said>[^<]+)", "tool_use: {said}"),
        samples=(
            Sample(
                "<tool_use_error>String to replace not found in file.",
                "tool_use: String to replace not found in file.",
                "tool_use error",
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
            r"(?P<level>Error|ERROR|error|FATAL|CRITICAL):\s+(?P<said>(?!usage: )\S.*)",
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
