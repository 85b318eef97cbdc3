"""The double against a model: what must hold whatever is asked in any order."""

from __future__ import annotations

import hashlib
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from double import Double
from plain import Plain, Told

PATHS = st.sampled_from(["/a", "/a/b", "/a/c", "/b", "/b/d/e", "/c"])
CONTENTS = st.sampled_from(["", "one", "two", "tw\u00f6"])
PROFILE = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def sha256(content: str) -> str:
    """The hash that a client computes by itself."""
    return hashlib.sha256(content.encode()).hexdigest()


class Writer(RuleBasedStateMachine):
    """One client of a store, and what it believes to be there."""

    def __init__(self) -> None:
        """An empty store."""
        super().__init__()
        self.double = Double()
        self.double.__enter__()
        self.plain = Plain(self.double.url)
        self.store = self.plain.post("memory_stores", body={"name": "s"}).id
        self.at: dict[str, tuple[str, str]] = {}
        self.contents: dict[str, str] = {}
        self.versions: list[tuple[str, str]] = []

    def teardown(self) -> None:
        """The machine ends."""
        self.plain.__exit__(None, None, None)
        self.double.__exit__(None, None, None)

    # -- what a client does ------------------------------------------------------

    @rule(path=PATHS, content=CONTENTS)
    def create(self, path: str, content: str) -> None:
        """It is made exactly where nothing is in the way."""
        told = self._post(body={"path": path, "content": content})
        blocker = self._blocker(path, None)
        if blocker is None:
            assert told.status == 200
            self.at[told.id] = (path, content)
            self.versions.insert(0, (told.id, "created"))
        else:
            self._hold_conflict(told, blocker)

    @rule(data=st.data(), content=CONTENTS, guarded=CONTENTS)
    def update(self, data: st.DataObject, content: str, guarded: str) -> None:
        """It happens if the guard is right; if it is there already it is right."""
        memory = self._any(data)
        if memory is None:
            return
        path, stored = self.at[memory]
        guard = {"type": "content_sha256", "content_sha256": sha256(guarded)}
        told = self._post(memory, body={"content": content, "precondition": guard})
        assert (told.status == 200) == (stored in {content, guarded})
        if told.status == 409:
            assert told.error == "memory_precondition_failed_error"
        elif stored != content:
            self.at[memory] = (path, content)
            self.versions.insert(0, (memory, "modified"))

    @rule(data=st.data(), path=PATHS, content=CONTENTS)
    def move_and_replay(self, data: st.DataObject, path: str, content: str) -> None:
        """Sent twice with the same guard it is done once and told twice."""
        memory = self._any(data)
        if memory is None:
            return
        _, stored = self.at[memory]
        guard = {"type": "content_sha256", "content_sha256": sha256(stored)}
        body = {"path": path, "content": content, "precondition": guard}
        told = self._post(memory, body=body)
        blocker = self._blocker(path, memory)
        if blocker is not None and self.at[memory] != (path, content):
            self._hold_conflict(told, blocker)
            return
        if self.at[memory] != (path, content):
            self.at[memory] = (path, content)
            self.versions.insert(0, (memory, "modified"))
        assert told.status == 200
        assert self._post(memory, body=body) == told

    @rule(data=st.data(), guarded=CONTENTS)
    def delete(self, data: st.DataObject, guarded: str) -> None:
        """It happens if the guard is right."""
        memory = self._any(data)
        if memory is None:
            return
        where = ("memory_stores", self.store, "memories", memory)
        told = self.plain.delete(*where, expected_content_sha256=sha256(guarded))
        assert told.status == (200 if self.at[memory][1] == guarded else 409)
        if told.status == 200:
            del self.at[memory]
            self.versions.insert(0, (memory, "deleted"))

    @rule(data=st.data(), size=st.integers(1, 4))
    def read_while_others_write(self, data: st.DataObject, size: int) -> None:
        """Pages show each memory once that was there from the first to the last."""
        before = {path for path, _ in self.at.values()}
        seen: list[str] = []
        for page in self.plain.pages(
            "memory_stores", self.store, "memories", limit=size
        ):
            seen += [row["path"] for row in page]
            if data.draw(st.booleans()):
                self.create(data.draw(PATHS), "late")
            if data.draw(st.booleans()) and (memory := self._any(data)) is not None:
                before.discard(self.at[memory][0])
                self.plain.delete("memory_stores", self.store, "memories", memory)
                del self.at[memory]
                self.versions.insert(0, (memory, "deleted"))
        assert len(set(seen)) == len(seen)
        assert before <= set(seen)

    # -- what then holds -----------------------------------------------------------

    @invariant()
    def the_store_is_as_believed(self) -> None:
        """Every page of every list, in its order, and the heads."""
        rows = self.plain.rows(
            "memory_stores", self.store, "memories", view="full", limit=3
        )
        told = {row["id"]: (row["path"], row["content"]) for row in rows}
        assert told == self.at
        assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)
        history = self.plain.rows(
            "memory_stores", self.store, "memory_versions", limit=100
        )
        assert [
            (row["memory_id"], row["operation"]) for row in history
        ] == self.versions
        newest = {row["memory_id"]: row["id"] for row in reversed(history)}
        assert all(row["memory_version_id"] == newest[row["id"]] for row in rows)

    def _post(self, *more: str, body: Any) -> Told:
        return self.plain.post(
            "memory_stores", self.store, "memories", *more, body=body
        )

    def _any(self, data: st.DataObject) -> str | None:
        return data.draw(st.sampled_from(sorted(self.at))) if self.at else None

    def _blocker(self, path: str, own: str | None) -> str | None:
        for memory, (taken, _) in self.at.items():
            if memory != own and (
                f"{taken}/".startswith(f"{path}/") or f"{path}/".startswith(f"{taken}/")
            ):
                return memory
        return None

    def _hold_conflict(self, told: Told, blocker: str) -> None:
        assert (told.status, told.error) == (409, "memory_path_conflict_error")
        named = told.body["error"]["conflicting_memory_id"]
        assert self.at[named][0] == told.body["error"]["conflicting_path"]
        assert blocker in self.at


def test_a_store_is_what_its_client_believes() -> None:
    """Whatever is created, updated, replayed, moved, deleted and listed."""
    run_state_machine_as_test(Writer, settings=PROFILE)
