"""The user's own rules: which failures are one lesson, and which are none.

In ``config.toml``, or in the workspace's ``lokid.toml``::

    [[rules]]
    match = "*connection to server at * failed*"
    family = "database"

    [[rules]]
    match = "DeprecationWarning*"
    ignore = true

``match`` is text in which ``*`` stands for any text; case does not count.  It is
held against the whole error line, the error's name, the gate and the command's
head.  It is no regular expression, and matching takes linear time: the agent may
write the workspace's file.  The first rule that matches decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

LEAST_TEXT = 4
"""Characters beside ``*`` that a rule needs: one for everything is none."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What matches is of ``family``, or is to be ignored (``ignore``)."""

    match: Annotated[str, Meta(min_length=1)]
    family: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:+-]{1,64}$")] | None = None
    ignore: bool = False

    def fault(self, longest: int) -> str | None:
        """Why this rule cannot stand; None when it can."""
        if len(self.match) > longest:
            return f"match is longer than rule_length = {longest}"
        if not self.match.isprintable():
            return "match holds what cannot be seen"
        if len(self.match.replace("*", "").strip()) < LEAST_TEXT:
            return f"match needs {LEAST_TEXT} characters beside *"
        if self.ignore == (self.family is not None):
            return "a rule says either family or ignore = true"
        return None


class Rules:
    """Rules made ready to be asked, in their order."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        """The first that matches decides."""
        self._rules = [(rule, rule.match.casefold().split("*")) for rule in rules]
        self._known: dict[tuple[str | None, ...], Rule | None] = {}

    def __bool__(self) -> bool:
        """Whether there is a rule at all."""
        return bool(self._rules)

    def of(self, *texts: str | None) -> Rule | None:
        """The rule for something of which these texts are known."""
        if not self._rules:
            return None
        if texts not in self._known:
            folded = [text.casefold() for text in texts if text]
            self._known[texts] = next(
                (
                    rule
                    for rule, pieces in self._rules
                    if any(_fits(pieces, text) for text in folded)
                ),
                None,
            )
        return self._known[texts]


def _fits(pieces: Sequence[str], text: str) -> bool:
    """Whether a text is these pieces with any text between them.

    Each piece is taken where it stands first, and that is never taken back.
    """
    if len(pieces) == 1:
        return text == pieces[0]
    if not text.startswith(pieces[0]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(text) - at >= len(pieces[-1]) and text.endswith(pieces[-1])
