"""Write one memory so that nothing that is acknowledged gets lost.

Create; where the path is taken read what is there, lay ours over it, and write that
if nothing changed in between; once more refused is the end (``conflict_twice``).
Writing the same twice is one memory, so whoever was killed may write again.

Both contents are JSON objects: ours wins key by key, and ``_merged_versions`` keeps
the digests of what was laid over, the newest last.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from lokid.managed import mapping, stores
from lokid.managed.api import Api, Conflict, Missing
from lokid.managed.wire import Events, Failed, Told

MERGED = "_merged_versions"
MOST_MERGED = 20
WRITTEN = "managed_memory_shadow_write"
REFUSED = "managed_memory_shadow_write_409"

Body = dict[str, Any]


def shadow_write(
    api: Api, args: Mapping[str, Any], events: Events
) -> dict[str, object]:
    """Write ``content`` at ``path``; gives the store and the digest.

    ``store`` is its id where that is known; one that is gone is looked for once.
    Raises Failed.
    """
    begun = time.monotonic()
    path: str = args["path"]
    if not mapping.is_writable(path):
        raise Failed("org_read_only", path)
    content = canonical(args["content"])
    store = args.get("store") or stores.resolve(api, stores.USER, args["name"])
    try:
        digest, merged = _write(api, store, path, content, args["kind"], events)
    except Missing:
        if not args.get("store"):
            raise
        store = stores.resolve(api, stores.USER, args["name"])
        digest, merged = _write(api, store, path, content, args["kind"], events)
    told: dict[str, object] = {"kind": args["kind"], "path": path, "sha256": digest}
    spent = round((time.monotonic() - begun) * 1000)
    payload = {**told, "elapsed_ms": spent, "merged": merged}
    events.append(Told(type=WRITTEN, payload=payload))
    return {"store": store, "sha256": digest, "merged": merged}


def _write(  # noqa: PLR0913, PLR0917  one memory and who hears of it
    api: Api, store: str, path: str, content: str, kind: str, events: Events
) -> tuple[str, bool]:
    try:
        api.create(store, path, content)
    except Conflict as conflict:
        _tell(events, kind, path, conflict, digest_of(content), None, 1)
        memory = conflict.memory or _at(api, store, path)
    else:
        return digest_of(content), False
    there = api.read(store, memory)
    known = str(there.content_sha256)
    laid = overlay(_object(there.content), msgspec.json.decode(content), known)
    if laid is None:
        return known, True
    wanted = canonical(laid)
    try:
        api.rewrite(store, memory, known, content=wanted)
    except Conflict as conflict:
        now = str(api.read(store, memory).content_sha256)
        _tell(events, kind, path, conflict, known, now, 2)
        raise Failed("conflict_twice", path) from conflict
    return digest_of(wanted), True


def overlay(theirs: Body, ours: Body, known: str) -> Body | None:
    """Ours over theirs; None where that would change nothing."""
    laid = {**theirs, **ours}
    if laid == theirs:
        return None
    before = theirs.get(MERGED)
    merged = [str(one) for one in before] if isinstance(before, list) else []
    return {**laid, MERGED: [*merged, known][-MOST_MERGED:]}


def canonical(body: Body) -> str:
    """The same text for the same object.  Raises Failed where it is too large."""
    text = msgspec.json.encode(body, order="sorted").decode()
    if len(text.encode()) > mapping.MOST_BYTES:
        raise Failed("content_too_large", f"{len(text)} of {mapping.MOST_BYTES} bytes")
    return text


def digest_of(content: str) -> str:
    """As the service names a content."""
    return hashlib.sha256(content.encode()).hexdigest()


def _object(content: str | None) -> Body:
    try:
        body = msgspec.json.decode(content or "")
    except msgspec.DecodeError as error:
        raise Failed("episode_unreadable", "what is stored is no JSON") from error
    if not isinstance(body, dict):
        raise Failed("episode_unreadable", "what is stored is no object")
    return body


def _at(api: Api, store: str, path: str) -> str:
    """The memory of a path, where the refusal did not name it.  Raises Missing."""
    folder = path.rpartition("/")[0] + "/"
    for one in api.memories(store, folder, full=False):
        if one.path == path:
            return str(one.id)
    raise Missing(path)


def _tell(  # noqa: PLR0913, PLR0917  the event's own fields
    events: Events,
    kind: str,
    path: str,
    conflict: Conflict,
    expected: str,
    actual: str | None,
    attempt: int,
) -> None:
    payload: dict[str, object] = {
        "kind": kind,
        "path": path,
        "expected_sha256": expected,
        "actual_sha256": actual,
        "attempt": attempt,
        "conflict": conflict.kind,
    }
    events.append(Told(type=REFUSED, payload=payload))
