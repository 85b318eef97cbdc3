"""The rules of durability, held against a trace (`disk_trace.py`).

1. When something is acknowledged, every file of the log is fsynced since its last
   write, and every directory of the state since a name was made in it or moved
   into it, up to the directory that was there before.
2. A file is fsynced before it is renamed to its place.
3. After an fsync that failed nothing is fsynced and nothing acknowledged any more.

Exempt is what may be deleted at any time: `HINTS` for the first rule (their own
renames still follow the second); an fsync that failed for one of them is no end.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable

from disk_trace import GONE, MOVES, NAMES, SYNCS, WRITES, Call, Edge

HINTS = (
    "LOCK",
    "workspace.json",
    "socket",
    "daemon.log",
    "cache",
    "snapshots",
)
TEMPORARY = ".tmp"


class Lint:
    """Looks at one trace; ``violations`` in words, ``acks`` and ``syncs`` counted."""

    def __init__(self, above: str, is_ack: Callable[[Call], bool]) -> None:
        """``above``: the existing directory in which the state is made."""
        self.violations: list[str] = []
        self.acks = 0
        self.syncs = 0
        self.failed = ""
        self.injected = False
        self._above = above
        self._is_ack = is_ack
        self._dirty: dict[str, int] = {}
        self._names: dict[str, set[str]] = {}
        self._known: set[str] = set()
        self._clock = 0
        self._syncing: dict[int, int] = {}

    def look(self, edges: Iterable[Edge]) -> Lint:
        """Judge a whole trace."""
        for ended, call in edges:
            self._clock += 1
            self.injected |= "(INJECTED)" in call.failed
            if not ended:
                self._begin(call)
            elif not call.failed:
                self._end(call)
            elif call.name in SYNCS and not self._for_hints(call.handle):
                self.failed = self.failed or call.handle
        return self

    def _begin(self, call: Call) -> None:
        if call.name in SYNCS:
            self._syncing[id(call)] = self._clock
            self.syncs += 1
            if self.failed and not self._for_hints(call.handle):
                self._say(f"fsync of {call.handle} after one of {self.failed} failed")
        elif self._is_ack(call):
            self.acks += 1
            self._acknowledged(call)

    def _for_hints(self, path: str) -> bool:
        """Whether an fsync is of a hint, or of a directory for the names of hints."""
        names = self._names.get(path, {path})
        return all(_is_hint(name, self._above) for name in names)

    def _end(self, call: Call) -> None:
        if call.name in SYNCS:
            begun = self._syncing.pop(id(call))
            if self._dirty.get(call.handle, begun) < begun:
                del self._dirty[call.handle]
            self._names.pop(call.handle, None)
        elif call.name in WRITES and self._is_ours(call.handle):
            self._dirty[call.handle] = self._clock
        elif call.name in NAMES:
            self._made(call)
        elif call.name in MOVES:
            self._moved(*call.paths[:2])
        elif call.name in GONE:
            for path in call.paths:
                self._forget(path)

    def _made(self, call: Call) -> None:
        path = call.paths[0]
        if not self._is_ours(path):
            return
        if "O_TRUNC" in call.flags or call.name in {"creat", "truncate"}:
            self._dirty[path] = self._clock
        makes = "O_CREAT" in call.flags or call.name in {"creat", "mkdir", "mkdirat"}
        if makes and path not in self._known:
            self._known.add(path)
            self._name(path)

    def _moved(self, source: str, target: str) -> None:
        if not self._is_ours(target):
            return
        self._dirty.pop(target, None)
        if source in self._dirty:
            self._say(f"{target} was renamed before it was fsynced")
            self._dirty[target] = self._dirty[source]
        self._forget(source)
        self._known.add(target)
        self._name(target)

    def _forget(self, path: str) -> None:
        self._dirty.pop(path, None)
        self._known.discard(path)
        self._names.get(os.path.dirname(path), set()).discard(path)  # noqa: PTH120  text, not files

    def _name(self, path: str) -> None:
        folder = os.path.dirname(path)  # noqa: PTH120  text, not files
        self._names.setdefault(folder, set()).add(path)

    def _acknowledged(self, call: Call) -> None:
        if self.failed:
            self._say(
                f"acknowledged {call.text} after the fsync of {self.failed} failed"
            )
        for path in self._dirty:
            if not _is_hint(path, self._above):
                self._say(f"acknowledged {call.text} before an fsync of {path}")
        for folder, names in self._names.items():
            for path in list(names):
                if not _is_hint(path, self._above) and not path.endswith(TEMPORARY):
                    self._say(f"acknowledged without an fsync of {folder} for {path}")

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self._above + "/")

    def _say(self, what: str) -> None:
        said = what.replace(self._above + "/", "")
        if said not in self.violations:
            self.violations.append(said)


def _is_hint(path: str, above: str) -> bool:
    parts = path.removeprefix(above + "/").removesuffix(TEMPORARY).split("/")
    return any(part in HINTS for part in parts) or parts[-1].endswith(".sock")
