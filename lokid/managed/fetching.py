"""Read what an organisation shares, in full: for hydration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lokid.managed import mapping, stores
from lokid.managed.api import Api
from lokid.managed.wire import Events

MOST = 500
"""Memories of a kind that are taken."""


def fetch(api: Api, args: Mapping[str, Any], events: Events) -> dict[str, object]:  # noqa: ARG001  operations are called alike; this tells nothing of its own
    """Patterns, skills and anti-patterns of both stores: path to content.

    The user's wins where both have a path.  Raises Failed, Missing.
    """
    found: dict[str, str] = {}
    ids: dict[str, str] = {}
    for scope in reversed(stores.SCOPES):
        store = stores.find(api, scope, args["names"][scope])
        if store is None:
            continue
        ids[scope] = store
        for prefix in mapping.ORG:
            for number, one in enumerate(api.memories(store, prefix, full=True)):
                if number == MOST:
                    break
                found[str(one.path)] = str(one.content or "")
    return {"stores": ids, "memories": found}
