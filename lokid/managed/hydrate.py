"""Bring what an organisation shares into the local memory, once a session.

Local wins: a pattern with an id that is there, a skill or an anti-pattern with a
file that is there, stay as they are.  What comes is remote, so untrusted: it must be
a JSON object of a bounded size with a clean name, and says ``origin: managed``.

``.loki/managed/hydrate.lock`` says that it was done, in which session, and what came
of it: it is there after a success and at no other time, so a failure is tried again
at the next start and never at each iteration.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lokid import clock
from lokid.managed import beneath, mapping
from lokid.managed.beneath import NotWritten
from lokid.managed.wire import Told

DONE, LATE = "managed_memory_hydrate", "managed_memory_hydrate_timeout"
ALREADY = "already_hydrated_this_session"
SENTINEL = "hydrate.lock"
MOST_BYTES = 64 * 1024
"""Of one memory that is taken."""
_FOLDERS = {"/skills/": "memory/skills", "/anti_patterns/": "memory/anti_patterns"}
_PATTERNS = Path("memory/semantic/patterns.json")
_FILE_BYTES = 8 << 20

Counts = dict[str, int]


def was_done(folder: Path, session: str) -> bool:
    """Whether the sentinel says so of this session."""
    try:
        told = msgspec.json.decode((folder / SENTINEL).read_bytes())
    except (OSError, msgspec.MsgspecError):
        return False
    return isinstance(told, dict) and told.get("session_id") == session


def already() -> Told:
    """The event of a second time."""
    return Told(type=DONE, payload={"skipped": True, "reason": ALREADY})


def merge(loki: Path, memories: Mapping[str, str], session: str) -> Counts:
    """Write what is new, then the sentinel; gives how many of each, and skipped.

    Raises NotWritten.
    """
    counts = {"patterns": 0, "skills": 0, "anti_patterns": 0, "skipped": 0}
    try:
        _merge_patterns(loki, _under(memories, "/patterns/", counts), counts)
        for prefix, folder in _FOLDERS.items():
            kind = prefix.strip("/")
            for name, body in _under(memories, prefix, counts).items():
                _write_new(
                    beneath.folder(loki, folder) / f"{name}.json", body, kind, counts
                )
        told = {"session_id": session, "ts": clock.now(), "counts": counts}
        _write(beneath.folder(loki, "managed") / SENTINEL, told)
    except OSError as error:
        raise NotWritten(f"{error.filename or loki}: {error.strerror}") from error
    return counts


def _under(
    memories: Mapping[str, str], prefix: str, counts: Counts
) -> dict[str, dict[str, Any]]:
    """The memories of a kind that can be taken, by clean name."""
    found = {}
    for path in sorted(memories):
        if not path.startswith(prefix):
            continue
        name = mapping.segment(path.removeprefix(prefix).removesuffix(".json"))
        body = _object(memories[path])
        if name is None or body is None or "/" in path.removeprefix(prefix):
            counts["skipped"] += 1
            continue
        found[name] = {**body, "origin": "managed"}
    return found


def _object(content: str) -> dict[str, Any] | None:
    if len(content) > MOST_BYTES:
        return None
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _merge_patterns(
    loki: Path, new: Mapping[str, dict[str, Any]], counts: Counts
) -> None:
    """The harness's file keeps its shape: a list of patterns, or one by id."""
    file = beneath.folder(loki, str(_PATTERNS.parent)) / _PATTERNS.name
    whole = _read_patterns(file)
    known = whole.setdefault("patterns", [])
    rows = known.values() if isinstance(known, dict) else known
    ids = {str(one.get("id")) for one in rows if isinstance(one, dict)}
    ids |= set(known) if isinstance(known, dict) else set()
    for name, body in new.items():
        ident = str(body.get("id") or name)
        if ident in ids:
            counts["skipped"] += 1
            continue
        row = {**body, "id": ident}
        if isinstance(known, dict):
            known[ident] = row
        else:
            known.append(row)
        counts["patterns"] += 1
    if counts["patterns"]:
        _write(file, whole)


def _read_patterns(file: Path) -> dict[str, Any]:
    """What is there; a file that cannot be understood is not written over."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotWritten(f"{file}: it is no JSON") from error
    shape = body.get("patterns", []) if isinstance(body, dict) else None
    if not isinstance(shape, list | dict) or len(data) > _FILE_BYTES:
        raise NotWritten(f"{file}: it has another shape")
    return dict(body)


def _write_new(file: Path, body: dict[str, Any], kind: str, counts: Counts) -> None:
    if file.exists() or file.is_symlink():
        counts["skipped"] += 1
        return
    _write(file, body)
    counts[kind] += 1


def _write(file: Path, body: Mapping[str, Any]) -> None:
    told = msgspec.json.format(msgspec.json.encode(body), indent=2)
    beneath.write(file, told + b"\n")
