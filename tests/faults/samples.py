"""Good files of every source, to be broken: what a simulated harness writes.

The simulator plays a short story in which everything happens; two kinds of file
that it never writes stand here as they are.
"""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from cli.simulator import Iteration, Options, Simulator
from lokid.ingest.files import Tree
from lokid.source import Source
from lokid.sources import SOURCES

_BAD = {
    "command": "make check",
    "exit_code": 1,
    "output": "KeyError: 'user_id'",
    "trap": "x",
}
_GOOD = {"command": "make check FIX=1", "output": "ok"}
_RED = {"doc_coverage": "fail"}
_WRITTEN = {
    "council/votes/devils-advocate-round-9.json": {
        "round": 9,
        "override": True,
        "details": "nobody ran it",
        "timestamp": "2026-03-02T09:20:00Z",
    },
    "managed/completion-council-round-9.json": {
        "iteration": 9,
        "timestamp": "2026-03-02T09:18:00Z",
        "outcome": "approved",
        "threshold": 2,
        "voters": [{"role": "test_auditor", "vote": "APPROVE", "reason": "ran"}],
    },
    "managed/events.ndjson": {
        "ts": "2026-03-02T09:19:00Z",
        "type": "managed_agents_fallback",
        "payload": {"op": "retrieve", "reason": "timeout"},
    },
    "memory/failures.jsonl": {
        "gate": "static_analysis",
        "verdict": "FAIL",
        "run_id": "run-1",
        "evidence": "src/a.py:3: E999 invalid syntax",
        "recorded_at": "2026-03-02T09:21:00Z",
    },
}


class Sample(msgspec.Struct, frozen=True):
    """A good file of a source; ``path`` is relative to ``.loki``."""

    source: Source
    path: str
    data: bytes

    @property
    def is_one_of_many(self) -> bool:
        """Whether the source takes any name in the file's place."""
        globs = [glob for glob in self.source.globs if "*" in glob.split("/")[-1]]
        return bool(globs)

    def named(self, number: int) -> str:
        """The path, or another one that the source takes as well."""
        if not self.is_one_of_many:
            return self.path
        stem, dot, suffix = self.path.rpartition(".")
        return f"{stem}-{number}{dot}{suffix}"


@functools.cache
def samples() -> tuple[Sample, ...]:
    """The newest two files of each source; raises when one has none."""
    with tempfile.TemporaryDirectory(prefix="lokid-samples-") as folder:
        found = dict(_played(Path(folder)))
    for path, body in _WRITTEN.items():
        source = next(one for one in SOURCES if _takes(one, path))
        found[path] = Sample(source, path, json.dumps(body).encode() + b"\n")
    chosen = []
    for source in SOURCES:
        own = [one for one in found.values() if one.source is source]
        if not own:
            message = f"there is no sample of {source.name}"
            raise LookupError(message)
        chosen += own[-2:]
    return tuple(chosen)


def _played(folder: Path) -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for harness in (7, 9):
        root = folder / str(harness)
        root.mkdir()
        simulator = Simulator(root, Options(harness=harness, noise=False))
        for _ in simulator.steps(_history()):
            with Tree(root / ".loki") as tree:
                for source in SOURCES:
                    for glob in source.globs:
                        for entry in tree.matching(glob, source.apart):
                            data, _ = tree.peek(entry.path, 1 << 16, 0)
                            found[entry.path] = Sample(source, entry.path, data)
    return found


def _takes(source: Source, path: str) -> bool:
    return any(Path(path).match(glob) for glob in source.globs)


def _council(outcome: str, **more: str) -> dict[str, Any]:
    votes = [
        ("test_auditor", "approve" if outcome == "approved" else "reject", "no test"),
        ("requirements_verifier", "approve", "all is there"),
        ("devils_advocate", "reject", "nobody ran it"),
    ]
    rows = [
        dict(zip(("role", "verdict", "reason"), vote, strict=True)) for vote in votes
    ]
    return {"outcome": outcome, "votes": rows, **more}


def _history() -> list[Iteration]:
    review = {"verdicts": {"db": "FAIL", "perf": "PASS"}, "blocking": True}
    story: list[dict[str, Any]] = [
        {"exit_code": 1, "commands": [_BAD], "gates": _RED, "review": review},
        {"commands": [_BAD, _GOOD], "gates": _RED, "council": _council("rejected")},
        {"gates": _RED, "council": _council("blocked", block="gate")},
        {"commands": [_GOOD], "council": _council("rejected", path="vote")},
        {"provider": "killed", "exit_code": 143, "trap": "x"},
        {"provider": "rate_limited", "trap": "x"},
        {"provider": "empty", "exit_code": 1, "trap": "x"},
        {"commands": [_GOOD], "council": _council("blocked", block="evidence")},
        {"commands": [_GOOD], "council": _council("approved"), "commit": "abcdef1"},
    ]
    return [
        msgspec.convert(
            {
                "run": 1,
                "iteration": number,
                "time": f"2026-03-02T09:{3 * number:02d}:00.000Z",
                "ended": f"2026-03-02T09:{3 * number:02d}:50.000Z",
                "goal": "prd.md",
                "files": ["src/a.py"],
                **row,
            },
            Iteration,
        )
        for number, row in enumerate(story, 1)
    ]
