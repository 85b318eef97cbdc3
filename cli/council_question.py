"""What a council is asked, where nobody says it: gathered from the workspace.

A completion council gets the changes as `git diff --stat` tells them, what failed
lately as the block says it, and the titles of tasks; a review the whole diff.  Each
part is bounded: a question is one request.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from lokid.paths import Workspace

STAT_LINES, FAILED_CHARACTERS, TASKS, TITLE = 20, 400, 20, 120
DIFF_BYTES = 40_000
"""Of a diff; the daemon takes 64 KiB, and JSON makes it longer."""
_GIT_SECONDS = 10
_QUEUES = ("completed", "in-progress", "pending", "failed")
_FILE_BYTES = 1 << 20


def completion_question(place: Workspace, iteration: int) -> str:
    """What the members of a completion council are told."""
    from cli.ask import query

    stat = _git(place.root, "diff", "--stat", "HEAD").splitlines()[-STAT_LINES:]
    failed = str(query(place, "context", {})["text"])[:FAILED_CHARACTERS]
    parts = {
        "Changes": "\n".join(stat) or "none that git tells of",
        "What failed lately": failed or "nothing",
        "Tasks": "\n".join(_tasks(place.loki)) or "none are told",
    }
    told = [f"## {name}\n{text}" for name, text in parts.items()]
    begin = f"Iteration {iteration} has ended. Is the work done?"
    return "\n\n".join([begin, *told])


def review_question(place: Workspace, diff: str | None) -> str:
    """What reviewers are told; "" where there is no change."""
    text = _git(place.root, "diff", "HEAD") if diff is None else diff
    if not text.strip():
        return ""
    names = [line[6:] for line in text.splitlines() if line.startswith("+++ b/")]
    files = "\n".join(names[:TASKS]) or "not told"
    return f"May this be merged?\n\n## Files\n{files}\n\n## Diff\n{_cut(text)}"


def _cut(text: str) -> str:
    """A diff that fits, whole lines of it, and said where it was cut."""
    kept, size = [], 0
    for line in text.splitlines():
        size += len(msgspec.json.encode(line)) + 1
        if size > DIFF_BYTES:
            kept.append(f"[cut here: {len(text)} characters in all]")
            break
        kept.append(line)
    return "\n".join(kept)


def _tasks(loki: Path) -> list[str]:
    found: list[str] = []
    for name in _QUEUES:
        found += [
            f"- [{name}] {title}" for title in _titles(loki / f"queue/{name}.json")
        ]
    return found[:TASKS]


def _titles(file: Path) -> Iterator[str]:
    try:
        with file.open("rb") as opened:
            body: Any = msgspec.json.decode(opened.read(_FILE_BYTES))
    except (OSError, msgspec.MsgspecError, RecursionError):
        return
    rows = body.get("tasks") if isinstance(body, dict) else body
    for row in rows if isinstance(rows, list) else ():
        title = row.get("title") or row.get("id") if isinstance(row, dict) else row
        if isinstance(title, str):
            yield " ".join(title.split())[:TITLE]


def _git(root: Path, *words: str) -> str:
    """What git says; "" where it says nothing."""
    command = [
        "git",
        "-C",
        str(root),
        "--no-pager",
        *words,
        "--no-color",
        "--no-ext-diff",
    ]
    try:
        done = subprocess.run(  # noqa: S603  words of ours, no shell
            command, capture_output=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")
