"""The error line and the frames in a program's output.

`error_of` gives the last error of the strongest kind that the output holds,
the first five frames by the harness's own rule (they give its fingerprint),
and up to three frames of our own code nearest to the raise.  All of it is raw:
``redact.py`` comes after.

An error line is one that a program writes when it fails: an exception with its
message, a compiler's or a test's code, a shell's or a tool's complaint.  Prose
that only speaks of errors ("0 errors in lint.") is none.

Each kind is a `Rule`: a pattern, a rank, and how the line reads.  A line that
names the cause (rank 3) wins over one that sums up (2) and over ``make``'s
echo (1); among equals the last one wins, since a program's end is its cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from lokid.frames import ANONYMOUS, Frame, frames_of, near_of

_LONGEST = 2000  # characters of a line that are looked at
_FIRST_SYMBOLS = 5
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Error(msgspec.Struct, frozen=True):
    """What an output says about its failure, raw.

    ``line`` is None where only frames were found.
    """

    line: str | None
    symbols: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """One kind of error line: pattern, rank, and what the line reads like.

    ``goes_on``: where the line ends with a colon, the next one is its message.
    """

    pattern: re.Pattern[str]
    rank: int
    read: Callable[[re.Match[str]], str]
    goes_on: bool = False


def _whole(found: re.Match[str]) -> str:
    return found[0].strip()


def _exception(found: re.Match[str]) -> str:
    """``json.decoder.JSONDecodeError: x`` reads ``JSONDecodeError: x``."""
    name = re.split(r"[.$]|::", found["name"])[-1]
    return f"{name}: {found['text']}" if found["text"] else name


_CLASS = r"(?P<name>(?:[A-Za-z_]\w*(?:\.|::|\$))*[A-Z_]\w*?(?:Error|Exception|Interrupt"
_CLASS += r"|Exit|Failure|Fault|Panic))"
_BEFORE = r"(?:E\s{1,6}|Uncaught |Unhandled |Caused by: |\[?Exception in thread \S+ )*"


def _rule(
    rank: int,
    pattern: str,
    read: Callable[[re.Match[str]], str] = _whole,
    *,
    goes_on: bool = False,
) -> Rule:
    return Rule(re.compile(pattern), rank, read, goes_on)


RULES: tuple[Rule, ...] = (
    _rule(3, rf"{_BEFORE}{_CLASS}(?: \[\w+\])?(?::\s+(?P<text>\S.*)|\s*$)", _exception),
    _rule(3, r".*(?:\(|: )(?P<text>[^()]+) \((?P<name>[A-Z]\w*Error)\)$", _exception),
    _rule(3, r"error\[E\d{4}\]: .+"),
    _rule(3, r"\S.*\berror (?:TS|CS|C|LNK|FS|MSB)\d+\s?: .+"),
    _rule(3, r"\S+?:\d+(?::\d+)?: (?:fatal )?error: .+"),
    _rule(3, r"npm (?:error|ERR!) code \S+"),
    _rule(3, r"(?:\S+: )?(?:line \d+: |\d+: )?\S+: (?:command )?not found$"),
    _rule(3, r"zsh: command not found: \S+"),
    _rule(3, r"[\w./+-]+: .*\b(?:Permission denied|No such file or directory)$"),
    _rule(3, r"[A-Za-z][\w./+@-]*: (?:fatal )?error: .+"),
    _rule(3, r"fatal: .+"),
    _rule(3, r"--- FAIL: \S+.*"),
    _rule(3, r"panic: .+"),
    _rule(3, r"thread '.*' panicked at .+", goes_on=True),
    _rule(3, r"API Error: \d{3}\b.*"),
    _rule(
        3,
        r"(?i)(?:.*\b)?(?:rate[_ ]limit(?:ed|_error| exceeded| reached)"
        r"|too many requests|usage limit reached|invalid api key"
        r"|authentication_error|overloaded_error|401 unauthorized)\b.*",
    ),
    _rule(3, r"(?:HTTP(?:/\S+)?|status(?: code)?)[ :=]+(?:401|403|429|5\d\d)\b.*"),
    _rule(2, r"(?:Error|ERROR|error|FATAL|CRITICAL): \S.*"),
    _rule(2, r"E\s{1,6}assert .+"),
    _rule(2, r"FAILED \S*[/:.]\S*.*"),
    _rule(1, r"make(?:\[\d+\])?: \*\*\* .+"),
)

_TRACEBACK = re.compile(
    r'\s*(?:[|+]\s*)*(?:Traceback \(most recent|File ".*", line \d+)'
)
_RAISED = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(?::\s+(?P<text>.*))?$")
_NODE_FRAME = re.compile(r"\s+at \S")


class _Best(msgspec.Struct):
    """The best line so far, where it stands, and its rank."""

    rank: int = 0
    at: int = -1
    line: str | None = None

    def offer(self, rank: int, at: int, line: str) -> None:
        if rank >= self.rank:
            self.rank, self.at, self.line = rank, at, line


def error_of(lines: Sequence[str]) -> Error | None:
    """The failure that this output tells, or None when it tells none."""
    clean = [_ANSI.sub("", line)[:_LONGEST].rstrip() for line in lines]
    best = _best_line(clean)
    frames = frames_of(clean)
    if best.line is None and not frames:
        return None
    return Error(
        line=best.line,
        symbols=tuple(_symbols(frames)),
        near=near_of(frames, clean, best.at),
    )


def fingerprint(symbols: Sequence[str], error_class: str = "IterationError") -> str:
    """The harness's own fingerprint of these frames (sha256, hex)."""
    raw = "\n".join(symbols).replace("(anonymous)", ANONYMOUS)
    return sha256(f"{error_class}\n{raw}".encode()).hexdigest()


def _symbols(frames: Sequence[Frame]) -> list[str]:
    return [frame.symbol for frame in frames if frame.counted][:_FIRST_SYMBOLS]


def _best_line(lines: Sequence[str]) -> _Best:
    best = _Best()
    in_traceback = False
    for at, line in enumerate(lines):
        if _TRACEBACK.match(line):
            in_traceback = True
            continue
        if in_traceback and line and not line[0].isspace():
            in_traceback = False
            if raised := _RAISED.match(line):
                best.offer(3, at, _exception(raised))
                continue
        if line.strip():
            _offer_by_rule(best, lines, at)
    return best


def _offer_by_rule(best: _Best, lines: Sequence[str], at: int) -> None:
    text = lines[at].strip()
    following = lines[at + 1] if at + 1 < len(lines) else ""
    for rule in RULES:
        if found := rule.pattern.match(text):
            said = rule.read(found)
            if rule.goes_on and said.endswith(":"):
                said = f"{said} {following.strip()}"
            thrown = _NODE_FRAME.match(following)
            best.offer(3 if thrown else rule.rank, at, said)
            return
