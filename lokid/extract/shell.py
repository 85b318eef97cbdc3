"""The shell and the tools of every day: not found, not allowed, killed.

bash, dash, zsh, busybox and fish spell a missing command differently; here it
is ``jq: command not found`` for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import Extractor, Found, Sample, by_pattern
from lokid.frames import base_of

SHELL = r"(?:\S*/)?-?(?:ba|z|da|a|k|mk)?sh"
WHERE = (
    rf"(?:\(eval\):\d+: |(?:{SHELL}|\S+\.(?:ba|z)?sh|\S+): "
    r"(?:-c: )?(?:line )?\d+: |zsh:\d+: "
    rf"|{SHELL}: )"
)
_NOT_FOUND = (
    re.compile(
        r"(?:timeout|nohup|nice|stdbuf): failed to run command "
        r"[\u2018'](?P<what>[^\u2019'/]+)[\u2019']: No such file or directory$"
    ),
    re.compile(r"xargs: (?P<what>[^\s:/]+): No such file or directory$"),
    re.compile(r"g?make(?:\[\d+\])?: (?P<what>[^\s:/]+): No such file or directory$"),
    re.compile(
        rf"(?:{WHERE})?(?:(?:exec|sudo|xargs|nohup|nice|time): )?"
        r"(?P<what>[^\s:]+): (?:command )?not found$"
    ),
    re.compile(
        r"(?:(?:zsh|fish|\(eval\)|-?\w*sh)?:?(?:\d+:)? ?)?"
        r"(?:command not found|Unknown command)[: ]+(?P<what>[^\s:]+)$"
    ),
    re.compile(
        r"(?:/usr/bin/)?env: (?:line \d+: )"
        r"?[\u2018'\"]?(?P<what>[^\s\u2019'\"/]+)[\u2019'\"]?: "
        r"No such file or directory$"
    ),
    re.compile(
        r"(?P<said>'(?P<what>[^']+)' is not recognized as an internal or external)"
    ),
    re.compile(r".*The term '(?P<what>[^']+)' is not recognized as "),
)
_NO_RIGHT = re.compile(
    rf"(?:{WHERE})(?P<what>[^:]+): (?P<said>Permission denied"
    rf"|Is a directory|cannot execute"
    r".*|Exec format error|.*bad interpreter.*)$"
)
_REFUSED = re.compile(r"(?:zsh|\(eval\)):(?:\d+:)? permission denied: (?P<what>\S+)$")
_SYNTAX = re.compile(
    rf"(?:{WHERE}|bash: )(?P<said>(?:-c: )?(?:line \d+: )?(?:syntax "
    rf"error.*|unexpected EOF.*"
    r"|unexpected end of file.*|Syntax error: .*|[\w.-]+: unbound variable"
    r"|[\w.-]+: parameter not set|.*[Bb]ad substitution|.*: parse error near .*"
    r"|.*: not a valid identifier|.*: ambiguous redirect|.*: event not found"
    r"|.*: invalid option|.*: unary operator expected|.*: integer expression expected"
    r"|.*: readonly variable|.*numeric argument required"
    r"|.*bad array subscript|.*division by 0.*"
    r"|.*value too great for base.*|no matches found: .*))$"
)


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
            Sample(
                "timeout: failed to run command 'yq': No such file or directory",
                "yq: command not found",
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
)
