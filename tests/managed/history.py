"""The versions of a store: listed newest first, retrieved, redacted.

From the documentation alone: a version outlives its memory, and only one that is
not the head of a live memory can be redacted.  That the refusal is a 400, and that
redacting twice is answered like redacting once, is our reading.
"""

from __future__ import annotations

from bodies import refuse_unknown
from calls import CREATED_AT, Call, Json, Route, invalid, not_found
from minting import Mint
from pages import FULL_ROWS, ROWS, is_full, page
from stores import BASE, Store, Stores
from versions import Version

WRITERS = {
    "session_id": "session_actor",
    "api_key_id": "api_actor",
    "service_account_id": "service_account_actor",
}
"""Filters by who wrote, and whom each means."""


class History:
    """The versions of every store."""

    def __init__(self, mint: Mint, stores: Stores) -> None:
        """They live in their stores."""
        self._mint = mint
        self._stores = stores

    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        every = f"{BASE}/{{store}}/memory_versions"
        one = f"{every}/{{version}}"
        return (
            Route("GET", every, self._list),
            Route("GET", one, self._retrieve),
            Route("POST", f"{one}/redact", self._redact),
        )

    def _list(self, call: Call) -> Json:
        filters = ("memory_id", "operation", *WRITERS)
        call.refuse_unknown("limit", "page", "view", *filters, *CREATED_AT)
        full = is_full(call)
        operations = ("created", "modified", "deleted")
        operation = call.choice("operation", "", *operations)
        memory_id = call.one("memory_id")
        rows = {
            one.created_at: one
            for one in reversed(self._stores.find(call.ids[0]).versions)
            if memory_id in {None, one.memory_id}
            and operation in {"", one.operation}
            and _written_by(call, one)
            and call.within(one.created_at)
        }
        length = FULL_ROWS if full else ROWS

        def told(version: Version) -> Json:
            return version.told(full=full)

        return page(call, rows, told, falling=True, length=length)

    def _retrieve(self, call: Call) -> Json:
        call.refuse_unknown("view")
        return self._find(call)[1].told(full=is_full(call, "full"))

    def _redact(self, call: Call) -> Json:
        call.refuse_unknown()
        refuse_unknown(call.body)
        store, version = self._find(call)
        live = store.memories.get(version.memory_id)
        if live is not None and live.version_id == version.id:
            raise invalid(
                f"Memory version `{version.id}` is the current head of a live memory"
            )
        if version.redacted_at is None:
            version.redact(self._mint.time(), call.actor)
        return version.told(full=True)

    def _find(self, call: Call) -> tuple[Store, Version]:
        store = self._stores.find(call.ids[0])
        for version in store.versions:
            if version.id == call.ids[1]:
                return store, version
        raise not_found("Memory version", call.ids[1])


def _written_by(call: Call, version: Version) -> bool:
    return all(
        asked is None
        or (version.created_by["type"], version.created_by.get(name)) == (kind, asked)
        for name, kind in WRITERS.items()
        for asked in [call.one(name)]
    )
