"""A shell's line cut into its simple commands, without running anything.

`simple_commands` gives the words of each simple command in the order in which
they begin: split at ``&& || ; | &`` and newlines; what stands in subshells,
``$(...)``, backticks and ``<(...)`` are commands of their own, after the one
that holds them.  Redirections, comments and the bodies of here-documents are
left out; quotes are taken off and remembered.

It never raises and reads each character once, whatever the text: a line that
no shell would take gives some words, never an error.
"""

from __future__ import annotations

import re

import msgspec

_DEEPEST = 24  # subshells in subshells; what lies deeper is read as if beside
_BLANK = re.compile(r"(?:[ \t\r]|\\\n)+")
_OPERATOR = re.compile(r"&&|\|\||;;&?|;&|\|&|[;&|]")
_REDIRECT = re.compile(r"&>>?|\d{0,3}(?:<<<|<<-?|<>|<&|>>|>&|>\||<(?!\()|>(?!\())")
_PLAIN = re.compile(r"[^\s'\"\\$`;&|<>()]+")
_IN_DOUBLE = re.compile(r"[^\"\\$`]+|\\.", re.DOTALL)
_ANSI_QUOTE = re.compile(r"'(?:[^'\\]|\\.)*'?", re.DOTALL)
_PARAMETER = re.compile(r"\{[^}]*\}?|\w+|[@*#?$!-]")
_ESCAPED = re.compile(r"\\([\"\\$`])")


class Simple(msgspec.Struct):
    """One simple command; ``inside``: its output is a part of another's words."""

    words: list[Word]
    inside: bool = False


class Word(msgspec.Struct, frozen=True):
    """One word: its text without quotes.

    ``quoted``: part of it stood in quotes; ``expands``: part of it is only
    known when it runs (a variable, a substitution), and is left out here.
    """

    text: str
    quoted: bool = False
    expands: bool = False


def simple_commands(text: str) -> list[Simple]:
    """Every simple command, in the order in which they begin."""
    reader = _Reader(text)
    while reader.at < len(text):
        reader.commands("", 0)
    return [one for one in reader.found if one.words]


class _Reader:
    """Reads a text once, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[Simple] = []
        self._ends: list[tuple[str, bool]] = []  # of here-documents to come
        self._ticks = 0
        self._inside = 0
        self._sums = True  # whether a "))" may still follow

    def commands(self, closer: str, depth: int) -> None:
        """Read commands up to their closing mark, or to the end."""
        words: list[Word] | None = None
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == closer:
                self.at += 1
                return
            if self._skips(words) or self._redirects(depth):
                continue
            if self._parts():
                words = None
            elif char == "(":
                words = self._opens(words, depth)
            elif char == ")":
                if words:
                    words.clear()  # the pattern of a case
                self.at += 1
                words = None
            else:
                words = self._takes_word(words, depth)

    def _takes_word(self, words: list[Word] | None, depth: int) -> list[Word]:
        """Read a word of the command at hand, or of a new one."""
        begun = self.at
        if words is None:
            words = []
            self.found.append(Simple(words, inside=self._inside > 0))
        word = self._word(depth)
        if self.at == begun:
            self.at += 1  # a mark without its partner
        else:
            words.append(word)
        return words

    # -- what is no word ---------------------------------------------------

    def _skips(self, words: list[Word] | None) -> bool:
        """Pass blanks and comments."""
        if blank := _BLANK.match(self.text, self.at):
            self.at = blank.end()
            return True
        if self.text[self.at] == "#" and (not words or self._after_blank()):
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
            return True
        return False

    def _parts(self) -> bool:
        """Pass what ends a command."""
        if self.text[self.at] == "\n":
            self.at += 1
            self._pass_bodies()
            return True
        operator = _OPERATOR.match(self.text, self.at)
        if operator:
            self.at = operator.end()
        return operator is not None

    def _after_blank(self) -> bool:
        return self.at == 0 or self.text[self.at - 1].isspace()

    def _redirects(self, depth: int) -> bool:
        """Pass a redirection and its target; note a here-document."""
        sign = _REDIRECT.match(self.text, self.at)
        if not sign:
            return False
        self.at = sign.end()
        if blank := _BLANK.match(self.text, self.at):
            self.at = blank.end()
        target = self._word(depth)
        kind = sign[0].lstrip("0123456789")
        if kind in ("<<", "<<-") and target.text:
            self._ends.append((target.text, kind == "<<-"))
        return True

    def _pass_bodies(self) -> None:
        """Pass the here-documents that begin at this line."""
        ends, self._ends = self._ends, []
        for mark, tabs in ends:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end].rstrip("\r")
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if tabs else line) == mark:
                    break

    def _opens(self, words: list[Word] | None, depth: int) -> list[Word] | None:
        """A round bracket: subshell, arithmetic, array, or a function's name."""
        if self.text.startswith("((", self.at) and not words and self._passes_sum():
            return None
        self.at += 1
        if words and self.text.startswith(")", self.at):
            words.clear()
            self.at += 1
            return None
        if depth >= _DEEPEST:
            return None
        known = len(self.found)
        self.commands(")", depth + 1)
        if words and words[-1].text.endswith("="):
            del self.found[known:]
            return words
        return None

    def _passes_sum(self) -> bool:
        """Pass an arithmetic expression, if it is one."""
        end = self.text.find("))", self.at) if self._sums else -1
        self._sums = end >= 0
        if self._sums:
            self.at = end + 2
        return self._sums

    # -- words -------------------------------------------------------------

    def _word(self, depth: int) -> Word:
        parts: list[str] = []
        quoted = expands = False
        while self.at < len(self.text):
            char = self.text[self.at]
            if plain := _PLAIN.match(self.text, self.at):
                parts.append(plain[0])
                self.at = plain.end()
            elif char == "\\":
                parts.append(self.text[self.at + 1 : self.at + 2].strip("\n"))
                self.at = min(self.at + 2, len(self.text))
            elif char == "'":
                end = self.text.find("'", self.at + 1)
                end = len(self.text) if end < 0 else end
                parts.append(self.text[self.at + 1 : end])
                self.at = min(end + 1, len(self.text))
                quoted = True
            elif char == '"':
                expands = self._double(parts, depth) or expands
                quoted = True
            elif char == "$":
                expands = self._dollar(parts, depth) or expands
            elif char == "`" and not self._ticks:
                self._backticks(depth)
                expands = True
            elif char in "<>" and self.text.startswith("(", self.at + 1):
                self.at += 2
                self._nested(depth)
                expands = True
            else:
                break
        return Word("".join(parts), quoted, expands)

    def _double(self, parts: list[str], depth: int) -> bool:
        """A text in double quotes; whether something in it expands."""
        self.at += 1
        expands = False
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                break
            if plain := _IN_DOUBLE.match(self.text, self.at):
                parts.append(_ESCAPED.sub(r"\1", plain[0]))
                self.at = plain.end()
            elif char == "$":
                expands = self._dollar(parts, depth) or expands
            elif char == "`" and not self._ticks:
                self._backticks(depth)
                expands = True
            else:
                self.at += 1
        return expands

    def _dollar(self, parts: list[str], depth: int) -> bool:
        """What follows a dollar sign; whether it expands when it runs."""
        self.at += 1
        if quote := _ANSI_QUOTE.match(self.text, self.at):
            parts.append(quote[0].strip("'"))
            self.at = quote.end()
            return True
        if self.text.startswith("((", self.at) and self._passes_sum():
            return True
        if self.text.startswith("(", self.at):
            self.at += 1
            self._nested(depth)
            return True
        if name := _PARAMETER.match(self.text, self.at):
            self.at = name.end()
            return True
        parts.append("$")
        return False

    def _nested(self, depth: int) -> None:
        self._inside += 1
        if depth < _DEEPEST:
            self.commands(")", depth + 1)
        self._inside -= 1

    def _backticks(self, depth: int) -> None:
        self.at += 1
        self._ticks += 1
        self._inside += 1
        if depth < _DEEPEST:
            self.commands("`", depth + 1)
        self._ticks -= 1
        self._inside -= 1
