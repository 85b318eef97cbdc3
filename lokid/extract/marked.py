"""Failures of tools that nobody here knows.

`EXTRACTORS` are lines with a mark that only a program sets (``[ERROR] ...``,
``error Your lockfile ...``, ``level=error``): they count wherever they stand,
below every line that is known.  `telling` reads what is certainly the text of a
failed call, where even a line without a mark may say why.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from lokid.extract.extractor import ECHO, MARK, Extractor, Found, Sample, by_pattern

_FILE = r"(?P<file>[\w./@-]+\.\w{1,6})(?::\d+)+"
_BRACKET = re.compile(
    r"(?P<glyph>[\u2718\u2716\u00d7\u2717] )?\[(?P<mark>ERROR|[A-Z]+_[A-Z_]*[A-Z])\] "
    r"(?P<said>(?:\[plugin [\w-]+\] )?(?!.*\bno errors?\b)\S.*)"
)
_BELOW = re.compile(rf"\W*\[?\s*{_FILE}\W*$")
_BUILDERS = (("vite", "vite"), ("rolldown", "rolldown"), ("rollup", "rollup"))
_LEVEL = re.compile(
    r"(?:.{0,60}\s)?level=(?:error|fatal|panic)\b.*?\bmsg=(?:\"(?P<said>[^\"]+)\""
    r"|(?P<word>\S+))"
    r"|\{.*\"level\":\s?\"(?:error|fatal|panic)\".*?\"(?:msg|message)\":"
    r"\s?\"(?P<told>[^\"]+)\""
)


def _bracketed(lines: Sequence[str], at: int) -> Found | None:
    """``[ERROR] Unexpected ";"`` of a bundler; its file stands below."""
    found = _BRACKET.match(lines[at].strip())
    if found is None:
        return None
    below = lines[at + 1 : at + 4]
    where = next(filter(None, map(_BELOW.match, below)), None)
    if where is None:
        if not found["glyph"] and found["mark"] == "ERROR":
            return None  # a log's level: whoever logs it is not at its end
        return Found(f"{found['mark']}: {found['said']}")
    around = "\n".join([*lines[max(0, at - 12) : at], lines[at]])
    tool = next((name for word, name in _BUILDERS if word in around), "esbuild")
    file = where["file"].rsplit("/", 1)[-1]
    return Found(f"{tool}: {found['said']}", (file,), rank=MARK + 1)


EXTRACTORS = (
    Extractor(
        name="mark in brackets",
        words=("ERROR] ", "_EXPORT] "),
        find=_bracketed,
        rank=MARK,
        cascade="bundler",
        samples=(
            Sample(
                '\u2718 [ERROR] Unexpected ";"\n\n    src/till.js:3:9:\n',
                'esbuild: Unexpected ";"',
                "esbuild error",
                ("till.js",),
            ),
            Sample(
                "vite v8.0.0 building for production...\n"
                "[PARSE_ERROR] Unexpected token\n   \u256d\u2500[ src/till.js:1:12 ]",
                "vite: Unexpected token",
                "vite error",
                ("till.js",),
            ),
        ),
    ),
    Extractor(
        name="level of a log line",
        words=("level",),
        find=by_pattern(_LEVEL.pattern, "log: {said}{word}{told}"),
        rank=MARK,
        samples=(
            Sample(
                'time="2026-03-01T10:00:00Z" level=error msg="no till is open"',
                "log: no till is open",
                "log error",
            ),
            Sample(
                '{"level":"error","ts":1.2,"msg":"no till is open"}',
                "log: no till is open",
                "log error",
            ),
        ),
    ),
)

_LOOKED_AT = 60
"""Lines of a failed call's end among which the telling one is looked for."""
_SILENT = re.compile(
    r"(?:Error: )?Exit code -?\d+$|\W*$|[\d\W]+$|<\w+>|.*[\u2588\u2591]|\s*at \S"
    r"|\s*File \".*\", line \d|\s*-{2}> |Node\.js v\d|(?i:did you mean\b|note\b|hint\b"
    r"|info\b|help\b|usage\b|see \S|try \S|run [`'\"]|for more |for usage|more info"
    r"|warning\b|warn\b|debug\b|\(use )|\d+ (?:errors?|problems?|issues?|warnings?)\b"
    r"|.*\b0 (?:errors?|failed|failures)\b|.*: in (?:main chunk|function )"
)
"""Lines that never say why: counts, hints, frames, progress."""
_COMPLAINS = re.compile(
    r"(?i)\b(?:error|err|fail(?:ed|ure|s)?|fatal|cannot|can't|can not|could not"
    r"|couldn't|unable|invalid|unknown|unrecognized|unexpected|undefined|unsupported"
    r"|missing|no such|not|doesn't|does not|don't|denied|refused|rejected|aborted|abort"
    r"|illegal|bad|broken|must|requires?|expected|exceeded|too (?:many|long|large|few)"
    r"|conflicts?|corrupt|mismatch|unhealthy|outdated|changed significantly|timed out"
    r"|already exists)\b"
)
_NOTHING_TO_DO = re.compile(r"nothing (?:added )?to commit|no changes added to commit")
"""What git answers to a commit, and to a plain question too, which fails not."""
_WORD = re.compile(r"[^\W\d_]{2}")


def telling(
    lines: Sequence[str], begin: int, end: int, known: Container[int] = ()
) -> Found | None:
    """The last line of a failed call that says why, else its last words at all.

    The lines that are ``known`` as echoes are passed over.

    Only for text that is certainly a failed call's; a line without any complaint
    counts as little as an echo.
    """
    last: int | None = None
    for at in range(end - 1, max(begin, end - _LOOKED_AT) - 1, -1):
        text = lines[at].strip()
        if at in known or _SILENT.match(text) or not _speaks(text):
            continue
        if (quiet := _NOTHING_TO_DO.match(text)) is not None:
            return Found(f"git: {quiet[0]}", at=at, rank=MARK)
        if _COMPLAINS.search(text):
            return Found(text, at=at, rank=MARK, stack=True)
        last = at if last is None else last
    if last is None:
        return None
    return Found(lines[last].strip(), at=last, rank=ECHO, stack=True)


def _speaks(text: str) -> bool:
    """Whether a line holds two words: a name alone is no reason."""
    return sum(map(bool, map(_WORD.search, text.split()))) > 1


TELLING = Extractor(
    name="last words",
    words=(),
    find=lambda lines, at: telling(lines, at, at + 1),
    rank=MARK,
    samples=(),
)
"""What `telling` finds goes by this name; it is asked for by the part, not the line."""
