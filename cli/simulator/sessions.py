"""`logs/autonomy-YYYYMMDD.log`: one block a provider call, raw and unscrubbed.

The end marker is glued to the last line of an output without a final newline.
The prompt's head spans several lines and may quote an old error.  Harness 9
cuts a long log at each iteration start, which gives it a new inode.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cli.simulator.history import Iteration
from cli.simulator.moments import marker
from cli.simulator.options import Step
from cli.simulator.output import printed
from cli.simulator.tree import How, Tree

_PROMPT_HEAD = 200
_TIERS = {"REASON": "planning (opus)", "VERIFY": "fast (haiku)"}


class Sessions:
    """Writes the daily log and the iteration's own copy of the output."""

    def __init__(self, tree: Tree) -> None:
        """Write into this tree."""
        self._tree = tree
        self._path = ""
        self._quoted = ""

    def trim(self) -> Iterator[Step]:
        """Harness 9 at iteration start: the last half of a log that is too long."""
        limit = self._tree.options.trim_bytes
        nine = self._tree.options.nine
        if nine and self._path and self._tree.size(self._path) > limit:
            yield from self._tree.keep_tail(self._path, limit // 2, "log trimmed")

    def begin(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """The head of the block: markers and the truncated prompt."""
        zone = self._tree.options.tzinfo
        self._path = f"logs/autonomy-{at.astimezone(zone):%Y%m%d}.log"
        tier = _TIERS.get(item.rarv, "development (sonnet)")
        head = (
            f"=== Session started at {marker(at, zone)} ===\n"
            "=== Provider: claude ===\n"
            f"=== Prompt (truncated): {self._prompt(item)}... ===\n"
            f"=== RARV Phase: {item.rarv}, Tier: {tier} ===\n"
        )
        yield from self._tree.put(self._path, head, "log begins", how=How.APPEND)

    def body(self, item: Iteration) -> Iterator[Step]:
        """The output, as it arrives, in the log and in the iteration's own copy."""
        copy = self._copy()
        yield from self._tree.put(copy, "", "output copy begins")
        pieces = printed(item, self._tree.hexes(32, "session"))
        for piece in pieces:
            yield from self._tree.put(self._path, piece, "log grows", how=How.APPEND)
        if pieces:
            yield from self._tree.put(copy, "".join(pieces), "output copy")
        if item.exit and (lines := item.output.strip().splitlines()):
            self._quoted = lines[-1]

    def end(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """The end marker, with the provider's own exit code."""
        ended = marker(at, self._tree.options.tzinfo)
        text = f"=== Session ended at {ended} with exit code {item.marked_exit} ===\n"
        yield from self._tree.put(self._path, text, "log ends", how=How.APPEND)

    def forget_copy(self) -> Iterator[Step]:
        """The iteration's own copy of the output is deleted at its end."""
        yield from self._tree.remove(self._copy(), "output copy removed")

    def _copy(self) -> str:
        return f"logs/iter-output-{self._tree.hexes(6, 'copy')}"

    def _prompt(self, item: Iteration) -> str:
        """The prompt's first characters; an old error may stand among them."""
        lines = [f"Iteration {item.iteration} of the loop.", f"Goal: {item.goal}"]
        if self._quoted:
            lines += ["PAST FAILURES TO AVOID:", self._quoted]
        lines.append("Read the plan, change one thing, run the tests, commit.")
        return "\n".join(lines)[:_PROMPT_HEAD]
