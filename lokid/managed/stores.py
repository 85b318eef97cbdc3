"""Which store is which: by name and scope, the oldest where several have both.

Names are not unique and the service knows no scope, so ours carry
``loki_scope`` in their metadata.  The user's store is made when it is missing; an
organisation's never is: somebody makes it, and we read it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from lokid.managed.api import Api
from lokid.managed.wire import Failed, Told

USER, ORG = "user", "org"
SCOPES = (USER, ORG)
NAME_KEY = "LOKI_MANAGED_STORE_NAME"
_NAMES = {USER: "loki-memory-user", ORG: "loki-memory-org"}
_resolving = threading.Lock()
_DESCRIPTION = "What a looping coding agent learned: episodes and council verdicts."


def name_of(scope: str, environ: Mapping[str, str]) -> str:
    """The store's name; the variable names the user's, with ``-org`` the other."""
    given = environ.get(NAME_KEY)
    if not given:
        return _NAMES[scope]
    return given if scope == USER else f"{given}-{ORG}"


def find(api: Api, scope: str, name: str) -> str | None:
    """The id of a store that is there; archived ones do not count."""
    found = [
        one
        for one in api.stores()
        if one.name == name
        and (one.metadata or {}).get("loki_scope") == scope
        and one.archived_at is None
    ]
    oldest = min(found, key=lambda one: (str(one.created_at), one.id), default=None)
    return None if oldest is None else str(oldest.id)


def resolve(api: Api, scope: str, name: str) -> str:
    """The same; the user's is made where it is missing.  Raises Failed.

    One at a time here; of others that make one at the same moment the oldest counts,
    for them and for us.
    """
    with _resolving:
        found = find(api, scope, name)
        if found is not None:
            return found
        if scope != USER:
            raise Failed("missing_store_id", f"no store {name} with loki_scope={scope}")
        made = str(api.create_store(name, _DESCRIPTION, scope).id)
        return find(api, scope, name) or made


def probe(api: Api, args: Mapping[str, Any], events: list[Told]) -> dict[str, object]:  # noqa: ARG001  operations are called alike; this tells nothing of its own
    """Whether the service answers and takes our header: the stores that are there."""
    names: dict[str, str] = args["names"]
    return {scope: find(api, scope, name) for scope, name in names.items()}
