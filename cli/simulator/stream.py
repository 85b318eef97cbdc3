"""`events.jsonl`: the harness's main stream, and its smaller pending events.

The shell appends one line an event; nobody truncates it between runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cli.simulator.history import SIGNALS
from cli.simulator.moments import bash
from cli.simulator.options import Step, Truth
from cli.simulator.spelling import Style
from cli.simulator.tree import How, Tree


class Stream:
    """Appends events; ``data`` is spelled by the shell's own rules."""

    def __init__(self, tree: Tree) -> None:
        """Write into this tree."""
        self._tree = tree

    def event(
        self,
        at: datetime,
        name: str,
        truth: tuple[Truth, ...] = (),
        **data: object,
    ) -> Iterator[Step]:
        """One event of type ``name`` with its data, in the order given."""
        body = {"timestamp": bash(at), "type": name, "data": data}
        yield from self._tree.put(
            "events.jsonl",
            body,
            f"event {name}",
            how=How.APPEND,
            style=Style.EVENT,
            truth=truth,
        )

    def stage(
        self, at: datetime, stage: str, status: str, seconds: int
    ) -> Iterator[Step]:
        """A stage of the iteration ended (harness 9 only)."""
        if self._tree.options.nine:
            yield from self.event(
                at,
                "stage_complete",
                stage=stage,
                status=status,
                duration_s=seconds,
                iteration=self._tree.iteration,
            )

    def interrupted(self, at: datetime, exit_code: int) -> Iterator[Step]:
        """The provider was ended by a signal: told in a pending file only."""
        mark = self._tree.hexes(8, "interrupted")
        body = {
            "id": mark,
            "type": "provider_interrupted",
            "timestamp": bash(at),
            "payload": {"signal": SIGNALS[exit_code], "exit_code": str(exit_code)},
            "version": "1.0",
        }
        yield from self._tree.put(
            f"events/pending/{bash(at).replace(':', '-')}_{mark}.json",
            body,
            "pending provider_interrupted",
            how=How.RENAME,
            style=Style.COMPACT,
        )
