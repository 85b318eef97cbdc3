"""Which paths of a store a local memory has: there local wins."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lokid.ingest.files import Tree
from lokid.ingest.refusals import Refused, Unfinished, Vanished
from lokid.managed import mapping

_DOCUMENT_BYTES = 1 << 20


class Local:
    """The local memories as they are now; a day's episodes are read once."""

    def __init__(self, loki: Path) -> None:
        """``loki`` is the harness's folder."""
        self._loki = loki
        self._days: dict[str, frozenset[str]] = {}

    def holds(self, path: str) -> bool:
        """Whether a local memory has this path.  Only episodes are local."""
        if not path.startswith(mapping.EPISODIC):
            return False
        day = path.removeprefix(mapping.EPISODIC).partition("/")[0]
        if day not in self._days:
            self._days[day] = frozenset(self._paths(day))
        return path in self._days[day]

    def _paths(self, day: str) -> list[str]:
        found = []
        with Tree(self._loki) as tree:
            for entry in tree.matching(f"memory/episodic/{day}/*.json"):
                try:
                    data, _ = tree.read(entry.path, _DOCUMENT_BYTES)
                    body = msgspec.json.decode(data)
                except (Refused, Unfinished, Vanished, msgspec.MsgspecError):
                    continue
                if isinstance(body, dict) and (path := mapping.path_of(body, day)):
                    found.append(path)
        return found
