"""Connections that waste time: the limits, made short and driven for real."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from lokid.server import protocol
from lokid.server.serve import QuietServer

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def serve(
    folder: Path, test: Callable[[Path, asyncio.Event], Coroutine[None, None, None]]
) -> None:
    """Run a test against a server whose only answer comes when it may."""

    async def main() -> None:
        stop, farewell = asyncio.Event(), asyncio.Event()

        async def slow(_request: object) -> Response:
            await farewell.wait()
            return Response("done")

        async def quick(_request: object) -> Response:
            return Response("here")

        app = Starlette(routes=[Route("/slow", slow), Route("/quick", quick)])
        path = folder / "s"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen()
            server = QuietServer(app, stop, farewell.set)
            serving = asyncio.create_task(server.serve_on(listening))
            try:
                await test(path, stop)
            finally:
                stop.set()
                await serving

    asyncio.run(main())


async def linked(path: Path, said: bytes) -> Streams:
    """A connection on which something was said."""
    streams = await asyncio.open_unix_connection(str(path))
    streams[1].write(said)
    return streams


async def closed(streams: Streams) -> bytes:
    """What comes until the other side hangs up."""
    got = await streams[0].read()
    streams[1].close()
    return got


@pytest.mark.parametrize(
    "said", [b"", b"GET /qui", b"\r\n", b"GET /quick HTTP/1.1\r\nX:"]
)
def test_a_request_that_is_not_finished_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Whoever connects and says nothing, or half of it, is hung up on."""
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.05)

    async def test(path: Path, _stop: asyncio.Event) -> None:
        assert await closed(await linked(path, said)) == b""

    serve(tmp_path, test)


def test_a_second_request_is_held_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was answered once may not dawdle either."""
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.05)

    async def test(path: Path, _stop: asyncio.Event) -> None:
        streams = await linked(path, b"GET /quick HTTP/1.1\r\nHost: lokid\r\n\r\n")
        await streams[0].readuntil(b"here")
        streams[1].write(b"GET /sl")
        assert await closed(streams) == b""

    serve(tmp_path, test)


def test_an_answer_may_take_longer_than_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is for asking; who waits for a scan is not hung up on."""
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.01)

    async def test(path: Path, stop: asyncio.Event) -> None:
        waits = await linked(path, b"GET /slow HTTP/1.1\r\nHost: lokid\r\n\r\n")
        idle = await linked(path, b"")
        assert await closed(idle) == b""  # by now the limit has passed
        stop.set()
        assert (await closed(waits)).endswith(b"done")

    serve(tmp_path, test)


def test_the_end_lets_running_answers_finish(tmp_path: Path) -> None:
    """``stop`` closes what is idle and waits for what is being answered."""

    async def test(path: Path, stop: asyncio.Event) -> None:
        waits = await linked(path, b"GET /slow HTTP/1.1\r\nHost: lokid\r\n\r\n")
        idle = await linked(path, b"GET /quick HTTP/1.1\r\nHost: lokid\r\n\r\n")
        await idle[0].readuntil(b"here")
        stop.set()
        assert await closed(idle) == b""
        assert (await closed(waits)).endswith(b"done")

    serve(tmp_path, test)
