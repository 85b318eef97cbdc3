"""Programs of every day, and any that says what it cannot do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern
from lokid.extract.shell import WHERE
from lokid.frames import base_of

_ERRNO = (
    r"Permission denied|No such file or directory|Is a directory|Not a directory"
    r"|Directory not empty|File exists|No space left on device|Read-only file system"
    r"|Operation not permitted|Device or resource busy|Too many open files"
    r"|Argument list too long|Text file busy|Invalid cross-device link"
    r"|Disk quota exceeded|File name too long|Input/output error"
    r"|Too many levels of symbolic links|Cannot allocate memory|Broken pipe"
    r"|cannot execute(?:: required file not found| binary file(?:: Exec format error)?)"
    r"|bad interpreter(?:: No such file or directory)?|Exec format error"
)
_FAILED = re.compile(
    rf"(?P<tool>[\w./+-]+)(?: \(child\))?: (?P<said>(?:[^:]"
    rf"|:(?! ))*?(?:: )?(?:.{{0,160}}?: )?(?:{_ERRNO})\.?)$"
)
_DAILY = (
    "grep|egrep|sed|awk|gawk|mawk|find|xargs|tar|cp|mv|rm|ls|cat|mkdir"
    "|rmdir|chmod|chown"
    "|ln|touch|head|tail|sort|cut|tr|wc|diff|patch|du|df|dd|stat|rsync|scp|unzip|zip"
    "|gzip|gunzip|jq|wget|node|deno|bun|ruby|perl|php|java|kill|sudo|mount|tee"
    "|docker|kubectl"
    "|terraform|helm|protoc|zig"
)
"""Programs that begin what they complain of with their name."""
_COMPLAINT = (
    r"(?i:.*\b(?:cannot|can't|could not|couldn't|invalid|missing|unknown"
    r"|unrecognized|no such"
    r"|not|failed|error|bad|illegal|unterminated|unmatched|expected"
    r"|unexpected|denied|too"
    r"|out of|doesn't|unable|must|requires?d?|trailing|incorrect)\b.*)"
)
_NO_TOOLS = frozenset(
    {
        "feat", "fix", "docs", "chore", "test", "refactor", "style", "perf",
        "ci", "build", "revert", "note", "warning", "warn", "info", "hint",
        "debug", "usage", "remote", "help", "error", "todo", "see", "and",
        "but", "or", "so", "then", "why", "config", "status",
    }
)  # fmt: skip
"""What may stand before a colon and is no program: a commit's kind, a level."""
_CANNOT = (
    r"(?i:(?:error: )?(?:cannot|can't|could not|couldn't|unable to"
    r"|failed to|invalid|unknown"
    r"|unrecognized|no such|bad "
    r"|illegal|not found|not enough|command not|too (?:many|few)"
    r"|permission|unexpected|unsupported).*)"
)
"""How a tool that nobody here knows begins what it complains of."""
_OPTION = re.compile(
    r"(?P<tool>[a-z][\w.+-]*): (?P<said>(?:unrecognized|invalid|unknown"
    r"|illegal) option.*"
    r"|option requires an argument.*|missing (?:file )?operand.*|extra operand.*"
    r"|invalid (?:date|mode|number|argument|regular expression).*"
    r"|cannot stat .*|cannot access .*|cannot create .*|cannot open .*|cannot remove .*"
    r"|no process found.*|not a regular file.*)"
)


def _failed(lines: Sequence[str], at: int) -> Found | None:
    """``cat: till.json: No such file or directory``."""
    text = lines[at].strip()
    found = _FAILED.match(text)
    if found is None:
        return None
    tool = base_of(found["tool"])
    shelled = re.match(rf"(?:{WHERE})(?P<rest>.+)", text)
    if shelled and (shelled["rest"].startswith("cd: ") or tool.endswith("sh")):
        return Found(f"bash: {shelled['rest']}")
    return Found(f"{tool}: {found['said']}")


_ANY_TOOL = re.compile(
    rf"(?:/\S+/)?(?P<tool>[a-z][\w.+-]{{1,24}}): (?P<said>{_CANNOT})"
)


def _any_tool(lines: Sequence[str], at: int) -> Found | None:
    """A program that nobody here knows, and what it cannot do."""
    found = _ANY_TOOL.match(lines[at].strip())
    if found is None or found["tool"] in _NO_TOOLS:
        return None
    return Found(f"{found['tool']}: {found['said']}")


EXTRACTORS = (
    Extractor(
        name="system's error",
        words=tuple(
            _ERRNO.replace(
                "(?:: required file not found| binary file(?:: Exec format error)?)", ""
            )
            .replace("(?:: No such file or directory)?", "")
            .split("|")
        ),
        find=_failed,
        samples=(
            Sample(
                "cat: /srv/till.json: No such file or directory",
                "cat: till.json: No such file or directory",
                "ENOENT",
            ),
            Sample(
                "ls: cannot access '/srv/shop/tills': No such file or directory",
                "ls: cannot access '{path}': No such file or directory",
                "ENOENT",
            ),
            Sample(
                "bash: line 1: cd: tills: No such file or directory",
                "bash: cd: tills: No such file or directory",
                "ENOENT",
            ),
            Sample(
                "cp: error writing '/srv/x.db': No space left on device",
                "cp: error writing 'x.db': No space left on device",
                "cp error",
            ),
        ),
    ),
    Extractor(
        name="tool of every day",
        words=(": ",),
        find=by_pattern(
            rf"(?:/\S+/)?(?P<tool>{_DAILY}): (?P<said>(?!warning"
            rf"|Error is not recov){_COMPLAINT})",
            "{tool}: {said}",
        ),
        rank=SUM,
        samples=(
            Sample(
                "grep: missing closing parenthesis",
                "grep: missing closing parenthesis",
                "grep error",
            ),
        ),
    ),
    Extractor(
        name="any other tool",
        words=(": ",),
        find=_any_tool,
        rank=SUM,
        samples=(
            Sample(
                "tillctl: unknown till 'seven'",
                "tillctl: unknown till 'seven'",
                "tillctl error",
            ),
        ),
    ),
    Extractor(
        name="wrong option",
        words=(
            "option",
            "operand",
            "invalid ",
            "cannot ",
            "no process",
            "not a regular",
        ),
        find=by_pattern(_OPTION.pattern, "{tool}: {said}"),
        samples=(
            Sample(
                "sed: invalid option -- 'E'", "sed: invalid option -- 'E'", "sed error"
            ),
            Sample(
                "ls: unrecognized option '--till'",
                "ls: unrecognized option '--till'",
                "ls error",
            ),
        ),
    ),
)
