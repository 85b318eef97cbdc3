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
from lokid.managed.wire import Events, Failed

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


def _ours(api: Api, scope: str, name: str) -> list[Any]:
    """All stores of a name and scope, archived ones too, the oldest first."""
    found = [
        one
        for one in api.stores(archived=True)
        if one.name == name and (one.metadata or {}).get("loki_scope") == scope
    ]
    return sorted(found, key=lambda one: (str(one.created_at), str(one.id)))


def _open(found: list[Any]) -> str | None:
    ids = (str(one.id) for one in found if one.archived_at is None)
    return next(ids, None)


def find(api: Api, scope: str, name: str) -> str | None:
    """The id of a store that is there; archived ones do not count."""
    return _open(_ours(api, scope, name))


def all_of(api: Api, scope: str, name: str) -> list[str]:
    """The ids of all stores of a name and scope, archived ones too."""
    return [str(one.id) for one in _ours(api, scope, name)]


def resolve(api: Api, scope: str, name: str) -> str:
    """The id of a store; the user's is made where there was none.  Raises Failed.

    One that was archived is not made again: somebody wants it to take no more.
    One at a time here; of others that make one at the same moment the oldest counts,
    for them and for us.
    """
    with _resolving:
        ours = _ours(api, scope, name)
        found = _open(ours)
        if found is not None:
            return found
        if scope != USER:
            raise Failed("missing_store_id", f"no store {name} with loki_scope={scope}")
        if ours:
            raise Failed("store_archived", f"store {name} is archived")
        made = str(api.create_store(name, _DESCRIPTION, scope).id)
        return find(api, scope, name) or made


def probe(api: Api, args: Mapping[str, Any], events: Events) -> dict[str, object]:  # noqa: ARG001  operations are called alike; this tells nothing of its own
    """Whether the service answers and takes our header: the stores that are there."""
    names: dict[str, str] = args["names"]
    return {scope: find(api, scope, name) for scope, name in names.items()}
