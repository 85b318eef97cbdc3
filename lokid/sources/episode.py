"""``memory/episodic/*/*.json``: what the harness remembers of an iteration.

An episode is known by its id: the harness rewrites old files when it reads
them (9.x), which changes their importance and nothing else.  Its errors are
claims (the harness picks the newest crash file, often the wrong one); of their
message only the structured parts are taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lokid import clock
from lokid.events import EpisodeRecorded, Fact, ReportedError
from lokid.redact import relative_path
from lokid.source import Document, Mode, Source
from lokid.sources.facts import of_document
from lokid.sources.values import integer, number, required, rows, table, text, words

_ITERATION = re.compile(r"iteration-(\d{1,9})")
_SIGNATURE = "signature: "
_MOST_FILES = 70
_UNNAMED = "IterationError"


def _read(document: Document) -> Iterable[Fact]:
    body = document.body
    episode = required(text(body.get("id")))
    context = table(body.get("context"))
    task = _ITERATION.fullmatch(text(body.get("task_id")) or "")
    event = EpisodeRecorded(
        episode=episode,
        iteration=int(task[1]) if task else None,
        phase=text(context.get("phase")),
        outcome=text(body.get("outcome")),
        goal=relative_path(text(context.get("goal")) or ""),
        errors=tuple(_errors(body.get("errors_encountered"))),
        files=_files(body),
        commit=text(body.get("git_commit")),
        importance=number(body.get("importance")),
    )
    time = clock.parse(body.get("timestamp"))
    yield of_document(
        EPISODES.name, document, event, time, identity=("episode", episode)
    )


def _files(body: dict[str, Any]) -> tuple[str, ...]:
    named = (*words(body.get("files_modified")), *words(body.get("artifacts_produced")))
    paths = dict.fromkeys(path for name in named if (path := relative_path(name)))
    return tuple(paths)[:_MOST_FILES]


def _errors(value: object) -> Iterator[ReportedError]:
    for entry in map(table, rows(value)):
        kind = text(entry.get("type")) or text(entry.get("error_type")) or _UNNAMED
        parts = _parts(text(entry.get("message")) or "")
        yield ReportedError(
            type=kind,
            phase=parts.get("phase"),
            friction=parts.get("friction"),
            signature=_symbols(parts.get("signature")),
            exit_code=integer(parts.get("exit")),
            fingerprint=parts.get("fp"),
        )


def _parts(message: str) -> dict[str, str]:
    """``phase=ACT; signature: a > b; exit=1; fp=c2cb``; other text is dropped."""
    parts: dict[str, str] = {}
    for part in message.split("; "):
        if part.startswith(_SIGNATURE):
            parts["signature"] = part.removeprefix(_SIGNATURE)
            continue
        name, sign, value = part.partition("=")
        if sign and name in {"phase", "friction", "exit", "fp"}:
            parts[name] = value
    return parts


def _symbols(signature: str | None) -> tuple[str, ...]:
    return tuple(signature.split(" > ")) if signature else ()


EPISODES = Source(
    name="episodes",
    globs=("memory/episodic/*/*.json",),
    mode=Mode.DOCUMENT,
    read_document=_read,
)
