"""The versions of one memory, for a person who audits: who wrote what when.

Without their content: that is read where it is needed, and a store keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lokid import clock
from lokid.managed import stores
from lokid.managed.api import Api, Missing
from lokid.managed.wire import Events

MOST = 1000
"""Versions that are told, the newest."""


def versions(api: Api, args: Mapping[str, Any], events: Events) -> dict[str, object]:  # noqa: ARG001  operations are called alike; this tells nothing of its own
    """Of ``memory``, looked for in the stores of ``names``.

    Gives ``memory_id``, ``versions`` (newest first), ``count``: 0 where no store
    knows it.  Raises Failed.
    """
    memory: str = args["memory"]
    for scope in stores.SCOPES:
        for store in stores.all_of(api, scope, args["names"][scope]):
            found = _listed(api, store, memory)
            if found:
                told = [{**one, "scope": scope, "store_id": store} for one in found]
                return {"memory_id": memory, "versions": told, "count": len(told)}
    return {"memory_id": memory, "versions": [], "count": 0}


def _listed(api: Api, store: str, memory: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    try:
        for one in api.versions(store, memory=memory):
            found.append(_row(one))
            if len(found) == MOST:
                break
    except Missing:
        return []
    return found


def _row(one: Any) -> dict[str, object]:  # noqa: ANN401  the SDK's
    return {
        "memory_version_id": str(one.id),
        "operation": str(one.operation),
        "path": one.path,
        "content_sha256": one.content_sha256,
        "content_size_bytes": one.content_size_bytes,
        "created_at": _time(one.created_at),
        "redacted_at": _time(one.redacted_at),
    }


def _time(value: Any) -> str | None:  # noqa: ANN401  a datetime or text, by SDK
    if isinstance(value, datetime):
        return clock.stamp(value)
    return None if value is None else str(value)
