"""Served is what was there in time, at a client that still listened."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from house import House, crash, housed
from live import daemon_on
from lokid.client import Client
from lokid.events import CheckServed, ContextServed, FixServed
from lokid.paths import Workspace
from rig import recorded
from simulator_rig import iterations, played
from test_delivery_daemon import COMMAND, PRINTED, ROWS
from test_server import fetch, linked

SERVED = (ContextServed.TYPE, CheckServed.TYPE, FixServed.TYPE)


@pytest.fixture
def house(workspace: Workspace) -> Iterator[House]:
    """A small daemon over one crash."""
    crash(workspace, "KeyError")
    with housed(workspace) as running:
        yield running


def served(workspace: Workspace) -> list[str]:
    """What the log says was served; what waits is written by then."""
    Client(workspace).get("status")
    return [one.type for one in recorded(workspace, *SERVED)]


def test_an_answer_that_comes_too_late_is_empty_and_not_recorded(house: House) -> None:
    """The client has printed nothing; it is told so, in case it still reads."""
    status, head, body = fetch(house, "/context?format=text&record=1&deadline=1")
    assert (200, b"", "1", "deadline") == (
        status,
        body,
        head["x-lokid-stale"],
        head["x-lokid-reason"],
    )
    told = msgspec.json.decode(fetch(house, "/context?record=1&deadline=1")[2])
    assert ("", [], True) == (told["text"], told["lines"], told["stale"])
    assert [] == served(house.workspace)
    assert b"KeyError\n" == fetch(house, "/context?format=text&record=1")[2]
    assert [ContextServed.TYPE] == served(house.workspace)


def test_who_asks_for_no_delivery_gets_what_there_is(house: House) -> None:
    """A list of failures is never served: a late one is stale, not empty."""
    told = house.client.get("failures", {}, 1)
    assert ["KeyError"] == told["failures"]
    assert told["reason"] == ("deadline" if told["stale"] else None)


def test_a_client_that_hangs_up_was_not_served(house: House) -> None:
    """It asked and went; the next one is."""
    asked = b"GET /context?record=1 HTTP/1.1\r\nHost: lokid\r\n\r\n"
    for _ in range(5):
        with linked(house.socket) as link:
            link.sendall(asked)
    assert [] == served(house.workspace)
    fetch(house, "/context?record=1")
    assert [ContextServed.TYPE] == served(house.workspace)


def test_a_missed_check_is_said_by_the_next_one(workspace: Workspace) -> None:
    """What nobody read must not be silent for the rest of the session."""
    rows = [one for run in (1, 2) for one in iterations(*ROWS, run=run, hour=7 + run)]
    played(workspace.root, rows)
    asked = {"command": COMMAND, "error": PRINTED, "session": "a", "record": "1"}
    with daemon_on(workspace):
        client = Client(workspace)
        for name in ("check", "fix"):
            missed = client.get(name, asked, 1)
            assert ("", True) == (missed["text"], missed["stale"])
            assert [] == served(workspace)
        assert client.get("check", asked)["text"]
        assert [CheckServed.TYPE] == served(workspace)
        assert not client.get("check", asked)["text"]


def test_a_question_that_went_wrong_late_is_nobodys() -> None:
    """Its error is taken note of, so that no loop complains of it."""
    from lokid.server.service import _drop

    async def main() -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: heard.append(context))

        async def wrong() -> Any:
            raise ZeroDivisionError

        task = asyncio.create_task(wrong())
        task.add_done_callback(_drop)
        await asyncio.wait([task])
        await asyncio.sleep(0)
        del task
        return heard

    assert [] == asyncio.run(main())
