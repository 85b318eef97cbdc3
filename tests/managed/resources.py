"""What a session is given to work with: memory stores, and nothing else here.

From the documentation alone: at most 8 stores, at creation only, archived ones never;
``access`` is read_write where nobody says otherwise.
"""

from __future__ import annotations

import re

from bodies import listed, optional_text, refuse_unknown, required_text
from calls import Json, invalid
from stores import Stores

STORES = 8
INSTRUCTIONS = 4096
ACCESS = ("read_write", "read_only")


def resources_of(body: Json, stores: Stores) -> list[Json]:
    """The attachments that a body asks for, as they are kept."""
    attached = [_attached(one, stores) for one in listed(body, "resources", STORES)]
    if len({one["memory_store_id"] for one in attached}) < len(attached):
        raise invalid("resources: a memory store is attached once")
    return attached


def _attached(asked: Json, stores: Stores) -> Json:
    if asked.get("type") != "memory_store":
        raise invalid("resources.type: the double has `memory_store` alone")
    refuse_unknown(asked, "type", "memory_store_id", "access", "instructions")
    store = stores.find(required_text(asked, "memory_store_id", 128))
    store.refuse_archived()
    access = asked.get("access") or ACCESS[0]
    if access not in ACCESS:
        raise invalid(f"resources.access: must be one of {', '.join(ACCESS)}")
    slug = re.sub("[^a-z0-9]+", "-", store.name.lower()).strip("-")
    return {
        "type": "memory_store",
        "memory_store_id": store.id,
        "access": access,
        "instructions": optional_text(asked, "instructions", INSTRUCTIONS),
        "name": store.name,
        "description": store.description,
        "mount_path": f"/mnt/memory/{slug}",
    }
