"""What other sessions learned that bears on a goal: lines for the end of a block.

From a local copy of the stores, by content; the store is asked for what changed for
as long as the clock allows, and what is known is told all the same.  What stands on a
path that a local memory has is left out: local wins.

Remote text is untrusted: each memory becomes one line of plain text, scrubbed like
everything else that reaches a prompt, and is marked as managed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from lokid import scrub
from lokid.managed.wire import Told

HEADING = "RELATED PRIOR LEARNINGS (managed store):"
MOST_BYTES, MOST_LINES, LINE = 800, 3, 240
RETRIEVED = "managed_memory_retrieve"
EMPTY = "managed_memory_retrieve_empty"
_WORD = re.compile(r"[A-Za-z0-9_]{3,}")
_SUMMARY = ("learning", "summary", "outcome", "goal", "name", "description", "reason")


class Copy(msgspec.Struct):
    """What is known of the stores: content and its digest, by path."""

    contents: dict[str, str] = {}
    digests: dict[str, str] = {}

    def take(self, result: Mapping[str, Any]) -> None:
        """Learn what a refresh brought."""
        self.contents.update(result["fresh"])
        self.digests.update(result["digests"])
        for path in result["gone"]:
            self.contents.pop(path, None)
            self.digests.pop(path, None)


class Hit(NamedTuple):
    """A memory that bears on the question."""

    score: int
    path: str
    text: str


def hits(
    copy: Copy, goal: str, is_local: Callable[[str], bool], below: str = "/"
) -> list[Hit]:
    """Those with a word of the goal, the most of them first, then by path.

    Only what lies ``below`` a path; what is local is left out.
    """
    words = {one.lower() for one in _WORD.findall(goal)}
    found = []
    for path, content in copy.contents.items():
        if not path.startswith(below):
            continue
        score = len(words & {one.lower() for one in _WORD.findall(content)})
        if score:
            found.append(Hit(score, path, content))
    found.sort(key=lambda one: (-one.score, one.path))
    told = (
        one._replace(text=text)
        for one in found
        if not is_local(one.path) and (text := _summary(one.text))
    )
    return list(islice(told, MOST_LINES))


def block(found: Iterable[Hit]) -> str:
    """The lines under their heading, within their bytes; empty without any."""
    lines = [HEADING]
    for one in found:
        line = f"- [managed] {scrub.one_line(one.path)}: {one.text}"[:LINE]
        if len("\n".join([*lines, line]).encode()) > MOST_BYTES:
            break
        lines.append(line)
    return "\n".join(lines) if len(lines) > 1 else ""


def told(goal: str, copy: Copy, found: list[Hit], begun: float) -> Told:
    """The event of a question that was answered."""
    spent = round((time.monotonic() - begun) * 1000)
    if not found:
        return Told(type=EMPTY, payload={"reason": "no_hits", "elapsed_ms": spent})
    payload: dict[str, object] = {
        "query_tokens": len(set(_WORD.findall(goal))),
        "hits": len(found),
        "total_candidates": len(copy.contents),
        "elapsed_ms": spent,
    }
    return Told(type=RETRIEVED, payload=payload)


def _summary(content: str) -> str:
    """What a memory says, in one scrubbed line; empty for what is no object."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    said = [str(body[name]) for name in _SUMMARY if isinstance(body.get(name), str)]
    return scrub.line("; ".join(said))
