"""Lines that only tell of an error: a commit's message, what a test wrote.

In the history that git prints the message of a commit is indented; a test of jest
may write whatever it likes to the console, and that is shown as a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_COMMIT = re.compile(r"commit [0-9a-f]{7,40}\b")
_HEAD = re.compile(r"(?:Author|Date|AuthorDate|Commit|CommitDate|Merge): +\S")
_CONSOLE = re.compile(r"\s*\u25cf Console$")
_MESSAGE = "    "


def without_quoted(lines: Sequence[str]) -> Sequence[str]:
    """The lines, those that only tell of an error emptied; the count stays."""
    begins = [at for at, line in enumerate(lines) if _begins(line)]
    if not begins:
        return lines
    kept = list(lines)
    for begin in begins:
        for at in _block(lines, begin):
            kept[at] = ""
    return kept


def _begins(line: str) -> bool:
    if line.startswith("commit "):
        return _COMMIT.match(line) is not None
    return line.endswith("Console") and _CONSOLE.match(line) is not None


def _block(lines: Sequence[str], begin: int) -> Iterator[int]:
    """The lines below ``begin`` that belong to it."""
    commit = lines[begin].startswith("commit ")
    if commit and not any(map(_HEAD.match, lines[begin + 1 : begin + 3])):
        return
    for at in range(begin + 1, len(lines)):
        line = lines[at]
        if commit and _HEAD.match(line):
            continue
        if line and (not line.startswith(_MESSAGE) or line.lstrip()[:1] == "\u25cf"):
            return
        yield at
