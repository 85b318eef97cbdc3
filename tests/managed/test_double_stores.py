"""What the double holds to be a store, and a version of a memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from double import Double
from plain import Plain

pytest_plugins = ["double_fixtures"]


def test_a_store_is_given_as_the_sdk_reads_it(plain: Plain) -> None:
    """Names need not be unique; what was not said is empty."""
    body = {"name": "loki", "metadata": {"loki_scope": "user"}}
    made = [plain.post("memory_stores", body=body).body for _ in range(2)]
    assert made[0]["id"] != made[1]["id"]
    assert made[0]["id"].startswith("memstore_")
    wanted = {"type": "memory_store", "description": "", "archived_at": None, **body}
    assert wanted.items() <= made[0].items()
    assert plain.rows("memory_stores") == made[::-1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 256},
        {"name": "a\nb"},
        {"name": "a", "scope": "project"},
        {"name": "a", "description": "x" * 1025},
        {"name": "a", "metadata": {str(one): "" for one in range(17)}},
        {"name": "a", "metadata": {"x" * 65: ""}},
        {"name": "a", "metadata": {"a": "x" * 513}},
        {"name": "a", "metadata": {"a": 1}},
        {"name": "a", "metadata": []},
    ],
)
def test_a_wrong_store_is_refused(plain: Plain, body: Any) -> None:
    """Lengths, types, and the field that older harnesses send."""
    told = plain.post("memory_stores", body=body)
    assert (told.status, told.error) == (400, "invalid_request_error")


def test_metadata_is_patched_key_by_key(plain: Plain, store: str) -> None:
    """A text sets, null takes out, the rest stays."""
    where = ("memory_stores", store)
    plain.post(*where, body={"metadata": {"a": "1", "b": "2"}})
    plain.post(*where, body={"metadata": {"a": None, "c": "3"}, "name": "new"})
    told = plain.get(*where).body
    assert (told["metadata"], told["name"]) == ({"b": "2", "c": "3"}, "new")


def test_an_archived_store_can_be_read_and_emptied_but_not_written(
    plain: Plain, store: str
) -> None:
    """Create and update are refused; delete and redact are not."""
    memories = ("memory_stores", store, "memories")
    made = plain.post(*memories, body={"path": "/a", "content": "x"}).body
    assert plain.post("memory_stores", store, "archive").body["archived_at"]
    refused = [
        plain.post(*memories, body={"path": "/b", "content": "x"}),
        plain.post(*memories, made["id"], body={"content": "y"}),
        plain.post("memory_stores", store, body={"name": "b"}),
    ]
    assert [told.status for told in refused] == [400] * 3
    assert plain.get(*memories, made["id"]).body["content"] == "x"
    versions = ("memory_stores", store, "memory_versions")
    assert plain.delete(*memories, made["id"]).status == 200
    assert plain.post(*versions, made["memory_version_id"], "redact").status == 200


def test_archived_stores_are_listed_on_request(plain: Plain, store: str) -> None:
    """The usual list leaves them out."""
    plain.post("memory_stores", store, "archive")
    assert plain.rows("memory_stores") == []
    told = plain.rows("memory_stores", include_archived="true")
    assert [row["id"] for row in told] == [store]


def test_a_deleted_store_takes_everything_along(plain: Plain, store: str) -> None:
    """Its memories and versions are no longer found either."""
    body = {"path": "/a", "content": "x"}
    plain.post("memory_stores", store, "memories", body=body)
    told = plain.delete("memory_stores", store)
    assert told.body == {"id": store, "type": "memory_store_deleted"}
    for rest in ((), ("memories",), ("memory_versions",)):
        gone = plain.get("memory_stores", store, *rest)
        assert (gone.status, gone.error) == (404, "not_found_error")


def test_versions_are_listed_newest_first_and_outlive_their_memory(
    plain: Plain, store: str
) -> None:
    """Each names the operation; what a deleted one says is its path alone."""
    memories = ("memory_stores", store, "memories")
    made = plain.post(*memories, body={"path": "/a", "content": "1"})
    plain.post(*memories, made.id, body={"path": "/b"})
    plain.delete(*memories, made.id)
    versions = ("memory_stores", store, "memory_versions")
    rows = plain.rows(*versions, memory_id=made.id, view="full")
    told = [(row["operation"], row["path"], row["content"]) for row in rows]
    assert told == [
        ("deleted", "/b", None),
        ("modified", "/b", "1"),
        ("created", "/a", "1"),
    ]
    assert rows[0]["content_sha256"] is rows[0]["content_size_bytes"] is None
    basic = plain.rows(*versions)
    assert [row["content"] for row in basic] == [None] * 3
    assert plain.get(*versions, rows[2]["id"]).body == rows[2]


def test_versions_can_be_chosen(double: Double, plain: Plain, store: str) -> None:
    """By memory, operation, writer and time."""
    double.put(store, "/a", "1", session_id="sesn_1")
    double.put(store, "/a", "2")
    double.put(store, "/b", "3")
    versions = ("memory_stores", store, "memory_versions")
    newest = plain.rows(*versions)[0]

    def count(**query: str) -> int:
        return len(plain.rows(*versions, **query))

    assert count(memory_id=newest["memory_id"]) == 1
    assert count(operation="modified") == 1
    assert count(session_id="sesn_1") == 1
    assert count(api_key_id="apikey_of_another") == 2
    assert count(**{"created_at[gte]": newest["created_at"]}) == 1
    assert count(**{"created_at[lte]": newest["created_at"]}) == 3
    refused = [
        plain.get(*versions, operation="renamed"),
        plain.get(*versions, order="asc"),
        plain.get(*versions, **{"created_at[gte]": "yesterday"}),
    ]
    assert [told.status for told in refused] == [400] * 3


def test_the_head_of_a_live_memory_is_not_redacted(plain: Plain, store: str) -> None:
    """A new version, or the memory's end, makes way for it."""
    memories = ("memory_stores", store, "memories")
    made = plain.post(*memories, body={"path": "/secret", "content": "token"}).body
    where = ("memory_stores", store, "memory_versions", made["memory_version_id"])
    told = plain.post(*where, "redact")
    assert (told.status, told.error) == (400, "invalid_request_error")
    plain.post(*memories, made["id"], body={"content": "clean"})
    assert plain.post(*where, "redact").status == 200


def test_a_redacted_version_says_who_and_when_and_nothing_else(
    plain: Plain, store: str
) -> None:
    """Content, path, hash and size are null on every route; again is the same."""
    memories = ("memory_stores", store, "memories")
    made = plain.post(*memories, body={"path": "/secret", "content": "token"}).body
    plain.delete(*memories, made["id"])
    rows = plain.rows("memory_stores", store, "memory_versions")
    for row in rows:
        where = ("memory_stores", store, "memory_versions", row["id"])
        redacted = plain.post(*where, "redact").body
        for name in ("content", "path", "content_sha256", "content_size_bytes"):
            assert redacted[name] is None
        assert redacted["redacted_by"]["type"] == "api_actor"
        kept = ("id", "memory_id", "operation", "created_at", "created_by")
        assert {name: redacted[name] for name in kept} == {
            name: row[name] for name in kept
        }
        assert plain.get(*where).body == redacted
        assert plain.post(*where, "redact").body == redacted
    whole = plain.rows("memory_stores", store, "memory_versions", view="full")
    assert "secret" not in str(whole)
    assert "token" not in str(whole)


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({"x_api_key": ""}, 401, "authentication_error"),
        ({"x_api_key": "other"}, 401, "authentication_error"),
        ({"x_api_key": "", "authorization": "Bearer key"}, 200, ""),
        ({"x_api_key": "", "authorization": "Bearer other"}, 401, ""),
        ({"anthropic_version": ""}, 400, "invalid_request_error"),
        ({"anthropic_beta": ""}, 400, "invalid_request_error"),
        ({"anthropic_beta": "agent-memory-2026-07-22"}, 200, ""),
        ({"anthropic_beta": "agent-memory-2026-07-22,made-up"}, 400, ""),
    ],
)
def test_every_request_is_admitted_or_not(
    headers: dict[str, str], status: int, error: str
) -> None:
    """By key, version and beta, in either way that SDKs send a key."""
    with Double(keys=("key",)) as double, Plain(double.url, **headers) as plain:
        told = plain.get("memory_stores", beta="true")
        assert told.status == status
        assert not error or told.error == error


def test_agents_want_their_own_beta(double: Double) -> None:
    """That of memory stores is not enough."""
    beta = "agent-memory-2026-07-22"
    with Plain(double.url, anthropic_beta=beta) as plain:
        assert plain.get("agents").status == 400


def test_a_beta_can_be_retired_while_it_runs(double: Double, plain: Plain) -> None:
    """What was accepted is unknown from then on."""
    assert plain.get("memory_stores").status == 200
    double.admission.memory_betas = frozenset({"agent-memory-2027-01-01"})
    double.admission.agent_betas = frozenset({"managed-agents-2027-01-01"})
    told = plain.get("memory_stores")
    assert (told.status, told.error) == (400, "invalid_request_error")
    assert "managed-agents-2026-04-01" in told.body["error"]["message"]


def test_times_are_those_of_the_tests_clock_and_never_the_same() -> None:
    """So a store can be full of what is old, in order."""
    old = datetime(2026, 1, 2, tzinfo=UTC)
    with Double(now=lambda: old) as double, Plain(double.url) as plain:
        store = plain.post("memory_stores", body={"name": "s"}).body
        assert store["created_at"] == "2026-01-02T00:00:00.000000Z"
        double.put(store["id"], "/a", "x")
        row = plain.rows("memory_stores", store["id"], "memories")[0]
        assert store["created_at"] < row["updated_at"] < "2026-01-02T00:00:01"


def test_what_is_not_there_is_not_found(plain: Plain, store: str) -> None:
    """Addresses, objects, and methods that an address does not have."""
    told = [
        plain.get("nothing"),
        plain.get("memory_stores", "memstore_1"),
        plain.get("memory_stores", store, "memories", "mem_1"),
        plain.get("memory_stores", store, "memory_versions", "memver_1"),
        plain.post("memory_stores", store, "memory_versions"),
    ]
    assert [one.status for one in told] == [404, 404, 404, 404, 405]
