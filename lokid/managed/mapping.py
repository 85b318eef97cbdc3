"""Where a local memory lies in a store, and which paths may be written.

A path is ``/``-rooted, of clean segments, and the same for the same memory, so that
writing twice is one memory.  An episode's task may repeat within a day (iterations
of one task): two episodes of one path are merged by whoever writes, not told apart.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

EPISODIC, VERDICTS = "/episodic/", "/verdicts/"
ORG = ("/patterns/", "/skills/", "/anti_patterns/")
"""What an organisation's store holds; no automatic path writes there."""
READ = (EPISODIC, *ORG, VERDICTS)
MOST_BYTES = 102_400
"""A memory's content at most, as UTF-8."""
SEGMENT = 120
"""Characters of a segment of ours at most."""
MOST_SEGMENTS, PATH_BYTES = 20, 1024
"""Of a path, by the service's rules."""
_UNCLEAN = re.compile(r"[^A-Za-z0-9._-]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def segment(text: str) -> str | None:
    """A name as part of a path; None where nothing of it can be one."""
    clean = _UNCLEAN.sub("_", unicodedata.normalize("NFC", text))[:SEGMENT]
    return clean if clean.strip("._") else None


def episode_path(time: str, task: str) -> str | None:
    """``/episodic/{date}/{task}.json``; None for a time or task that is none."""
    date, name = _DATE.match(time), segment(task)
    return f"{EPISODIC}{date[0]}/{name}.json" if date and name else None


def path_of(body: dict[str, Any], time: str) -> str | None:
    """The path of an episode's document; ``time`` where it tells none."""
    said = body.get("timestamp"), body.get("task_id") or body.get("id")
    return episode_path(str(said[0] or time), str(said[1] or ""))


def verdict_path(session: str, iteration: int) -> str | None:
    """``/verdicts/{session}/iteration-{n}.json``: projects may share a store."""
    name = segment(session)
    return f"{VERDICTS}{name}/iteration-{iteration}.json" if name else None


def is_path(path: str) -> bool:
    """Whether the service would take it: the grammar of its paths."""
    parts = path.split("/")[1:]
    return (
        path.startswith("/")
        and len(path.encode()) <= PATH_BYTES
        and len(parts) <= MOST_SEGMENTS
        and all(one not in {"", ".", ".."} for one in parts)
        and unicodedata.is_normalized("NFC", path)
        and not any(unicodedata.category(one) in {"Cc", "Cf"} for one in path)
    )


def is_writable(path: str) -> bool:
    """Whether an automatic path may write there."""
    return path.startswith((EPISODIC, VERDICTS))
