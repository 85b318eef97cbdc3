"""The family of a stored error line: the bare code that says what it is.

A line is read as it lies in the log, so whatever an extractor wants to be
known must be in its wording.  The order: an exception's class
(``JSONDecodeError``), a code (``TS2322``, ``E0382``, ``ERESOLVE``, ``HTTP 429``),
what a shell means (``exit 127``), the name of a compiler's or linter's rule,
what happened (``test failed``, ``panic``, ``timeout``), else the tool
(``git error``).  None: the line names none of these.
"""

from __future__ import annotations

import functools
import re

_GENERIC = frozenset({"Error", "Exception"})
_BEFORE = r"(?:E\s{1,8}|Uncaught |Unhandled |\(node:\S+\) |FAILED \S+ - |Caused by: )*"
_THREAD = r"(?:Exception in thread (?:\"[^\"]*\"|\S+) )?"
_EXCEPTION = re.compile(
    rf"{_BEFORE}{_THREAD}(?:[A-Za-z_$][\w$]*(?:\.|::))*"
    r"([A-Za-z_$][\w$]*)(?: \[[A-Z_]+\])?(?::\s|:?$)"
)
_DOTTED = re.compile(rf"{_BEFORE}{_THREAD}(?:[a-z_][\w]*\.)+[A-Z]\w*(?::\s|:?$)")
_SUFFIX = re.compile(
    r"(?:Error|Exception|\w(?:Failure|Fault|Warning|Violation|Interrupt|Exit|Expired"
    r"|NotFound|DoesNotExist|Timeout|Iteration))$"
)
_UNCAUGHT = frozenset({"panic", "KeyboardInterrupt", "SystemExit", "GeneratorExit"})
_PANICKED = re.compile(r"thread .{1,60} panicked at\b")

_CODES = (
    re.compile(
        r"((?:TS|CS|FS|LNK|MSB|NU|YN|SC|DL|E|F|W|C|R|B|S|N|UP|RUF|PLR)\d{3,5}): "
    ),
    re.compile(r"\b(TS\d{4,5})\b"),
    re.compile(r"\berror\[([A-Z]\d{3,5})\]"),
    re.compile(r"\b(?:code|errno)[:=]? '?(E[A-Z_]{3,20})\b"),
    re.compile(
        r"\b(EACCES|EADDRINUSE|EAGAIN|EAI_AGAIN|EBADENGINE|EBUSY|ECONNABORTED"
        r"|ECONNREFUSED|ECONNRESET|EEXIST|EHOSTUNREACH|EINTEGRITY|EINVAL|EISDIR"
        r"|ELIFECYCLE|EMFILE|ENEEDAUTH|ENETUNREACH|ENOENT|ENOMEM|ENOSPC|ENOTDIR"
        r"|ENOTEMPTY|ENOTFOUND|EPERM|EPIPE|EPROTO|ERESOLVE|EROFS|ETARGET|ETIMEDOUT"
        r"|EUSAGE|EJSONPARSE|E40[0-9]|ERR_[A-Z_]{3,40}|MODULE_NOT_FOUND)\b"
    ),
)
_NAMED = (
    re.compile(r"curl: code (?P<curl>\d+): "),
    re.compile(r"\w+Sanitizer: (?P<name>[\w-]+)"),
    re.compile(r"std::(?P<name>\w+)(?:: |$)"),
)
_HTTP = re.compile(
    r"(?i:\b(?:HTTP(?:/[\d.]+)?|API Error:|status(?: code)?:?)) ([45]\d\d)\b"
)
_LIMITED = re.compile(
    r"(?i)(?:rate[_ ]limit\w*|too many requests|(?:\w+ )?limit reached"
    r"|you.{1,5}hit your"
    r"|overloaded_error|credit balance|insufficient_quota|exceeded your)"
)
_REFUSED = re.compile(
    r"(?i)(?:invalid (?:x-)?api[ -]key|authentication_error|401 unauth)"
)
_MEANT = (
    (re.compile(r".*\bcommand not found\b|\S*sh: .*: not found$"), "exit 127"),
    (
        re.compile(r"bash: .*: (?:Permission denied|cannot execute\b.*)$"),
        "exit 126",
    ),
    (re.compile(r"Killed\b"), "exit 137"),
    (re.compile(r"Segmentation fault\b"), "exit 139"),
    (re.compile(r"Aborted\b"), "exit 134"),
    (re.compile(r"timeout: "), "timeout"),
    (re.compile(r"(?!compile error).*[:\]] No such file or directory\b"), "ENOENT"),
    (re.compile(r"(?!ssh: |git: ).*: Permission denied\b"), "EACCES"),
    (_LIMITED, "rate limit"),
    (_REFUSED, "unauthorized"),
    (re.compile(r"link error: "), "link error"),
    (
        re.compile(
            r"(?:go|cargo|node|bun|deno) test: "
            r"|(?:jest|vitest|mocha|phpunit|minitest|dotnet test|maven test"
            r"|gradle test|ctest|rspec): "
        ),
        "test failed",
    ),
)
_RULE = re.compile(
    r"(?:compile error|rustc|mypy|pyright|eslint|pylint|golangci-lint"
    r"|stylelint|yamllint"
    r"|shellcheck|biome): .* [\[(](?:-W(?:error=)?)?([A-Za-z@][\w@:/-]*)[\])]$"
)
_COMPILED = re.compile(
    r"(?:compile error|rustc|javac|go build): |\{path\}: (?:fatal )?error: "
)
_TOOL = re.compile(r"(?:\{path\}: )?([A-Za-z][\w.+-]{0,24}): ")
_TOOLS = {"fatal": "git"}
_NO_TOOLS = frozenset({"warning", "error", "note", "info"})


@functools.lru_cache(maxsize=4096)
def exception_class(line: str) -> str | None:
    """The bare class of an exception line, None when it is none."""
    if _PANICKED.match(line):
        return "panic"
    found = _EXCEPTION.match(line)
    if not found:
        return None
    name = found[1]
    if _SUFFIX.search(name) or name in _UNCAUGHT or _DOTTED.match(line):
        return name
    return None


@functools.lru_cache(maxsize=4096)
def family_of(line: str) -> str | None:
    """The bare code of a stored error line, None when it names none."""
    name = exception_class(line)
    if name and name not in _GENERIC:
        return name
    for means, family in _MEANT:
        if means.match(line):
            return family
    for named in _NAMED:
        if found := named.match(line):
            return f"curl {found[1]}" if line.startswith("curl") else found[1]
    for code in _CODES:
        if found := code.search(line):
            return found[1]
    if found := _HTTP.search(line):
        return f"HTTP {found[1]}"
    if found := _RULE.match(line):
        return found[1]
    if _COMPILED.match(line):
        return "compile error"
    if name:
        return name
    found = _TOOL.match(line)
    if found is None or found[1].lower() in _NO_TOOLS:
        return None
    if found[1][0].isupper():
        return found[1]  # a class whose name does not say that it is an error
    return f"{_TOOLS.get(found[1], found[1])} error"
