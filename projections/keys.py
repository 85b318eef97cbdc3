"""Keys: when two failures are the same failure.  ``RECIPE`` numbers the rule.

The harness's fingerprint is nearly a constant, so it is kept as an alias only.
A key is made of the kind (a crash and a bare exit count as one, since whether
the log was read must not part them), the gate or friction, the error line with
what is volatile taken out, and up to three places of our own code nearest the
raise (``cart.py:total``); where none is known, frames.  In a function that is known
the values that an exception quotes or a test compares do not count.

The *family* is the bare name of the cause: an exception class, a code such as
``TS2322``, ``exit 127``, a gate.  A key is *weak* when only a constant is known
(an exit code without a line, a line that says nothing but its family); then
exit code and phase part it, so that it does not swallow everything, and it is
said to be weak.
"""

from __future__ import annotations

import functools
import hashlib
import re

import msgspec

from lokid.extract import family_of

RECIPE = 2
"""Rises when the same facts get another key."""

_OWN_CLASSES = frozenset({"IterationError", "UnknownError", "Friction", "ScrubError"})
_OWN_KINDS = frozenset({"gate", "friction", "interrupted", "empty_output"})
"""What they are says it all: no line and no frame belongs to their key."""
_MOST = 3  # places or frames in a key

_PROVIDER = re.compile(
    r"(?i)\b(rate.?limit\w*|too many requests|overloaded\w*|quota exceeded"
    r"|unauthori[sz]ed|authentication_\w+|invalid (?:x-)?api[ -]key|usage limit"
    r"|(?:API Error:|HTTP) (?:4(?:01|03|29)|529))\b"
)
_MISSING_KEY = re.compile(r"^(keyerror): .*")
_CLASS = re.compile(r"[A-Z]\w*[a-z]\w*")
_NAMES_ITS_CAUSE = re.compile(
    r"(?:Import|ModuleNotFound|Attribute|Name|Reference|UnboundLocal|NoMethod|Syntax"
    r"|Indentation|Type|Link|AssertionFailed|Resolution|Validation)\w*(?:Error|Exception)"
    r"|\w*(?:NotFound|DoesNotExist|NoSuch|Missing|Undefined|Undeclared|NoClass)\w*"
)
"""Classes whose messages say which thing it was, and which it was counts."""
_TELLS_A_NAME = re.compile(
    r"(?i)\[errno|\b(?:no such|not found|missing|does ?n.t exist|does not exist|unknown"
    r"|undefined|undeclared|not defined|no \w+ named|not installed|required|unexpected"
    r"|cannot find|could not find|cannot import|no attribute|reading|duplicate"
    r"|already)\b"
)
_VALUE = re.compile(
    r"(?<!\w)(?:'(?!\d{3} [A-Z])[^']*'|\"(?!\d{3} [A-Z])[^\"]*\")(?!\w)"
    r"|\b[A-Za-z]{1,3}-\{n\}|(?<=\bfor )[A-Z]{3}$"
)
"""What was offered, by a quote's marks or a code's form; an HTTP answer is none."""
_COMPARED = re.compile(r"AssertionError: assert .+")
_SEVERAL = re.compile(r"\{\}(?:,? ?\{\})+")
_PLACEHOLDER = re.compile(r"\{[a-z]+\}")
_SPACES = re.compile(r"\s+")
_LETTERS = re.compile(r"[^\W\d_]")
_ECHO = re.compile(
    r"make: \*\*\* .*Error \d+|(?:\w+: )?Command failed with exit code (?:\d+|\{n\})\.?"
    r"|(?:Error: )?Process completed with exit code \d+\.?"
)
"""Lines that only say that something failed."""


def lesson_of(key: str) -> str:
    """The id of the lesson that collects a key."""
    return "L" + key[:8]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What a key is made of; every text is redacted already.

    ``frames`` count only where no ``places`` are known, and beside a line only
    with ``near``, which says that they are ours and the nearest first.
    """

    kind: str
    phase: str | None = None
    exit_code: int | None = None
    line: str | None = None
    frames: tuple[str, ...] = ()
    near: bool = False
    places: tuple[str, ...] = ()
    reported: str | None = None
    provider: str | None = None
    friction: str | None = None
    gate: str | None = None


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key with what is said of it; ``error_type`` is the bare name shown."""

    key: str
    family: str
    weak: bool
    error_type: str
    cause: Cause

    @property
    def lesson(self) -> str:
        """The id of the lesson that collects this key."""
        return lesson_of(self.key)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """The named values that made the key: ``("place", "cart.py:total")``."""
        return tuple((name, str(value)) for name, value in _parts(self.cause))


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
    text = msgspec.json.encode([RECIPE, *_parts(cause)])
    digest = hashlib.blake2b(text, digest_size=16).hexdigest()
    return Key(
        key=digest, family=name, weak=weak, error_type=_shown(cause, name), cause=cause
    )


def _parts(cause: Cause) -> list[tuple[str, str | int]]:
    """What makes the key: each value with its name, in a fixed order."""
    name, weak = _named(cause)
    kind = "iteration" if cause.kind in ("crash", "exit") else cause.kind
    parts: list[tuple[str, str | int | None]] = [
        ("kind", kind),
        ("gate", cause.gate),
        ("friction", None if cause.gate else cause.friction),
        ("provider", cause.provider),
    ]
    if cause.kind not in _OWN_KINDS:
        where = _where(cause)
        parts += [("line", _said(cause, located=bool(where))), *where]
    if weak:
        parts += [("constant", name), ("exit", cause.exit_code), ("phase", cause.phase)]
    return [(label, value) for label, value in parts if value is not None]


def _said(cause: Cause, *, located: bool) -> str | None:
    """The line; which key was missing is a value where it is known where."""
    if not cause.line:
        return known_class(cause.reported)
    in_function = bool(cause.places) and ":" in cause.places[0]
    line = bare(_without_values(cause.line) if in_function else cause.line)
    return _MISSING_KEY.sub(r"\1", line) if located else line


@functools.lru_cache(maxsize=8192)
def _without_values(line: str) -> str:
    """The line of an exception without what was offered or compared.

    Where the function that raised it is known, another value is the same failure;
    a name that a message says to be missing or wrong stays, it is the cause.
    """
    name = family_of(line) or ""
    raised = _CLASS.fullmatch(name) and line.startswith(name)
    if not raised or _NAMES_ITS_CAUSE.fullmatch(name):
        return line
    if _COMPARED.match(line):
        return "AssertionError: assert"
    return line if _TELLS_A_NAME.search(line) else _VALUE.sub("{str}", line)


def _where(cause: Cause) -> list[tuple[str, str | int | None]]:
    """The places, else the frames, nearest first.

    Frames of others count only where there is nothing else: a command, whose
    places alone are kept, has the same key as the iteration that failed of it.
    """
    if cause.places:
        return [("place", one) for one in cause.places[:_MOST]]
    if cause.line and not cause.near:
        return []
    frames = cause.frames[:_MOST] if cause.near else cause.frames
    plain = (name.removeprefix("async ").removeprefix("new ") for name in frames)
    return [("frame", name) for name in plain]


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
    placed = bool(_where(cause))
    if cause.line:
        found = family_of(cause.line)
        name = found or reported or _exit(cause)
        return name, not placed and says_nothing(cause.line, found)
    return reported or _exit(cause), not (reported or placed)


@functools.lru_cache(maxsize=4096)
def says_nothing(line: str, family: str | None) -> bool:
    """Whether a line holds no more than its family, or an echo of a failure."""
    if _ECHO.fullmatch(line):
        return True
    rest = line.replace(family, "", 1) if family else line
    return not _LETTERS.search(_PLACEHOLDER.sub("", rest))


def _exit(cause: Cause) -> str:
    if cause.exit_code is not None:
        return f"exit {cause.exit_code}"
    return cause.reported or "IterationError"


def _shown(cause: Cause, name: str) -> str:
    """What the block calls it: the mission's own word where no name is known."""
    return (cause.reported or name) if cause.kind == "friction" else name


@functools.lru_cache(maxsize=8192)
def bare(line: str) -> str:
    """A stored line with what differs from sighting to sighting taken out.

    What is a number in it still (an exit code, a version) names the cause.
    """
    text = _SEVERAL.sub("{}", _PLACEHOLDER.sub("{}", line))
    return _SPACES.sub(" ", text).strip().lower()
