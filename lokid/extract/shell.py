"""The shell and the tools of every day: not found, not allowed, killed.

bash, dash, zsh, busybox and fish spell a missing command differently; here it
is ``jq: command not found`` for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import CAUSE, SUM, Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

_SHELL = r"(?:\S*/)?-?(?:ba|z|da|a|k|mk)?sh"
_WHERE = (
    rf"(?:\(eval\):\d+: |(?:{_SHELL}|\S+\.(?:ba|z)?sh|\S+): "
    r"(?:-c: )?(?:line )?\d+: |zsh:\d+: "
    rf"|{_SHELL}: )"
)
_NOT_FOUND = (
    re.compile(r"g?make(?:\[\d+\])?: (?P<what>[^\s:/]+): No such file or directory$"),
    re.compile(
        rf"(?:{_WHERE})?(?:(?:exec|sudo|xargs|nohup|nice|time): )?"
        r"(?P<what>[^\s:]+): (?:command )?not found$"
    ),
    re.compile(
        r"(?:(?:zsh|fish|\(eval\)|-?\w*sh)?:?(?:\d+:)? ?)?"
        r"(?:command not found|Unknown command)[: ]+(?P<what>[^\s:]+)$"
    ),
    re.compile(
        r"(?:/usr/bin/)?env: (?:line \d+: )?[\u2018'\"]?(?P<what>[^\s\u2019'\"/]+)[\u2019'\"]?: "
        r"No such file or directory$"
    ),
    re.compile(
        r"(?P<said>'(?P<what>[^']+)' is not recognized as an internal or external)"
    ),
    re.compile(r".*The term '(?P<what>[^']+)' is not recognized as "),
)
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
_NO_RIGHT = re.compile(
    rf"(?:{_WHERE})(?P<what>[^:]+): (?P<said>Permission denied|Is a directory|cannot execute"
    r".*|Exec format error|.*bad interpreter.*)$"
)
_REFUSED = re.compile(r"(?:zsh|\(eval\)):(?:\d+:)? permission denied: (?P<what>\S+)$")
_FAILED = re.compile(
    rf"(?P<tool>[\w./+-]+)(?: \(child\))?: (?P<said>(?:[^:]|:(?! ))*?(?:: )?(?:.{{0,160}}?: )?(?:{_ERRNO})\.?)$"
)
_SYNTAX = re.compile(
    rf"(?:{_WHERE}|bash: )(?P<said>(?:-c: )?(?:line \d+: )?(?:syntax error.*|unexpected EOF.*"
    r"|unexpected end of file.*|Syntax error: .*|[\w.-]+: unbound variable"
    r"|[\w.-]+: parameter not set|.*[Bb]ad substitution|.*: parse error near .*"
    r"|.*: not a valid identifier|.*: ambiguous redirect|.*: event not found"
    r"|.*: invalid option|.*: unary operator expected|.*: integer expression expected"
    r"|.*: readonly variable|.*numeric argument required|.*bad array subscript|.*division by 0.*"
    r"|.*value too great for base.*|no matches found: .*))$"
)
_DAILY = (
    "grep|egrep|sed|awk|gawk|mawk|find|xargs|tar|cp|mv|rm|ls|cat|mkdir|rmdir|chmod|chown"
    "|ln|touch|head|tail|sort|cut|tr|wc|diff|patch|du|df|dd|stat|rsync|scp|unzip|zip"
    "|gzip|gunzip|jq|wget|node|deno|bun|ruby|perl|php|java|kill|mount|tee|docker|kubectl"
    "|terraform|helm|protoc|zig"
)
"""Programs that begin what they complain of with their name."""
_COMPLAINT = (
    r"(?i:.*\b(?:cannot|can't|could not|couldn't|invalid|missing|unknown|unrecognized|no such"
    r"|not|failed|error|bad|illegal|unterminated|unmatched|expected|unexpected|denied|too"
    r"|out of|doesn't|unable|must|requires|trailing)\b.*)"
)
_NO_TOOL = (
    r"(?:feat|fix|docs|chore|test|refactor|style|perf|ci|build|revert|note|warning|warn|info"
    r"|hint|debug|usage|remote|help|error|todo|see|and|but|or|so|then|why|config|status)"
)
_CANNOT = (
    r"(?i:(?:error: )?(?:cannot|can't|could not|couldn't|unable to|failed to|invalid|unknown"
    r"|unrecognized|no such|bad |illegal|not found|not enough|command not|too (?:many|few)"
    r"|permission|unexpected|unsupported).*)"
)
"""How a tool that nobody here knows begins what it complains of."""
_OPTION = re.compile(
    r"(?P<tool>[a-z][\w.+-]*): (?P<said>(?:unrecognized|invalid|unknown|illegal) option.*"
    r"|option requires an argument.*|missing (?:file )?operand.*|extra operand.*"
    r"|invalid (?:date|mode|number|argument|regular expression).*"
    r"|cannot stat .*|cannot access .*|cannot create .*|cannot open .*|cannot remove .*"
    r"|no process found.*|not a regular file.*)"
)
_SIGNAL = (
    r"Killed|Segmentation fault|Aborted|Bus error|Illegal instruction|Terminated"
    r"|Floating point exception|Trace/breakpoint trap"
)
_KILLED = re.compile(
    rf"(?:{_WHERE})?\s*(?:\d+ )?\s*(?P<said>{_SIGNAL})(?:\s+\(core dumped\))?(?::? ?\d+)?"
    r"(?:\s*$|(?:\s{2,}|\s+(?=\./))(?P<what>\S+).*$)"
)
_ZSH_KILLED = re.compile(
    rf"zsh: (?i:(?P<said>{_SIGNAL}|abort))(?:\s+\(core dumped\))?\s+(?P<what>\S+)"
)
_NO_PROGRAM = re.compile(r"[<(|&-]")


def _not_found(lines: Sequence[str], at: int) -> Found | None:
    """A command that is not there."""
    text = lines[at].strip()
    found = next(filter(None, (shape.match(text) for shape in _NOT_FOUND)), None)
    if found is None:
        return None
    return Found(f"{base_of(found['what'])}: command not found")


def _no_right(lines: Sequence[str], at: int) -> Found | None:
    """A program that is there and cannot be run (exit 126)."""
    text = lines[at].strip()
    if found := _NO_RIGHT.match(text):
        return Found(f"bash: {base_of(found['what'])}: {found['said']}")
    refused = _REFUSED.match(text)
    return refused and Found(f"bash: {base_of(refused['what'])}: Permission denied")


def _failed(lines: Sequence[str], at: int) -> Found | None:
    """``cat: till.json: No such file or directory``."""
    text = lines[at].strip()
    found = _FAILED.match(text)
    if found is None:
        return None
    tool = base_of(found["tool"])
    shelled = re.match(rf"(?:{_WHERE})(?P<rest>.+)", text)
    if shelled and (shelled["rest"].startswith("cd: ") or tool.endswith("sh")):
        return Found(f"bash: {shelled['rest']}")
    return Found(f"{tool}: {found['said']}")


def _killed(lines: Sequence[str], at: int) -> Found | None:
    """What the shell says when a program ends by a signal."""
    found = _KILLED.match(lines[at]) or _ZSH_KILLED.match(lines[at])
    if found is None:
        return None
    said = "Aborted" if found["said"] == "abort" else found["said"].capitalize()
    what = found["what"]
    if what and not _NO_PROGRAM.match(what):
        said = f"{said}: {base_of(what)}"
    follows = said.startswith(("Aborted", "Terminated"))  # something else was said
    return Found(said, rank=SUM if follows else CAUSE)


EXTRACTORS = (
    Extractor(
        name="command not found",
        words=("not found", "Unknown command", "No such file", "not recognized"),
        find=_not_found,
        samples=(
            Sample(
                "bash: line 33: fd: command not found",
                "fd: command not found",
                "exit 127",
            ),
            Sample("bash: 1: jq: not found", "jq: command not found", "exit 127"),
            Sample("zsh: command not found: rg", "rg: command not found", "exit 127"),
            Sample(
                "(eval):3: command not found: rg", "rg: command not found", "exit 127"
            ),
            Sample(
                "./build.sh: line 9: jq: command not found",
                "jq: command not found",
                "exit 127",
            ),
            Sample("/bin/sh: ninja: not found", "ninja: command not found", "exit 127"),
            Sample("fish: Unknown command: yq", "yq: command not found", "exit 127"),
            Sample(
                "env: 'node': No such file or directory",
                "node: command not found",
                "exit 127",
            ),
            Sample("sudo: yq: command not found", "yq: command not found", "exit 127"),
        ),
    ),
    Extractor(
        name="cannot be run",
        words=(
            "ermission denied",
            "Is a directory",
            "cannot execute",
            "Exec format",
            "bad interpreter",
        ),
        find=_no_right,
        samples=(
            Sample(
                "bash: line 3: ./build.sh: Permission denied",
                "bash: build.sh: Permission denied",
                "exit 126",
            ),
            Sample(
                "zsh: permission denied: ./build.sh",
                "bash: build.sh: Permission denied",
                "exit 126",
            ),
        ),
    ),
    Extractor(
        name="shell",
        words=(
            "syntax error",
            "yntax error: ",
            "unexpected ",
            "unbound variable",
            "ad substitution",
            "not set",
            "parse error",
            "valid identifier",
            "ambiguous",
            "invalid option",
            "expected",
            "readonly",
            "no matches found",
            "event not found",
            "numeric argument",
            "array subscript",
            "division by",
            "too great",
        ),
        find=by_pattern(_SYNTAX.pattern, "bash: {said}"),
        samples=(
            Sample(
                "bash: -c: line 3: syntax error near unexpected token `('",
                "bash: syntax error near unexpected token '('",
                "bash error",
            ),
            Sample(
                "./run.sh: line 3: TILL: unbound variable",
                "bash: TILL: unbound variable",
                "bash error",
            ),
            Sample(
                "zsh: no matches found: *.till",
                "bash: no matches found: *.till",
                "bash error",
            ),
        ),
    ),
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
            rf"(?:/\S+/)?(?P<tool>{_DAILY}): (?P<said>(?!warning|Error is not recov){_COMPLAINT})",
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
        find=by_pattern(
            rf"(?:/\S+/)?(?P<tool>(?!{_NO_TOOL}:)[a-z][\w.+-]{{1,24}}): (?P<said>{_CANNOT})",
            "{tool}: {said}",
        ),
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
    Extractor(
        name="ended by a signal",
        words=(
            "Killed",
            "egmentation fault",
            "killed",
            "abort",
            "Aborted",
            "Bus error",
            "Illegal instruction",
            "Floating point exception",
            "Terminated",
            "Trace/breakpoint",
        ),
        find=_killed,
        samples=(
            Sample(
                "Segmentation fault (core dumped)", "Segmentation fault", "exit 139"
            ),
            Sample(
                "bash: line 7: 12345 Segmentation fault      (core dumped) ./till",
                "Segmentation fault: till",
                "exit 139",
            ),
            Sample(
                "bash: line 1: 12345 Killed                  ./till --all",
                "Killed: till",
                "exit 137",
            ),
            Sample("Killed", "Killed", "exit 137"),
        ),
    ),
    Extractor(
        name="ran out of time",
        words=("imed out", "imeout", "eadline"),
        find=by_pattern(
            r"(?:(?:Error: )?(?P<said>(?:Command|Process|Script|Task|Job|Request|Connection"
            r"|Execution|Build) timed out after .+|context deadline exceeded"
            r"|.*: context deadline exceeded.*|The operation timed out\.?"
            r"|[Tt]imeout of \d+ ?m?s exceeded.*|Exceeded timeout of .+"
            r"|Test timed out (?:in|after) .+|(?:API Error: )?Request timed out|Operation timed out.*|Timed out after .+"
            r"|Timeout \d+ms exceeded.*)"
            r"|timeout: (?P<tool>sending signal \w+ to command.*))",
            "timeout: {said}{tool}",
        ),
        samples=(
            Sample(
                "Command timed out after 2m 0.0s",
                "timeout: Command timed out after {duration} {duration}",
                "timeout",
            ),
            Sample(
                "Error: Timeout of 2000ms exceeded.",
                "timeout: Timeout of {duration} exceeded.",
                "timeout",
            ),
        ),
    ),
)
