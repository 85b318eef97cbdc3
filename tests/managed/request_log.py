"""What the double was asked, in order: the tests' evidence.

Promises: a request is in the log before anything is done about it, also one whose
connection is dropped, and `status` is what was answered (None: nothing was).  So
"exactly one request for each step" is a count, and a test waits for a request
instead of sleeping.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HEADERS = (
    "anthropic-beta",
    "anthropic-version",
    "authorization",
    "content-type",
    "user-agent",
    "x-api-key",
    "x-stainless-retry-count",
    "x-stainless-timeout",
)
"""Kept of each request; keys are test keys, nothing here is a secret."""
PATIENCE = 20.0


@dataclass
class Seen:
    """One request."""

    number: int
    at: float
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: Any
    route: str
    status: int | None = None
    fault: str = ""


class RequestLog:
    """Every request; any thread."""

    def __init__(self) -> None:
        """Nothing was asked."""
        self._changed = threading.Condition()
        self._all: list[Seen] = []

    def add(self, seen: Seen) -> None:
        """A request was read whole."""
        with self._changed:
            seen.number = len(self._all) + 1
            self._all.append(seen)
            self._changed.notify_all()

    def all(self, method: str = "", path: str = "") -> list[Seen]:
        """Those of a method whose path matches an expression somewhere."""
        with self._changed:
            return [one for one in self._all if _matches(one, method, path)]

    def count(self, method: str = "", path: str = "") -> int:
        """How many those are."""
        return len(self.all(method, path))

    def routes(self) -> Counter[str]:
        """How often each route was asked, as ``POST /v1/memory_stores``."""
        with self._changed:
            return Counter(one.route for one in self._all)

    def wait(
        self, count: int, method: str = "", path: str = "", patience: float = PATIENCE
    ) -> list[Seen]:
        """Come back as soon as there are so many; TimeoutError if not in time."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self.count(method, path) >= count, patience
            ):
                raise TimeoutError(f"{self.count(method, path)} of {count} requests")
        return self.all(method, path)

    def clear(self) -> None:
        """Forget them: the next step of a test begins."""
        with self._changed:
            self._all.clear()


def _matches(seen: Seen, method: str, path: str) -> bool:
    return method in {"", seen.method} and re.search(path, seen.path) is not None
