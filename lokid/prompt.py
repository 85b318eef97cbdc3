"""Text for a prompt: data made into one harmless line, cut, and kept to a budget.

What comes from crash files, logs and voters is data.  `one_line` takes away all
that a reader could take for structure: line breaks, control and format
characters, fences, tags, role markers, headings, backticks.  Its law is
``one_line(one_line(x)) == one_line(x)``.

It refuses to promise more: a persuasive sentence stays persuasive.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

CUT = "..."
_ROUNDS = 8
_LINES = 1024
"""Lines that are remembered: blocks tell the same ones again and again."""

_PLACE = re.compile(r"<([A-Za-z][\w-]{0,30})>")
_RULES = re.compile(r"([-=*_~#])\1{2,}")
_HEADING = re.compile(r"^(?:[*+-]\s+|[#\s]+)+")
_ROLE = re.compile(r"(?i)\b(system|assistant|human|user|developer|tool)\s*:")
_BRACKETS = re.compile(r"(?i)\[(/?(?:INST|SYS|SYSTEM|USER|ASSISTANT))\]")
_LINKS = re.compile(r"!\[|\](?=\()")
_MARKS = str.maketrans({"`": "'", "\u00b4": "'", "<": "\u2039", ">": "\u203a"})
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0000-\U000e0fff]")


@functools.lru_cache(_LINES)
def one_line(text: str, limit: int = 200) -> str:
    """Data as one line of plain text, at most ``limit`` characters."""
    for _ in range(_ROUNDS):
        changed = _neutral(text)
        if changed == text:
            break
        text = changed
    else:
        text = "redacted"
    return cut(text, limit)


def cut(text: str, limit: int) -> str:
    """A text of at most ``limit`` characters, ``...`` where it was cut."""
    if len(text) <= limit:
        return text
    return text[: max(0, limit - len(CUT))].rstrip() + CUT[: max(0, limit)]


def weight(lines: Sequence[str]) -> int:
    """The bytes that lines take in UTF-8, each with its line feed."""
    return sum(len(line.encode()) + 1 for line in lines)


def _neutral(text: str) -> str:
    """One pass: plain characters, no structure."""
    text = "".join(map(_plain, unicodedata.normalize("NFKC", text)))
    text = _PLACE.sub(r"(\1)", _VARIATION.sub("", text)).translate(_MARKS)
    text = _RULES.sub(r"\1\1", text)
    text = _BRACKETS.sub(r"(\1)", _ROLE.sub(r"\1 -", text))
    text = _LINKS.sub(lambda found: "[" if found[0] == "![" else "] ", text)
    return " ".join(_HEADING.sub("", text).split())


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "Z" or character.isspace():
        return " "
    return "" if category[0] == "C" else character
