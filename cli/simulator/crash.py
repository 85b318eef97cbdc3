"""`crash/<fingerprint>-<seconds>.json`: written once, in place, never deleted.

The harness names every iteration's error ``IterationError`` and recognises only
frames of Python and Node that stand on a line of their own, so most causes
share one fingerprint.  The file of a friction forgets which gate it was about.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cli.simulator.history import SIGNALS, Iteration
from cli.simulator.moments import bash, unix
from cli.simulator.options import Step, Truth
from cli.simulator.output import printed
from cli.simulator.spelling import Style
from cli.simulator.tree import Tree

_FRAMES = 5
_PYTHON = re.compile(r"^.*, line \d+, in (.+)$")
_PLACED = re.compile(r"^\s*at (.+) \([^()]*\)$")
_NAMELESS = re.compile(r"^\s*at \S*[/:\\]\S*:\d+:\d+$")
_BARE = re.compile(r"^\s*at (.+)$")
_TRAILERS = re.compile(r"(\s*\(.*\)|\s*0x[0-9a-f]+|:\d+(:\d+)?)$")
_PRIVATE = re.compile(r"(?:/[\w.-]+){2,}|[\w.]+@[\w.]+|\b\d{1,3}(?:\.\d{1,3}){3}\b")


def frames(raw: str) -> tuple[str, ...]:
    """The first five symbols in raw output, by the harness's own frame rules.

    A line of stream-json is no frame, whatever its strings hold.
    """
    found: list[str] = []
    for line in raw.split("\n"):
        symbol = _symbol(line)
        if symbol:
            found.append(_TRAILERS.sub("", symbol))
    return tuple(found[:_FRAMES])


def fingerprint(error_class: str, signature: tuple[str, ...]) -> str:
    """The harness's fingerprint: class and symbols, nothing else."""
    text = error_class + "\n" + "\n".join(signature)
    return hashlib.sha256(text.encode()).hexdigest()


class Crashes:
    """Writes crash files, and remembers the newest as the harness finds it."""

    def __init__(self, tree: Tree) -> None:
        """Write into this tree."""
        self._tree = tree
        self._contents: dict[str, dict[str, Any]] = {}
        self.newest: dict[str, Any] | None = None

    def failed(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """The crash file of a failed iteration; none after a signal."""
        if item.exit == 0 or item.exit in SIGNALS:
            return
        raw = "".join(printed(item, ""))
        signature = frames(raw)
        yield from self._write(
            at,
            "crash",
            error_class="IterationError",
            signature=signature,
            phase=item.rarv,
            exit_code=item.exit,
            redactions=len(_PRIVATE.findall(raw)),
        )

    def friction(self, gate: str, at: datetime) -> Iterator[Step]:
        """The crash file for a gate that failed three times in a row.

        A second gate within the same second overwrites the first one's file,
        which then tells of one friction only.
        """
        known = Truth(
            what="friction",
            run=self._tree.run,
            iteration=self._tree.iteration,
            gate=gate,
        )
        yield from self._write(at, "friction", error_class="Friction", truth=(known,))

    def _write(  # noqa: PLR0913 - the fields of the file
        self,
        at: datetime,
        what: str,
        *,
        error_class: str,
        signature: tuple[str, ...] = (),
        phase: str | None = None,
        exit_code: int | None = None,
        redactions: int = 0,
        truth: tuple[Truth, ...] = (),
    ) -> Iterator[Step]:
        if not self._tree.options.telemetry:
            return
        mark = fingerprint(error_class, signature)
        nine = self._tree.options.nine
        body: dict[str, Any] = {
            "os": "Linux",
            "arch": "x86_64",
            "loki_version": self._tree.options.version,
            "node_version": "v22.11.0",
            "bun_version": "1.3.2" if nine else None,
            "error_class": error_class,
            "stack_signature": list(signature),
            "rarv_phase": phase,
            "exit_code": exit_code,
            "friction_kind": "gate_failure" if what == "friction" else None,
            "project_id_hash": hashlib.sha256(b"no-remote").hexdigest(),
            "fingerprint": mark,
            "rules_version": "1.0",
            "redactions_count": redactions,
            "captured_at": bash(at),
        }
        path = f"crash/{mark}-{unix(at)}.json"
        truth = () if self._contents.get(path) == body else truth
        self._contents[path] = body
        self.newest = body
        yield from self._tree.put(path, body, what, style=Style.SORTED, truth=truth)


def _symbol(line: str) -> str | None:
    if line.startswith("{"):
        return None
    if found := _PYTHON.match(line):
        return found[1]
    if found := _PLACED.match(line):
        return found[1]
    if _NAMELESS.match(line):
        return "<anonymous>"
    found = _BARE.match(line)
    return found[1] if found else None
