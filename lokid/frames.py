"""Frames of a stack in a program's output, Python's and Node's.

Two readings of the same lines: the harness's own rule for its fingerprint
(any recognised frame, first five, over the whole text), and ours for a key:
frames of our own code nearest to the raise, nearest first.  Where the harness
takes any words after ``at`` for a symbol, we ask for a name: prose that begins
with "at" is no frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

ANONYMOUS = "<anonymous>"

_NEAR = 3
_WORD = r"[\w$.<>#@\[\]:*-]+"
_NAME = rf"(?:(?:async|new|get|set|static) )*{_WORD}(?: \[as \S+\])?"
_IN = re.compile(
    rf'\s*(?:[|+]\s*)*(?:File "(?P<file>[^"]*)")?.*\bline \d+, in (?P<name>{_WORD})$'
)
_AT_CALL = re.compile(
    rf"\s+at (?P<name>{_NAME}) "
    r"\((?P<file>[^()\s]*[:/\\][^()]*|eval at .*|native|<anonymous>)\)$"
)
_AT_PLACE = re.compile(r"\s+at (?:async )?(?P<file>\S*[/\\]\S*|\S+:\d+:\d+)$")
_AT_NAME = re.compile(rf"\s+at (?P<name>{_NAME})(?:\(.*\))?$")
_PYTEST = re.compile(r"(?P<file>\S+\.py):\d+: in (?P<name>\S+)$")
_TAIL = re.compile(r"\s*\(.*\)$|\s+\+?0x[0-9a-fA-F]+$|:\d+(?::\d+)?$")
_NOT_OURS = re.compile(
    r"site-packages|dist-packages|/usr/lib/python|lib/python3\.\d+/|^<frozen"
    r"|node_modules|^node:|\(internal/|^internal/"
)


class Frame(msgspec.Struct, frozen=True):
    """One frame: the line it stands on, its symbol, its file where known.

    ``counted`` frames are the harness's; ``outermost_first`` tells Python's
    order (the raise is last) from Node's (the raise is first).
    """

    at: int
    symbol: str
    file: str
    counted: bool
    outermost_first: bool

    @property
    def ours(self) -> bool:
        """Whether the frame lies in the workspace's own code."""
        return not _NOT_OURS.search(self.file)


def frames_of(lines: Sequence[str]) -> list[Frame]:
    """Every recognised frame, in the order of the text."""
    return list(_frames(lines))


def near_of(
    frames: Sequence[Frame], lines: Sequence[str], error_at: int
) -> tuple[str, ...]:
    """Up to three symbols of our own code, nearest to the raise first.

    ``error_at`` is the line of the error; below 0, the last stack counts.
    """
    stack = _stack_of(frames, lines, error_at)
    ordered = reversed(stack) if stack and stack[0].outermost_first else stack
    return tuple(frame.symbol for frame in ordered if frame.ours)[:_NEAR]


def _frames(lines: Sequence[str]) -> Iterator[Frame]:
    for at, line in enumerate(lines):
        if found := _IN.match(line):
            name, file = _cut(found["name"]), found["file"] or ""
            yield Frame(at, name, file, counted=True, outermost_first=True)
        elif found := _PYTEST.match(line):
            name, file = found["name"], found["file"]
            yield Frame(at, name, file, counted=False, outermost_first=True)
        elif frame := _node_frame(at, line):
            yield frame


def _node_frame(at: int, line: str) -> Frame | None:
    if found := _AT_CALL.match(line):
        name, file = _cut(found["name"]), found["file"]
    elif found := _AT_PLACE.match(line):
        name, file = ANONYMOUS, found["file"]
    elif found := _AT_NAME.match(line):
        name, file = _cut(found["name"]), ""
    else:
        return None
    return Frame(at, name, file, counted=True, outermost_first=False)


def _cut(name: str) -> str:
    """A symbol without what hangs on it: arguments, address, line and column."""
    name = name.strip()
    while (shorter := _TAIL.sub("", name)) != name and shorter:
        name = shorter
    return name


def _stack_of(
    frames: Sequence[Frame], lines: Sequence[str], error_at: int
) -> list[Frame]:
    """The one stack that belongs to an error: right after it, else before it."""
    after = [frame for frame in frames if frame.at > error_at]
    if error_at >= 0 and after and after[0].at == error_at + 1:
        return _run(after, lines)
    before = [frame for frame in frames if error_at < 0 or frame.at < error_at]
    return _run(before[::-1], lines)[::-1]


def _run(frames: Sequence[Frame], lines: Sequence[str]) -> list[Frame]:
    """Frames that stand together, source lines between them allowed."""
    run: list[Frame] = []
    for frame in frames:
        if run and not _together(run[-1], frame, lines):
            break
        run.append(frame)
    return run


def _together(one: Frame, other: Frame, lines: Sequence[str]) -> bool:
    low, high = sorted((one.at, other.at))
    between = lines[low + 1 : high]
    return one.outermost_first == other.outermost_first and all(
        line[:1].isspace() for line in between
    )
