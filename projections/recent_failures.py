"""``failures``: what went wrong, newest first.

One failing iteration is one failure, however many files tell of it; friction
and red gates are rows of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

from lokid.projection import Answer
from projections.failure import Failure
from projections.message import error_type, message
from projections.view import View, number

_SHOWN = 20


class RecentFailures(View):
    """Parameters: ``all`` ("1"), ``limit``, ``kind``, ``run``."""

    name = "failures"

    def query(self, params: Mapping[str, str], now: str) -> Answer:  # noqa: ARG002  the protocol of a projection names them
        """The failures, newest first by (time, id), and how many there are."""
        kind, run = params.get("kind"), params.get("run")
        found = [
            one
            for one in self.join.failures()
            if (not kind or one.kind == kind) and (not run or one.run == run)
        ]
        unbounded = params.get("all") == "1" and "limit" not in params
        limit = len(found) if unbounded else number(params, "limit", _SHOWN)
        shown = [self._row(one) for one in found[:limit]]
        return {"failures": shown, "total": len(found)}

    def _row(self, one: Failure) -> Answer:
        return {
            "lesson": one.lesson,
            "key": one.key.key,
            "family": one.key.family,
            "weak": one.key.weak,
            "kind": one.kind,
            "error_type": error_type(one),
            "error_line": one.error_line,
            "message": message(one, self.join.count(one.key.key)),
            "reported_type": one.reported_type,
            "signature": list(one.signature),
            "fingerprint": one.fingerprint,
            "phase": one.phase,
            "iteration": one.iteration,
            "run": one.run,
            "exit_code": one.exit_code,
            "gate": one.gate,
            "time": one.time,
            "sources": list(one.sources),
            "seqs": list(one.seqs),
        }
