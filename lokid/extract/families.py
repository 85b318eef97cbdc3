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

_ERRNO = (
    r"EACCES|EADDRINUSE|EAGAIN|EAI_AGAIN|EBADENGINE|EBUSY|ECONNABORTED|ECONNREFUSED"
    r"|ECONNRESET|EEXIST|EHOSTUNREACH|EINTEGRITY|EINVAL|EISDIR|EJSONPARSE|ELIFECYCLE"
    r"|EMFILE|ENEEDAUTH|ENETUNREACH|ENOENT|ENOMEM|ENOSPC|ENOTDIR|ENOTEMPTY|ENOTFOUND"
    r"|EPERM|EPIPE|EPROTO|ERESOLVE|EROFS|ETARGET|ETIMEDOUT|EUSAGE|E40[0-9]"
    r"|ERR_[A-Z0-9_]{3,40}|MODULE_NOT_FOUND"
)
_CHECKERS = (
    r"compile error|rustc|mypy|pyright|eslint|pylint|golangci-lint|stylelint|yamllint"
    r"|shellcheck|biome|dart"
)
_TESTS = (
    r"(?:go|cargo|node|bun|deno|dotnet|maven|gradle) test"
    r"|jest|vitest|mocha|phpunit|minitest|ctest|gtest|bats|bazel test|rspec"
)


def _rule(pattern: str, family: str) -> tuple[re.Pattern[str], str]:
    """A shape of a line, and its family; ``{code}`` is the pattern's group."""
    return re.compile(pattern), family


_RULES = (
    _rule(r"\bcommand not found\b|^\S*sh: .*: not found$", "exit 127"),
    _rule(
        r"^bash: .*: (?:Permission denied|cannot execute\b.*|bad interpreter\b.*)$",
        "exit 126",
    ),
    _rule(r"^Killed\b", "exit 137"),
    _rule(r"^Segmentation fault\b", "exit 139"),
    _rule(r"^Aborted\b", "exit 134"),
    _rule(r"^Terminated\b", "exit 143"),
    _rule(r"^timeout: ", "timeout"),
    _rule(r"^(?!compile error).*[:\]] No such file or directory\b", "ENOENT"),
    _rule(r"^(?!ssh: |git: ).*: Permission denied\b", "EACCES"),
    _rule(
        r"(?i)^(?:rate[_ ]limit\w*|too many requests|(?:\w+ )?limit reached"
        r"|you.{1,5}hit your|overloaded_error|credit balance|insufficient_quota"
        r"|exceeded your)",
        "rate limit",
    ),
    _rule(r"(?i)^(?:invalid (?:x-)?api[ -]key|authentication_error)", "unauthorized"),
    _rule(r"^link error: ", "link error"),
    _rule(r"^vitest: Could not resolve ", "vitest error"),
    _rule(rf"^(?:{_TESTS}): ", "test failed"),
    _rule(r"^curl: code (?P<code>\d+): ", "curl {code}"),
    _rule(r"^\w+Sanitizer: (?P<code>[\w-]+)", "{code}"),
    _rule(r"^std::(?P<code>\w+)(?:: |$)", "{code}"),
    _rule(r"^(?P<code>[A-Z]{1,4}\d{3,5}|invalid-syntax): ", "{code}"),
    _rule(r"^(?P<code>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+): ", "{code}"),
    _rule(r"\b(?P<code>TS\d{4,5})\b", "{code}"),
    _rule(r"\berror\[(?P<code>[A-Z]\d{3,5})\]", "{code}"),
    _rule(r"\b(?:code|errno)[:=]? '?(?P<code>E[A-Z_]{3,20})\b", "{code}"),
    _rule(rf"\b(?P<code>{_ERRNO})\b", "{code}"),
    _rule(
        r"(?i:\b(?:HTTP(?:/[\d.]+)?|API Error:|status(?: code)?:?)) "
        r"(?P<code>[45]\d\d)\b",
        "HTTP {code}",
    ),
    _rule(
        rf"^(?:{_CHECKERS}): .* "
        r"[\[(](?:-W(?:error=)?)?(?P<code>[A-Za-z@][\w@:./-]*)[\])]$",
        "{code}",
    ),
    _rule(
        r"^(?:(?:compile error|rustc|javac|go build): |\{path\}: (?:fatal )?error: )",
        "compile error",
    ),
)
_DOTTED_RULE = re.compile(r"(?:eslint|stylelint|biome): .*\.[\w-]+\)$")
"""A plugin's rule: stored with a dot, since a slash makes it a path."""
_TOOL = re.compile(r"(?:\{path\}: )?(?P<tool>[A-Za-z][\w.+-]{0,24}): ")
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
    for shape, family in _RULES:
        if found := shape.search(line):
            told = family.format_map(found.groupdict())
            return told.replace(".", "/") if _DOTTED_RULE.match(line) else told
    return name or _tool(line)


def _tool(line: str) -> str | None:
    """The tool that speaks, or a class whose name does not say that it is one."""
    found = _TOOL.match(line)
    if found is None or found["tool"].lower() in _NO_TOOLS:
        return None
    tool = found["tool"]
    return tool if tool[0].isupper() else f"{_TOOLS.get(tool, tool)} error"
