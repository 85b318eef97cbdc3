"""Free text becomes one line: clean, without private or volatile parts.

`line` gives a line of at most 200 characters that is safe to keep and to show
in a prompt, and the same for the same cause: what differs from sighting to
sighting is a placeholder (``parameters.py``), a secret shape is ``{token}``
(``secret_shapes.py``), and nothing is left of markup: no control or format
characters, tags, fences, backticks, role markers.

Its law is ``line(line(x)) == line(x)``: an already scrubbed line passes as it
is.  It is held by scrubbing until nothing changes any more.

It refuses to promise that no plain word is private or persuasive: syntax can
be taken away, meaning cannot (``docs/privacy.md``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from lokid.parameters import parameterise
from lokid.secret_shapes import hide

LIMIT = 200
REDACTED = "redacted"  # stands where nothing clean can be said

_READ = 2000  # characters looked at; what follows could hardly be shown
_ROUNDS = 16
_CUT = "..."

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_ARROW = re.compile(r"(?<=[-=])>")
_FENCE = re.compile(r"~{3,}|#{2,}|(?:^|(?<=\s))#(?=\s)|\[/?INST\]")
_ROLE = re.compile(r"(?i)\b(system|assistant|human|user|developer|tool)\s*:(?=\s|$)")
_PLAIN_MARKS = str.maketrans(
    {
        "<": "(", ">": ")", "`": "'", "\u2018": "'", "\u2019": "'",
        "\u201c": '"', "\u201d": '"', "\u00b4": "'",
    }
)  # fmt: skip
_SPACES = re.compile(r"\s+")
_PART_OF_PLACEHOLDER = re.compile(r"\{[a-z]*$")
_PRIVATE = re.compile(r"\{(?:path|url|email|ip|host|token|addr)\}")


def line(text: str) -> str:
    """One scrubbed, parameterised line of at most 200 characters."""
    return settle(_line_step, _head(text))


def settle(step: Callable[[str], str], text: str) -> str:
    """Apply a step until it changes nothing: what comes out passes as it is.

    Gives the word ``redacted`` for a text that does not come to rest.
    """
    for _ in range(_ROUNDS):
        changed = step(text)
        if changed == text:
            return text
        text = changed
    return REDACTED


def scrub(text: str) -> str:
    """One pass over a single line: secrets, then private and volatile parts."""
    return _SPACES.sub(" ", parameterise(hide(text))).strip()


def holds_private(text: str) -> bool:
    """Whether a path, an address, a host or a secret shape is in the text."""
    return bool(_PRIVATE.search(scrub(text)))


def one_line(text: str) -> str:
    """One line of printable text without markup, whatever it was."""
    text = unicodedata.normalize("NFKC", _ANSI.sub("", text))
    text = _VARIATION.sub("", "".join(map(printable, text)))
    text = _ARROW.sub("", text).translate(_PLAIN_MARKS)
    text = _ROLE.sub(r"\1", _FENCE.sub("", text))
    return _SPACES.sub(" ", text).strip()


def _line_step(text: str) -> str:
    return _shorten(scrub(one_line(text)))


def _head(text: str) -> str:
    """What can be shown at most; never the first part of a longer word."""
    if len(text) <= _READ:
        return text
    words = re.fullmatch(r"(.*)\s\S*", text[:_READ], re.DOTALL)
    return words[1] if words else ""


def printable(char: str) -> str:
    """The character; a space for any kind of it, nothing for one that is no text."""
    category = unicodedata.category(char)
    if category[0] == "Z" or char.isspace():
        return " "
    return "" if category[0] == "C" else char


def _shorten(text: str) -> str:
    if len(text) <= LIMIT:
        return text
    head = _PART_OF_PLACEHOLDER.sub("", text[: LIMIT - len(_CUT)])
    return head.rstrip() + _CUT
