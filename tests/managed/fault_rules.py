"""What goes wrong on purpose: rules that are looked at in order.

A rule says which requests it is for (method, path, which of them) and what then
happens.  Each request meets one rule at most, the first that fires; a rule counts
those that it matched (``seen``) and those that it fired for (``fired``).  To a stream
of events only what comes before it, `Cut` and `DropAfter` happen.  Promises: every
wait ends when the double closes.  Refuses nothing: a fault may be anything that a
network, a proxy or a service has done to somebody.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """This answer, and nothing is done; text is sent as it is, the rest as JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sleep:
    """As ever, after so long."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """As ever, once the test opens the gate; ``done``: only the answer waits."""

    gate: threading.Event
    done: bool = False


@dataclass(frozen=True)
class Trickle:
    """Done at once, but the answer comes in small pieces with pauses between."""

    seconds: float
    piece: int = 1


@dataclass(frozen=True)
class Drop:
    """The connection is closed, and nothing is done."""


@dataclass(frozen=True)
class DropAfter:
    """It is done, but the connection is closed without an answer."""


@dataclass(frozen=True)
class Half:
    """Done, but half of the JSON comes: announced as whole, or cut off (``torn``)."""

    torn: bool = False


@dataclass(frozen=True)
class Malformed:
    """Every content in the answer is this text, hashes and sizes as they were."""

    content: str


@dataclass(frozen=True)
class Cut:
    """A stream's connection is closed in the midst after so many events."""

    events: int


Then = Answer | Sleep | Hold | Trickle | Drop | DropAfter | Half | Malformed | Cut


@dataclass
class Rule:
    """One rule; ``nth`` are the matching requests it fires for, none: each."""

    method: str
    path: re.Pattern[str]
    then: Then
    nth: tuple[int, ...]
    seen: int = 0
    fired: int = 0

    def fires(self, method: str, path: str) -> bool:
        """Count a request, and say whether it is met by this rule."""
        if self.method not in {"", method} or not self.path.search(path):
            return False
        self.seen += 1
        if self.nth and self.seen not in self.nth:
            return False
        self.fired += 1
        return True


class Faults:
    """The rules of one double; any thread."""

    def __init__(self) -> None:
        """Nothing goes wrong."""
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, method: str, path: str, then: Then, *nth: int) -> Rule:
        """A rule behind those there are; ``method`` "" is any."""
        rule = Rule(method, re.compile(path), then, nth)
        with self._lock:
            self._rules.append(rule)
        return rule

    def meet(self, method: str, path: str) -> Then | None:
        """What happens to this request, if anything."""
        with self._lock:
            for rule in self._rules:
                if rule.fires(method, path):
                    return rule.then
        return None

    def clear(self) -> None:
        """Nothing goes wrong any more; what was counted stays with the rules."""
        with self._lock:
            self._rules.clear()
