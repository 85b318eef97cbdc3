"""Memory stores: the containers, and what holds for each of them.

From the documentation alone: names need not be unique, metadata is patched key by
key, archiving is one-way and makes a store read-only, deleting one takes its
memories and versions along.  The order of the list is not documented; here it is
newest first, and a client that relies on it should not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bodies import optional_text, patched, refuse_unknown, title
from calls import CREATED_AT, Call, Json, Route, invalid, not_found
from minting import Mint
from pages import page
from places import Places
from versions import Memory, Version

DESCRIPTION = 1024
FIELDS = ("name", "description", "metadata")
BASE = "/v1/memory_stores"


@dataclass
class Store:
    """One store with all that is in it."""

    id: str
    name: str
    description: str
    metadata: dict[str, str]
    created_at: str
    updated_at: str
    archived_at: str | None = None
    memories: dict[str, Memory] = field(default_factory=dict)
    places: Places = field(default_factory=Places)
    versions: list[Version] = field(default_factory=list)

    def told(self) -> Json:
        """As the service gives it."""
        return {
            "id": self.id,
            "type": "memory_store",
            "name": self.name,
            "description": self.description,
            "metadata": dict(self.metadata),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "archived_at": self.archived_at,
        }

    def refuse_archived(self) -> None:
        """Refuse to change what is read-only."""
        if self.archived_at is not None:
            raise invalid(f"Memory store `{self.id}` is archived and read-only")


class Stores:
    """All stores of the one workspace."""

    def __init__(self, mint: Mint) -> None:
        """None yet."""
        self._mint = mint
        self._stores: dict[str, Store] = {}

    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        one = f"{BASE}/{{store}}"
        return (
            Route("POST", BASE, self._create),
            Route("GET", BASE, self._list),
            Route("GET", one, self._retrieve),
            Route("POST", one, self._update),
            Route("DELETE", one, self._delete),
            Route("POST", f"{one}/archive", self._archive),
        )

    def find(self, store_id: str) -> Store:
        """A store that is there."""
        try:
            return self._stores[store_id]
        except KeyError:
            raise not_found("Memory store", store_id) from None

    def named(self, name: str) -> list[Store]:
        """Those of a name; there may be several."""
        return [one for one in self._stores.values() if one.name == name]

    def _create(self, call: Call) -> Json:
        call.refuse_unknown()
        refuse_unknown(call.body, *FIELDS)
        now = self._mint.time()
        store = Store(
            id=self._mint.new_id("memstore"),
            name=title(call.body, "name"),
            description=optional_text(call.body, "description", DESCRIPTION) or "",
            metadata=patched({}, call.body),
            created_at=now,
            updated_at=now,
        )
        self._stores[store.id] = store
        return store.told()

    def _list(self, call: Call) -> Json:
        call.refuse_unknown("limit", "page", "include_archived", *CREATED_AT)
        archived = call.choice("include_archived", "false", "true") == "true"
        rows = {
            one.created_at: one
            for one in reversed(self._stores.values())
            if (archived or one.archived_at is None) and call.within(one.created_at)
        }
        return page(call, rows, Store.told, falling=True)

    def _retrieve(self, call: Call) -> Json:
        call.refuse_unknown()
        return self.find(call.ids[0]).told()

    def _update(self, call: Call) -> Json:
        call.refuse_unknown()
        refuse_unknown(call.body, *FIELDS)
        store = self.find(call.ids[0])
        store.refuse_archived()
        name = store.name
        if call.body.get("name") is not None:
            name = title(call.body, "name")
        description = optional_text(call.body, "description", DESCRIPTION)
        store.metadata = patched(store.metadata, call.body)
        store.name = name
        store.description = store.description if description is None else description
        store.updated_at = self._mint.time()
        return store.told()

    def _archive(self, call: Call) -> Json:
        call.refuse_unknown()
        refuse_unknown(call.body)
        store = self.find(call.ids[0])
        if store.archived_at is None:
            store.archived_at = store.updated_at = self._mint.time()
        return store.told()

    def _delete(self, call: Call) -> Json:
        call.refuse_unknown()
        store = self.find(call.ids[0])
        del self._stores[store.id]
        return {"id": store.id, "type": "memory_store_deleted"}
