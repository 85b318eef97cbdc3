"""Which paths of a store are taken, found without a look at every memory.

A store holds 2000 memories, and tests fill one: a scan for each write would make
that a matter of seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from versions import Memory


class Places:
    """The live memories of one store by their path."""

    def __init__(self) -> None:
        """None is taken."""
        self._at: dict[str, Memory] = {}
        self._below: Counter[str] = Counter()

    def get(self, path: str) -> Memory | None:
        """The memory at this very path."""
        return self._at.get(path)

    def add(self, memory: Memory) -> None:
        """A memory is at its path now."""
        self._at[memory.path] = memory
        self._below.update(_above(memory.path))

    def remove(self, memory: Memory) -> None:
        """It is there no more."""
        del self._at[memory.path]
        self._below.subtract(_above(memory.path))

    def blocking(self, path: str, own: Memory | None) -> Memory | None:
        """A memory other than ``own`` at ``path``, above it or below it."""
        for place in (path, *_above(path)):
            other = self._at.get(place)
            if other is not None and other is not own:
                return other
        if self._below[path] > 0:
            for place, other in self._at.items():
                if place.startswith(f"{path}/") and other is not own:
                    return other
        return None


def _above(path: str) -> Iterator[str]:
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)
