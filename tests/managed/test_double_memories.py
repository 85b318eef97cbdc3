"""What the double holds to be a memory: created, changed, deleted, listed."""

from __future__ import annotations

import hashlib

import pytest

from double import Double
from plain import Plain, Told

pytest_plugins = ["double_fixtures"]


def sha256(content: str) -> str:
    """The hash that a client computes by itself."""
    return hashlib.sha256(content.encode()).hexdigest()


def create(plain: Plain, store: str, path: str, content: str = "x") -> Told:
    """A new memory."""
    body = {"path": path, "content": content}
    return plain.post("memory_stores", store, "memories", body=body)


def guard(content: str) -> dict[str, str]:
    """A precondition: that this is what is stored."""
    return {"type": "content_sha256", "content_sha256": sha256(content)}


def update(plain: Plain, store: str, memory: str, **body: object) -> Told:
    """A change of a memory."""
    return plain.post("memory_stores", store, "memories", memory, body=body)


def test_a_memory_is_given_with_its_hash_and_without_its_content(
    plain: Plain, store: str
) -> None:
    """Create, update and list leave the content out, retrieve gives it."""
    made = create(plain, store, "/episodic/a.json", "h\u00e9")
    memory = plain.get("memory_stores", store, "memories", made.id)
    assert made.body == {**memory.body, "content": None}
    assert memory.body["content"] == "h\u00e9"
    assert memory.body["content_sha256"] == sha256("h\u00e9")
    assert memory.body["content_size_bytes"] == 3
    listed = plain.get("memory_stores", store, "memories").body["data"]
    assert listed == [made.body]


def test_create_never_overwrites(plain: Plain, store: str) -> None:
    """The refusal names who has the path."""
    made = create(plain, store, "/a/b")
    again = create(plain, store, "/a/b", "y")
    assert (again.status, again.error) == (409, "memory_path_conflict_error")
    assert again.body["error"]["conflicting_memory_id"] == made.id
    assert again.body["error"]["conflicting_path"] == "/a/b"


@pytest.mark.parametrize("path", ["/a", "/a/b/c"])
def test_a_memory_is_no_folder(plain: Plain, store: str, path: str) -> None:
    """Nothing is created above a memory or below one."""
    create(plain, store, "/a/b")
    told = create(plain, store, path)
    assert (told.status, told.body["error"]["conflicting_path"]) == (409, "/a/b")
    assert create(plain, store, "/ab").status == 200


def test_an_update_is_guarded_by_the_hash_of_what_is_stored(
    plain: Plain, store: str
) -> None:
    """A wrong hash is a conflict and changes nothing."""
    made = create(plain, store, "/a", "one")
    lost = update(plain, store, made.id, content="two", precondition=guard("two"))
    assert (lost.status, lost.error) == (409, "memory_precondition_failed_error")
    won = update(plain, store, made.id, content="two", precondition=guard("one"))
    assert (won.status, won.body["content_sha256"]) == (200, sha256("two"))
    assert won.body["memory_version_id"] != made.body["memory_version_id"]


def test_an_update_whose_answer_was_lost_may_be_sent_again(
    plain: Plain, store: str
) -> None:
    """What is there already is 200 with the old hash too, and no new version."""
    made = create(plain, store, "/a", "one")
    body = {"content": "two", "path": "/b", "precondition": guard("one")}
    first = update(plain, store, made.id, **body)
    assert update(plain, store, made.id, **body).body == first.body
    assert len(plain.rows("memory_stores", store, "memory_versions")) == 2


def test_a_service_may_be_less_forgiving_than_documented() -> None:
    """Then the same update sent again is a conflict; one without a guard is not."""
    with Double(forgives_replays=False) as double, Plain(double.url) as plain:
        store = plain.post("memory_stores", body={"name": "s"}).id
        made = create(plain, store, "/a", "one")
        body = {"content": "two", "precondition": guard("one")}
        told = [update(plain, store, made.id, **body).status for _ in range(2)]
        assert told == [200, 409]
        assert update(plain, store, made.id, content="two").status == 200


def test_a_rename_keeps_the_id_and_never_overwrites(plain: Plain, store: str) -> None:
    """It may move below its own old path, but not onto another memory."""
    made, other = create(plain, store, "/a"), create(plain, store, "/b")
    assert update(plain, store, made.id, path="/a/deep").body["path"] == "/a/deep"
    told = update(plain, store, made.id, path="/b")
    assert told.body["error"]["conflicting_memory_id"] == other.id
    assert create(plain, store, "/c").status == 200
    assert create(plain, store, "/a").status == 409


def test_a_delete_is_guarded_by_a_query_parameter(plain: Plain, store: str) -> None:
    """A wrong hash is a conflict; a deleted memory is gone and its path free."""
    made = create(plain, store, "/a", "one")
    where = ("memory_stores", store, "memories", made.id)
    lost = plain.delete(*where, expected_content_sha256=sha256("two"))
    assert (lost.status, lost.error) == (409, "memory_precondition_failed_error")
    done = plain.delete(*where, expected_content_sha256=sha256("one"))
    assert done.body == {"id": made.id, "type": "memory_deleted"}
    gone = (plain.get(*where), plain.delete(*where), plain.post(*where, body={}))
    assert [told.status for told in gone] == [404, 404, 400]
    assert create(plain, store, "/a").status == 200


@pytest.mark.parametrize(
    "path",
    [
        *("", "a", "a/b", "/", "//", "/a/", "/a//b", "/.", "/a/..", "/a/./b"),
        *("/a\n", "/a\u200b", "/a\u2028", "/e\u0301", "/" + "x" * 1024, "/x" * 21),
    ],
)
def test_a_path_has_a_grammar(plain: Plain, store: str, path: str) -> None:
    """Segments, no dots, nothing invisible, NFC, bounds."""
    told = create(plain, store, path)
    assert (told.status, told.error) == (400, "invalid_request_error")


@pytest.mark.parametrize("path", ["/A b/\u00e9.json", "/" + "x" * 1023, "/x" * 20])
def test_a_good_path_is_taken_as_it_is(plain: Plain, store: str, path: str) -> None:
    """Spaces, accents, and the longest ones."""
    assert create(plain, store, path).body["path"] == path


def test_content_is_bounded_in_bytes(plain: Plain, store: str) -> None:
    """102,400 are taken, one more is not; an empty text is content."""
    assert create(plain, store, "/most", "\u00e9" * 51_200).status == 200
    assert create(plain, store, "/more", "\u00e9" * 51_200 + "x").status == 400
    assert create(plain, store, "/none", "").body["content_size_bytes"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"path": "/a"},
        {"content": "x"},
        {"path": "/a", "content": None},
        {"path": "/a", "content": 1},
        {"path": "/a", "content": "\ud800"},
        {"path": "/a", "content": "x", "if_match_sha256": "0" * 64},
        {"path": "/a", "content": "x", "precondition": guard("x")},
        [],
        b"{",
    ],
)
def test_a_wrong_body_is_refused(plain: Plain, store: str, body: object) -> None:
    """Nothing missing, nothing more, nothing of another type."""
    told = plain.post("memory_stores", store, "memories", body=body)
    assert (told.status, told.error) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"precondition": guard("x")},
        {"content": "y", "precondition": {"type": "etag"}},
        {"content": "y", "precondition": {"type": "content_sha256"}},
        {"content": "y", "precondition": {**guard("x"), "content_sha256": "AB"}},
    ],
)
def test_a_wrong_update_is_refused(plain: Plain, store: str, body: object) -> None:
    """It says what is to change, and its guard is a hash."""
    made = create(plain, store, "/a")
    told = plain.post("memory_stores", store, "memories", made.id, body=body)
    assert (told.status, told.error) == (400, "invalid_request_error")


def test_a_full_list_has_short_pages(plain: Plain, store: str) -> None:
    """20 with contents whatever is asked for, 100 without, 20 if nothing is asked."""
    for number in range(120):
        create(plain, store, f"/{number:03}")
    where = ("memory_stores", store, "memories")
    sizes = [
        [len(page) for page in plain.pages(*where, **query)]
        for query in ({}, {"limit": 100}, {"limit": 100, "view": "full"})
    ]
    assert sizes == [[20] * 6, [100, 20], [20] * 6]
    refused = [plain.get(*where, limit=limit).status for limit in (0, 101, "x")]
    assert refused == [400] * 3


def test_a_list_can_be_of_one_folder_and_of_one_level(plain: Plain, store: str) -> None:
    """`path_prefix` goes by whole segments, `depth=1` rolls up what is deeper."""
    for path in ("/a/b/1", "/a/b/2", "/a/c", "/ab", "/b/d"):
        create(plain, store, path)
    where = ("memory_stores", store, "memories")

    def told(**query: str) -> list[tuple[str, str]]:
        return [(row["type"], row["path"]) for row in plain.rows(*where, **query)]

    inside = [("memory", "/a/b/1"), ("memory", "/a/b/2"), ("memory", "/a/c")]
    assert told(path_prefix="/a/") == inside
    assert told(path_prefix="/a/", depth="1", limit="1") == [
        ("memory_prefix", "/a/b/"),
        ("memory", "/a/c"),
    ]
    refused = [plain.get(*where, path_prefix=one).status for one in ("/a", "a/", "//")]
    assert refused == [400] * 3
    assert plain.get(*where, depth=2).status == 400


def test_a_cursor_belongs_to_its_list(plain: Plain, store: str) -> None:
    """Another list's cursor is refused, and so is what is none."""
    for number in range(3):
        create(plain, store, f"/{number}")
    where = ("memory_stores", store, "memories")
    cursor = plain.get(*where, limit=1).body["next_page"]
    assert cursor.startswith("page_")
    assert plain.get(*where, limit=2, page=cursor).status == 200
    others = [plain.get(*where, view="full", page=cursor), plain.get(*where, page="x")]
    assert [told.status for told in others] == [400, 400]


def test_a_store_holds_two_thousand_memories(
    double: Double, plain: Plain, store: str
) -> None:
    """One more is refused; those that are there can still be changed."""
    for number in range(2000):
        double.put(store, f"/{number % 40}/{number}", "x")
    told = create(plain, store, "/more")
    assert (told.status, told.error) == (400, "invalid_request_error")
    assert double.put(store, "/0/0", "y")["content"] == "y"
    assert len(plain.rows("memory_stores", store, "memories", limit=100)) == 2000


def test_a_write_behind_the_clients_back_is_not_in_the_log(
    double: Double, plain: Plain, store: str
) -> None:
    """An agent's write names its session, another project's another key."""
    double.put(store, "/a", "one", session_id="sesn_1")
    double.put(store, "/a", "two")
    rows = plain.rows("memory_stores", store, "memory_versions")
    assert [row["created_by"]["type"] for row in rows] == ["api_actor", "session_actor"]
    assert double.log.count("POST", "memories") == 0
