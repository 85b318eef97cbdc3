"""How a fault is carried out: before a request is handled, and on its answer."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

from fault_rules import DropAfter, Half, Hold, Malformed, Sleep, Then, Trickle
from wire import Line, Reply


class Breaking:
    """Carries faults out; any thread."""

    def __init__(self, closing: threading.Event) -> None:
        """Every pause ends when ``closing`` is set."""
        self._closing = closing
        self._gates: set[threading.Event] = set()

    def close(self) -> None:
        """Open every gate that somebody waits for."""
        for gate in tuple(self._gates):
            gate.set()

    def before(self, then: Then | None) -> None:
        """Wait, if the fault says so, before anything is done."""
        if isinstance(then, Sleep):
            self._closing.wait(then.seconds)
        elif isinstance(then, Hold) and not then.done:
            self._wait(then.gate)

    def send(self, line: Line, reply: Reply, then: Then | None) -> int | None:
        """Send an answer as the fault wants it; the status that was sent."""
        if isinstance(then, DropAfter):
            line.drop()
            return None
        if isinstance(then, Hold) and then.done:
            self._wait(then.gate)
        if isinstance(then, Malformed):
            reply = _malformed(reply, then.content)
        if isinstance(then, Half):
            self._half(line, reply, torn=then.torn)
        elif isinstance(then, Trickle):
            self._trickle(line, reply.whole(), then)
        else:
            line.send(reply.whole())
        return reply.status

    def _wait(self, gate: threading.Event) -> None:
        self._gates.add(gate)
        if not self._closing.is_set():
            gate.wait()
        self._gates.discard(gate)

    def _half(self, line: Line, reply: Reply, *, torn: bool) -> None:
        body = reply.body[: len(reply.body) // 2]
        if torn:
            line.send(reply.head(len(reply.body)) + body)
            line.drop()
        else:
            line.send(replace(reply, body=body).whole())

    def _trickle(self, line: Line, data: bytes, then: Trickle) -> None:
        for begin in range(0, len(data), then.piece):
            if not line.send(data[begin : begin + then.piece]):
                return
            if self._closing.wait(then.seconds):
                return


def _malformed(reply: Reply, content: str) -> Reply:
    told = _with_content(json.loads(reply.body), content)
    return replace(reply, body=json.dumps(told).encode())


def _with_content(told: Any, content: str) -> Any:
    if isinstance(told, list):
        return [_with_content(one, content) for one in told]
    if not isinstance(told, dict):
        return told
    return {
        name: content
        if name == "content" and isinstance(value, str)
        else _with_content(value, content)
        for name, value in told.items()
    }
