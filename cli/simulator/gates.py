"""`quality/`: the gates after an iteration, their counters, the escalation.

The counter file is rewritten in place for each gate.  Harness 9 also tells of a
red gate in ``metrics/trust-events.jsonl`` and, for six gates only, in
``memory/failures.jsonl``; harness 7 keeps nothing but the counter, except for
``code_review``, whose review is an event.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cli.simulator.crash import Crashes
from cli.simulator.history import Iteration
from cli.simulator.moments import Moments, bash
from cli.simulator.options import Step, Truth
from cli.simulator.reviews import Reviews
from cli.simulator.runs import RunFiles
from cli.simulator.spelling import Style, spelled
from cli.simulator.stream import Stream
from cli.simulator.tree import How, Tree

_GATES_7 = (
    "static_analysis",
    "test_coverage",
    "code_review",
    "doc_coverage",
    "magic_debate",
)
_GATES_9 = (
    "static_analysis",
    "production_build",
    "security_scan",
    "test_coverage",
    "mock_integrity",
    "mutation_integrity",
    "lsp_diagnostics",
    "semantic_tests",
    "invariants",
    "code_review",
    "doc_generation",
    "doc_coverage",
    "magic_debate",
)
_UNCOUNTED = {  # stages that count as gates only where they are asked to run
    "mock_integrity": "not_run",
    "lsp_diagnostics": "not_run",
    "doc_generation": "pass",
}
_STAGES = {"test_coverage": "test_suite"}  # the stage has another name than its gate
_STAGELESS = frozenset({"production_build", "semantic_tests", "invariants"})
_WITH_EVIDENCE = frozenset(
    {
        "static_analysis",
        "mock_integrity",
        "mutation_integrity",
        "lsp_diagnostics",
        "semantic_tests",
        "invariants",
    }
)
_FRICTION_AT, _ESCALATE_AT, _PAUSE_AT = 3, 5, 10


class Gates:
    """Runs the gates of an iteration; the counts outlive a run, as the file does."""

    def __init__(
        self, tree: Tree, stream: Stream, crashes: Crashes, runs: RunFiles
    ) -> None:
        """Write into this tree, through its stream, crash and run files."""
        self._tree = tree
        self._stream = stream
        self._crashes = crashes
        self._runs = runs
        self._reviews = Reviews(tree, stream)
        self._nine = tree.options.nine
        self._counts: dict[str, int] = {}

    def judge(self, item: Iteration, moments: Moments) -> Iterator[Step]:
        """All gates in the harness's order, then the list of red ones."""
        usual = _GATES_9 if self._nine else _GATES_7
        gates = usual + tuple(gate for gate in item.gates if gate not in usual)
        for number, gate in enumerate(gates):
            at = moments.after(0.10 + 0.70 * number / len(gates))
            yield from self._one(item, gate, at)
        yield from self._list()

    def _one(self, item: Iteration, gate: str, at: datetime) -> Iterator[Step]:
        if gate in _UNCOUNTED and not (gate in item.gates or gate in self._counts):
            yield from self._stream.stage(at, gate, _UNCOUNTED[gate], 0)
            return
        red = gate in item.red_gates
        reviewed = gate == "code_review" and (item.review or gate in item.gates)
        if reviewed:
            yield from self._reviews.hold(item, at, blocking=red)
        yield from self._artefact(gate, at, red=red)
        count = self._counts.get(gate, 0) + 1 if red else 0
        self._counts[gate] = count
        known = (self._failed(gate),) if red and not (self._nine or reviewed) else ()
        yield from self._tree.put(
            "quality/gate-failure-count.json", self._counts, "gate counts", truth=known
        )
        if red:
            yield from self._told(gate, count, at, new=not reviewed)
        if gate not in _STAGELESS:
            status = "fail" if red else "pass"
            yield from self._stream.stage(at, _STAGES.get(gate, gate), status, 1)

    def _told(
        self, gate: str, count: int, at: datetime, *, new: bool
    ) -> Iterator[Step]:
        """What else a red gate leaves behind."""
        if self._nine:
            yield from self._runs.trust(
                at,
                "gate_failure",
                truth=(self._failed(gate),) if new else (),
                gate=gate,
                consecutive=str(count),
            )
            if gate in _WITH_EVIDENCE:
                yield from self._evidence(gate, at)
        if count == _FRICTION_AT:
            yield from self._crashes.friction(gate, at)
        if count >= _ESCALATE_AT:
            yield from self._escalate(gate, count)

    def _evidence(self, gate: str, at: datetime) -> Iterator[Step]:
        """The failure memory quotes the first line of what the gate left."""
        seen = f"{gate}: 1 finding in src/orders.py of this iteration"
        if gate == "static_analysis":
            seen = spelled(_analysis(at, red=True), Style.COMPACT).strip()
        body = {
            "schema_version": "1.0",
            "recorded_at": bash(at),
            "run_id": self._runs.run_id,
            "gate": gate,
            "verdict": "FAIL",
            "evidence": seen[:200],
        }
        yield from self._tree.put(
            "memory/failures.jsonl",
            body,
            "failure memory",
            how=How.APPEND,
            style=Style.SORTED_LINE,
        )

    def _artefact(self, gate: str, at: datetime, *, red: bool) -> Iterator[Step]:
        """The result file of the two gates that leave one each time."""
        if gate == "static_analysis":
            name, mark, body = (
                "static-analysis",
                "static-analysis",
                _analysis(at, red=red),
            )
        elif gate == "test_coverage":
            name, mark, body = "test-results", "unit-tests", _tested(at, red=red)
        else:
            return
        path = f"quality/{name}.json"
        yield from self._tree.put(path, body, "gate result", style=Style.COMPACT)
        if not red:
            yield from self._tree.put(f"quality/{mark}.pass", "", "gate passed")

    def _escalate(self, gate: str, count: int) -> Iterator[Step]:
        """A flag for the harness itself, with its reason."""
        word = "PAUSE" if count >= _PAUSE_AT else "ESCALATE"
        text = f"{word}\n{gate} gate failed {count} consecutive times\n"
        yield from self._tree.put("signals/GATE_ESCALATION", text, "signal")
        if self._nine:
            body = {
                "action": word.lower(),
                "gate": gate,
                "count": count,
                "threshold": _FRICTION_AT,
                "latest_artifact": str(self._tree.root / "quality"),
            }
            yield from self._tree.put("signals/GATE_ESCALATION.json", body, "signal")

    def _list(self) -> Iterator[Step]:
        """The one-line list of red gates; deleted when all pass."""
        words = [gate + _suffix(count) for gate, count in self._counts.items() if count]
        if words:
            text = ",".join(words) + ",\n"
            yield from self._tree.put("quality/gate-failures.txt", text, "red gates")
        else:
            yield from self._tree.remove("quality/gate-failures.txt", "red gates gone")

    def _failed(self, gate: str) -> Truth:
        return Truth(
            what="gate",
            run=self._tree.run,
            iteration=self._tree.iteration,
            gate=gate,
        )


def _suffix(count: int) -> str:
    """How far a gate's escalation has gone, as its token says it."""
    if count >= _PAUSE_AT:
        return "_PAUSED"
    return "_ESCALATED" if count >= _ESCALATE_AT else ""


def _analysis(at: datetime, *, red: bool) -> dict[str, object]:
    return {
        "timestamp": bash(at),
        "files_checked": 1,
        "findings": int(red),
        "summary": "does not compile: src/orders.py" if red else "",
        "pass": not red,
    }


def _tested(at: datetime, *, red: bool) -> dict[str, object]:
    return {
        "timestamp": bash(at),
        "runner": "pytest",
        "pass": not red,
        "summary": "1 failed, 13 passed" if red else "14 passed",
    }
