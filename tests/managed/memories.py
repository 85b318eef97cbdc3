"""Memories and their versions: the rules that lokid's writes depend on.

From the documentation alone: create never overwrites; an update is guarded by the
hash of what is stored, and is answered with 200 when all it asks for is there
already, so that a lost answer can be asked for again; what changes nothing writes no
version.  The SDK's own code fears a 409 for such a second sending, so the 200 can be
turned off.  An archived store still lets memories be deleted and versions be redacted.
Our reading: a path is taken by a memory at it, above it or below it, since a store is
mounted as a folder, and since the error names a conflicting path of its own.
"""

from __future__ import annotations

import re

from bodies import check_prefix, content_of, path_of, refuse_unknown
from calls import Call, Json, Refused, Route, invalid, not_found
from minting import Mint
from pages import FULL_ROWS, ROWS, is_full, page
from stores import BASE, Store, Stores
from versions import Memory, Version

MEMORIES = 2000
"""As many does a store hold."""
SHA256 = re.compile("[0-9a-f]{64}")


class Memories:
    """The memories of every store."""

    def __init__(self, mint: Mint, stores: Stores, *, forgives_replays: bool) -> None:
        """They live in their stores."""
        self._forgives_replays = forgives_replays
        self._mint = mint
        self._stores = stores

    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        every = f"{BASE}/{{store}}/memories"
        one = f"{every}/{{memory}}"
        return (
            Route("POST", every, self._create),
            Route("GET", every, self._list),
            Route("GET", one, self._retrieve),
            Route("POST", one, self._update),
            Route("DELETE", one, self._delete),
        )

    def put(self, store_id: str, path: str, content: str, actor: Json) -> Memory:
        """Write behind the client's back: an agent's write, or another project's."""
        store = self._stores.find(store_id)
        memory = store.places.get(path)
        if memory is None:
            return self._add(store, path, content, actor)
        self._write(store, memory, path, content, actor)
        return memory

    # -- routes ----------------------------------------------------------------

    def _create(self, call: Call) -> Json:
        call.refuse_unknown("view")
        refuse_unknown(call.body, "path", "content")
        store = self._stores.find(call.ids[0])
        path, content = path_of(call.body), content_of(call.body)
        if path is None or content is None:
            raise invalid(f"{'content' if path else 'path'}: Field required")
        full = is_full(call)
        store.refuse_archived()
        return self._add(store, path, content, call.actor).told(full=full)

    def _retrieve(self, call: Call) -> Json:
        call.refuse_unknown("view")
        return self._find(call)[1].told(full=is_full(call, "full"))

    def _list(self, call: Call) -> Json:
        call.refuse_unknown("limit", "page", "path_prefix", "depth", "view")
        store = self._stores.find(call.ids[0])
        full, depth = is_full(call), call.number("depth", 0, 0, 1)
        prefix = call.one("path_prefix") or "/"
        check_prefix(prefix)
        rows: dict[str, Memory | None] = {}
        for memory in store.memories.values():
            if memory.path.startswith(prefix):
                name, deeper, _ = memory.path[len(prefix) :].partition("/")
                rolled = bool(depth and deeper)
                rows[f"{prefix}{name}/" if rolled else memory.path] = (
                    None if rolled else memory
                )

        def told(path: str) -> Json:
            memory = rows[path]
            if memory is None:
                return {"type": "memory_prefix", "path": path}
            return memory.told(full=full)

        paths = {path: path for path in sorted(rows)}
        length = FULL_ROWS if full else ROWS
        return page(call, paths, told, falling=False, length=length)

    def _update(self, call: Call) -> Json:
        call.refuse_unknown("view")
        refuse_unknown(call.body, "path", "content", "precondition")
        path, content = path_of(call.body), content_of(call.body)
        if path is None and content is None:
            raise invalid("At least one of `content` or `path` must be provided")
        expected = _precondition(call.body)
        full = is_full(call)
        store, memory = self._find(call)
        store.refuse_archived()
        path = memory.path if path is None else path
        content = memory.content if content is None else content
        changes = (path, content) != (memory.path, memory.content)
        if changes or not self._forgives_replays:
            _hold(memory, expected)
        if changes:
            self._write(store, memory, path, content, call.actor)
        return memory.told(full=full)

    def _delete(self, call: Call) -> Json:
        call.refuse_unknown("expected_content_sha256")
        store, memory = self._find(call)
        expected = call.one("expected_content_sha256")
        if expected is not None and not SHA256.fullmatch(expected):
            raise invalid("expected_content_sha256: 64 lowercase hex characters")
        _hold(memory, expected)
        del store.memories[memory.id]
        store.places.remove(memory)
        self._record(store, memory, "deleted", call.actor)
        return {"id": memory.id, "type": "memory_deleted"}

    # -- writing ---------------------------------------------------------------

    def _find(self, call: Call) -> tuple[Store, Memory]:
        store = self._stores.find(call.ids[0])
        try:
            return store, store.memories[call.ids[1]]
        except KeyError:
            raise not_found("Memory", call.ids[1]) from None

    def _add(self, store: Store, path: str, content: str, actor: Json) -> Memory:
        _refuse_taken(store, path, None)
        if len(store.memories) >= MEMORIES:
            raise invalid(f"Memory store `{store.id}` holds {MEMORIES} memories")
        memory_id = self._mint.new_id("mem")
        memory = Memory(memory_id, store.id, path, content, "", "", "")
        self._record(store, memory, "created", actor)
        memory.created_at = memory.updated_at
        store.memories[memory.id] = memory
        store.places.add(memory)
        return memory

    def _write(
        self, store: Store, memory: Memory, path: str, content: str, actor: Json
    ) -> None:
        _refuse_taken(store, path, memory)
        store.places.remove(memory)
        memory.path, memory.content = path, content
        store.places.add(memory)
        self._record(store, memory, "modified", actor)

    def _record(
        self, store: Store, memory: Memory, operation: str, actor: Json
    ) -> None:
        memory.version_id = self._mint.new_id("memver")
        memory.updated_at = self._mint.time()
        version = Version(
            id=memory.version_id,
            memory_id=memory.id,
            store_id=store.id,
            operation=operation,
            path=memory.path,
            content=None if operation == "deleted" else memory.content,
            created_at=memory.updated_at,
            created_by=actor,
        )
        store.versions.append(version)


def _precondition(body: Json) -> str | None:
    asked = body.get("precondition")
    if asked is None:
        return None
    if not isinstance(asked, dict) or asked.get("type") != "content_sha256":
        raise invalid("precondition.type: must be `content_sha256`")
    refuse_unknown(asked, "type", "content_sha256")
    expected = asked.get("content_sha256")
    if not isinstance(expected, str) or not SHA256.fullmatch(expected):
        raise invalid("precondition.content_sha256: 64 lowercase hex characters")
    return expected


def _hold(memory: Memory, expected: str | None) -> None:
    """Refuse a change that was meant for other content."""
    if expected is not None and expected != memory.sha256:
        raise Refused(
            409,
            "memory_precondition_failed_error",
            f"Memory `{memory.id}` has content_sha256 {memory.sha256}",
        )


def _refuse_taken(store: Store, path: str, own: Memory | None) -> None:
    other = store.places.blocking(path, own)
    if other is not None:
        raise Refused(
            409,
            "memory_path_conflict_error",
            f"`{path}` is taken by memory `{other.id}` at `{other.path}`",
            conflicting_memory_id=other.id,
            conflicting_path=other.path,
        )
