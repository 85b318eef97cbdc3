"""Bring what changed in the stores: lists without content, reads only what is new.

The service has no search, and a full listing is one request for twenty memories.  So
the daemon keeps what was read by the digest of its content, and this tells it what
is another now: one request for a hundred memories, and one for each that changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lokid.managed import mapping, stores
from lokid.managed.api import Api, Missing
from lokid.managed.wire import Events

MOST = 200
"""Memories that are read at once: what is left comes with the next question."""


def refresh(api: Api, args: Mapping[str, Any], events: Events) -> dict[str, object]:  # noqa: ARG001  operations are called alike; this tells nothing of its own
    """What is another than ``known`` (path to digest), over both stores.

    ``names`` are the stores' by scope, ``stores`` their ids where those are known.
    Gives ``stores``, ``fresh`` (path to content), ``digests`` and ``gone``; the
    user's memory wins where both have a path.  Raises Failed.
    """
    known: dict[str, str] = args["known"]
    found: dict[str, tuple[str, str, str]] = {}
    ids: dict[str, str] = {}
    for scope in reversed(stores.SCOPES):
        store = args["stores"].get(scope) or stores.find(
            api, scope, args["names"][scope]
        )
        if store is None:
            continue
        ids[scope] = store
        for one in _listed(api, store):
            found[str(one.path)] = (store, str(one.id), str(one.content_sha256))
    fresh: dict[str, str] = {}
    digests: dict[str, str] = {}
    for path, (store, memory, digest) in sorted(found.items()):
        if known.get(path) == digest or len(fresh) == MOST:
            continue
        try:
            content = api.read(store, memory).content
        except Missing:
            continue  # deleted meanwhile
        fresh[path], digests[path] = str(content or ""), digest
    gone = [path for path in known if path not in found]
    return {"stores": ids, "fresh": fresh, "digests": digests, "gone": gone}


def _listed(api: Api, store: str) -> list[Any]:
    """All memories that are of use, without their content."""
    try:
        return [
            one
            for prefix in mapping.READ
            for one in api.memories(store, prefix, full=False)
        ]
    except Missing:
        return []  # the store is gone: it is looked for with the next question
