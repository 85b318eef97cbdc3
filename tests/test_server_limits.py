"""Connections that waste time: the limits, made short and driven for real."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import select
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lokid.server import protocol, room
from lokid.server.serve import QuietServer

QUICK = b"GET /quick HTTP/1.1\r\nHost: lokid\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: lokid\r\n\r\n"
BEGUN = b"GET /begun HTTP/1.1\r\nHost: lokid\r\n\r\n"
LARGE_BYTES = 8 << 20

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

        async def large(_request: object) -> Response:
            return Response(b"x" * LARGE_BYTES)

        async def begun(_request: object) -> Response:
            async def pieces() -> AsyncIterator[bytes]:
                yield b"begun"
                await farewell.wait()

            return StreamingResponse(pieces())

        answers = {"/slow": slow, "/quick": quick, "/large": large, "/begun": begun}
        app = Starlette(routes=[Route(path, one) for path, one in answers.items()])
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


def test_who_waits_longest_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the limit an idle connection goes, the oldest first; who asks is heard."""
    monkeypatch.setattr(room, "CONNECTIONS", 3)

    async def test(path: Path, _stop: asyncio.Event) -> None:
        answered = await linked(path, BEGUN)
        await answered[0].readuntil(b"begun")
        idle = [await linked(path, b""), await linked(path, b"GET /qui")]
        asks = await linked(path, QUICK)
        await asks[0].readuntil(b"here")
        assert await closed(idle[0]) == b""
        idle[1][1].write(QUICK.removeprefix(b"GET /qui"))
        await idle[1][0].readuntil(b"here")
        assert not answered[0].at_eof()
        for streams in (answered, idle[1], asks):
            streams[1].close()

    serve(tmp_path, test)


def test_where_all_are_answered_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one too many is told so, as what its client takes for no daemon."""
    monkeypatch.setattr(room, "CONNECTIONS", 2)

    async def test(path: Path, _stop: asyncio.Event) -> None:
        answered = [await linked(path, BEGUN), await linked(path, BEGUN)]
        for streams in answered:
            await streams[0].readuntil(b"begun")
        refused = await closed(await linked(path, QUICK))
        assert b"HTTP/1.1 503 Service Unavailable" == refused.split(b"\r\n")[0]
        assert b'"title":"DaemonMissing"' in refused
        for streams in answered:
            streams[1].close()

    serve(tmp_path, test)


def test_few_open_files_leave_room_for_few_connections() -> None:
    """The limit of open files bounds them too, with some to spare."""
    files, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100 + room.SPARE_FILES, hard))
        assert 100 == room.most()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))


def test_a_reader_that_takes_nothing_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of a finished answer is not kept for who does not take it."""
    monkeypatch.setattr(protocol, "STALLED_SECONDS", 0.05)

    async def test(path: Path, _stop: asyncio.Event) -> None:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(path))
            link.sendall(LARGE)
            hung_up = select.poll()
            hung_up.register(link, 0)  # nothing but what is always told: the end
            assert await asyncio.to_thread(hung_up.poll, 10_000)
            got = 0
            with contextlib.suppress(ConnectionResetError):
                while part := link.recv(1 << 20):
                    got += len(part)
        assert got < LARGE_BYTES

    serve(tmp_path, test)
