"""Keys: when two failures are the same failure.  ``RECIPE`` numbers the rule.

The harness's fingerprint is nearly a constant, so it is kept as an alias only.
A key is made of the kind (a crash and a bare exit count as one, since whether
the log was read must not part them), the gate or friction, the error line with
what is volatile taken out, and up to three frames nearest the raise.

The *family* is the bare name of the cause: an exception class, a code such as
``TS2322``, ``exit 127``, a gate.  A key is *weak* when only a constant is known
(an exit code without a line); then exit code and phase part it, so that it
does not swallow everything, and it is said to be weak.
"""

from __future__ import annotations

import functools
import hashlib
import re

import msgspec

RECIPE = 1
"""Rises when the same facts get another key."""

_GENERIC = frozenset({"Error", "Exception", "IterationError", "UnknownError"})
_OWN_CLASSES = frozenset({"IterationError", "UnknownError", "Friction", "ScrubError"})
_FRAMES = 3

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
_NOT_FOUND = re.compile(r"\bcommand not found\b|: not found$")
_CODES = (
    re.compile(r"\b(TS\d{4,5})\b"),
    re.compile(r"\berror\[([A-Z]\d{3,5})\]"),
    re.compile(r"\b(?:code|errno)[:=]? '?(E[A-Z_]{3,20})\b"),
    re.compile(
        r"\b(EACCES|EADDRINUSE|EAGAIN|EAI_AGAIN|EBADENGINE|EBUSY|ECONNABORTED"
        r"|ECONNREFUSED|ECONNRESET|EEXIST|EHOSTUNREACH|EINTEGRITY|EINVAL|EISDIR"
        r"|ELIFECYCLE|EMFILE|ENEEDAUTH|ENETUNREACH|ENOENT|ENOMEM|ENOSPC|ENOTDIR"
        r"|ENOTEMPTY|ENOTFOUND|EPERM|EPIPE|EPROTO|ERESOLVE|EROFS|ETARGET|ETIMEDOUT"
        r"|EUSAGE|ERR_[A-Z_]{3,40})\b"
    ),
)
_PROVIDER = re.compile(
    r"(?i)\b(rate.?limit\w*|too many requests|overloaded\w*|quota exceeded"
    r"|unauthori[sz]ed|authentication\w*|invalid api key"
    r"|API Error: (?:4(?:01|03|29)|529))\b"
)
_NUMBER = re.compile(r"(?<![A-Za-z_\d.])[-+]?\d+(?:\.\d+)?")
_PLACEHOLDER = re.compile(r"\{[a-z]+\}")
_SPACES = re.compile(r"\s+")


def lesson_of(key: str) -> str:
    """The id of the lesson that collects a key."""
    return "L" + key[:8]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key with what is said of it; ``error_type`` is the bare name shown."""

    key: str
    family: str
    weak: bool
    error_type: str

    @property
    def lesson(self) -> str:
        """The id of the lesson that collects this key."""
        return lesson_of(self.key)


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What a key is made of; every text is redacted already."""

    kind: str
    phase: str | None = None
    exit_code: int | None = None
    line: str | None = None
    frames: tuple[str, ...] = ()
    near: bool = False
    reported: str | None = None
    provider: str | None = None
    friction: str | None = None
    gate: str | None = None


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
def code_in(line: str) -> str | None:
    """The code that a tool gave its error (``TS2322``, ``ERESOLVE``), or None."""
    if _NOT_FOUND.search(line):
        return "exit 127"
    found = next(filter(None, (rule.search(line) for rule in _CODES)), None)
    return found[1] if found else None


def says_provider(line: str | None) -> bool:
    """Whether a line tells that the provider refused (limit, credentials)."""
    return bool(line and _PROVIDER.search(line))


def known_class(name: str | None) -> str | None:
    """A reported class, unless it is one that the harness gives to everything."""
    return None if name in _OWN_CLASSES else name


@functools.lru_cache(maxsize=8192)
def key_of(cause: Cause) -> Key:
    """The key of a cause, by this recipe."""
    name, weak = _named(cause)
    parts: list[object] = [RECIPE]
    kind = "iteration" if cause.kind in ("crash", "exit") else cause.kind
    parts += [kind, cause.gate or cause.friction, cause.provider]
    if weak:
        parts += [name, cause.exit_code, cause.phase]
    elif cause.kind not in ("gate", "friction"):
        parts += [_bare(cause.line) if cause.line else known_class(cause.reported)]
        parts += [_bare_frames(cause)]
    text = msgspec.json.encode(parts)
    digest = hashlib.blake2b(text, digest_size=16).hexdigest()
    return Key(key=digest, family=name, weak=weak, error_type=_shown(cause, name))


def _named(cause: Cause) -> tuple[str, bool]:
    """The family, and whether nothing but a constant is known."""
    if cause.kind in ("interrupted", "empty_output"):
        return cause.kind, True
    if cause.kind == "gate":
        return cause.gate or cause.kind, cause.gate is None
    if cause.kind == "friction":
        return cause.gate or cause.friction or cause.kind, cause.gate is None
    if cause.provider:
        return cause.provider, False
    reported = known_class(cause.reported)
    if cause.line:
        found = exception_class(cause.line)
        if found is None or found in _GENERIC:
            found = code_in(cause.line) or found
        return found or reported or _exit(cause), False
    return reported or _exit(cause), not (reported or cause.frames)


def _exit(cause: Cause) -> str:
    if cause.exit_code is not None:
        return f"exit {cause.exit_code}"
    return cause.reported or "IterationError"


def _shown(cause: Cause, name: str) -> str:
    """What the block calls it: the mission's own word where no name is known."""
    return (cause.reported or name) if cause.kind == "friction" else name


def _bare(line: str) -> str:
    """An error line with what differs from sighting to sighting taken out."""
    text = _PLACEHOLDER.sub("{}", _NUMBER.sub("{n}", line))
    return _SPACES.sub(" ", text).strip().lower()


def _bare_frames(cause: Cause) -> list[str]:
    frames = cause.frames[:_FRAMES] if cause.near else cause.frames
    return [name.removeprefix("async ").removeprefix("new ") for name in frames]
