"""Where an iteration stands: state file, queues, efficiency, last error.

The queue files are rewritten in place; `autonomy-state.json` is renamed into
place.  ``LAST_ERROR.json`` (harness 9) is one slot that a later success does not
clear; what it held before goes to ``failure-history.jsonl``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cli.simulator.history import Iteration
from cli.simulator.moments import Moments, bash, unix
from cli.simulator.options import Step
from cli.simulator.runs import prd_path
from cli.simulator.spelling import Style, spelled
from cli.simulator.tree import How, Tree

_KEPT = 50
_MODEL = "sonnet"
_ERRORS = {
    "empty": ("provider_empty_output", "No output came from the provider (0 bytes)."),
    "rate_limited": ("rate_limited", "The provider refused the call: rate limit."),
}


class Progress:
    """Writes what the harness notes about an iteration's course."""

    def __init__(self, tree: Tree) -> None:
        """Write into this tree."""
        self._tree = tree
        self._nine = tree.options.nine
        self._queues: dict[str, list[dict[str, Any]]] = {"completed": [], "failed": []}
        self._retries = 0
        self._last_error: dict[str, Any] | None = None
        self._past_errors: list[dict[str, Any]] = []

    def take(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """The iteration is the task in hand."""
        task = {
            "id": f"iteration-{item.iteration}",
            "type": "iteration",
            "title": f"Iteration {item.iteration}",
            "status": "in_progress",
            "startedAt": bash(at),
            "provider": "claude",
        }
        yield from self._tree.put("queue/in-progress.json", [task], "queue in progress")
        yield from self._tree.put(
            "queue/current-task.json", task, "current task", how=How.RENAME
        )

    def state(
        self, item: Iteration, at: datetime, status: str, pid: int
    ) -> Iterator[Step]:
        """The harness's own state: before the provider, after it, at the end."""
        body = {
            "retryCount": self._retries,
            "iterationCount": item.iteration,
            "status": status,
            "lastExitCode": 0 if status == "running" else item.exit,
            "lastRun": bash(at),
            "prdPath": prd_path(item.goal),
            "pid": pid,
            "maxRetries": 50,
            "baseWait": 60,
        }
        yield from self._tree.put(
            "autonomy-state.json",
            body,
            f"state {status}",
            how=How.RENAME,
            style=Style.HEREDOC,
        )

    def blame(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """Harness 9: the provider's own fault, in the one slot for it."""
        if not self._nine or item.provider not in _ERRORS:
            return
        if self._last_error:
            self._past_errors = [*self._past_errors, self._last_error][-_KEPT:]
            lines = "".join(spelled(one, Style.LINE) for one in self._past_errors)
            path = "state/failure-history.jsonl"
            yield from self._tree.put(path, lines, "failure history", how=How.RENAME)
        name, brief = _ERRORS[item.provider]
        self._last_error = {
            "iteration": item.iteration,
            "error_class": name,
            "brief": brief,
            "timestamp": bash(at),
        }
        yield from self._tree.put(
            "state/LAST_ERROR.json",
            self._last_error,
            "last error",
            how=How.RENAME,
            style=Style.LINE,
        )

    def finish(self, item: Iteration, moments: Moments) -> Iterator[Step]:
        """The iteration's costs and its place in the queues."""
        at = moments.after(0.02)
        status = "failed" if item.exit else "completed"
        spent = moments.during(1) - moments.during(0)
        tokens = 0 if item.exit else 2100
        body = {
            "iteration": item.iteration,
            "model": _MODEL,
            "phase": "BOOTSTRAP",
            "duration_ms": int(spent.total_seconds() * 1000),
            "provider": "claude",
            "status": status,
            "input_tokens": tokens,
            "output_tokens": tokens // 4,
            "cache_read_tokens": 0,
            "cache_creation_tokens": 0,
            "cost_usd": 0 if item.exit else 0.02,
            "timestamp": bash(at),
        }
        path = f"metrics/efficiency/iteration-{item.iteration}.json"
        yield from self._tree.put(path, body, "efficiency", style=Style.HEREDOC)
        if self._nine and not item.exit:
            cost = {
                "total_cost_usd": 0.02,
                "input_tokens": tokens,
                "output_tokens": tokens // 4,
                "cache_read_tokens": 0,
                "cache_creation_tokens": 0,
            }
            path = f"metrics/result-cost-{item.iteration}.json"
            yield from self._tree.put(path, cost, "result cost", style=Style.LINE)
        queue = self._queues[status]
        queue.append(self._task(item, status, at))
        del queue[:-_KEPT]
        yield from self._tree.put(f"queue/{status}.json", queue, f"queue {status}")
        yield from self._tree.put("queue/in-progress.json", [], "queue in progress")
        self._retries = self._retries + 1 if item.exit else 0

    def checkpoint(self, item: Iteration, at: datetime) -> Iterator[Step]:
        """A note of the tree's state, when the iteration changed something."""
        if not item.files:
            return
        name = f"cp-{item.iteration}-{unix(at)}"
        body = {
            "id": name,
            "ts": bash(at),
            "iter": item.iteration,
            "task": f"iteration-{item.iteration}",
            "sha": item.commit or "",
        }
        path = f"state/checkpoints/{name}/metadata.json"
        yield from self._tree.put(path, body, "checkpoint")
        yield from self._tree.put(
            "state/checkpoints/index.jsonl",
            body,
            "checkpoint index",
            how=How.APPEND,
            style=Style.COMPACT,
        )

    def _task(self, item: Iteration, status: str, at: datetime) -> dict[str, Any]:
        title = f"Iteration {item.iteration}"
        if self._nine:
            title += f" failed (exit {item.exit})" if item.exit else " complete"
        return {
            "id": f"iteration-{item.iteration}",
            "type": "iteration",
            "title": title,
            "status": status,
            "completedAt": bash(at),
            "exitCode": item.exit,
            "provider": "claude",
        }
