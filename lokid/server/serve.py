"""uvicorn, without its clock and its voice.

Its main loop wakes ten times a second, which costs an idle daemon 2.6 ms of CPU
a second (measured); here it awaits an event.  Signals belong to ``daemon.py``,
logs are silent (routes report their own errors), and no answer carries a date
or a server name.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

from starlette.types import ASGIApp
from uvicorn import Config, Server

from lokid.server import PROTOCOL
from lokid.server.listener import BACKLOG
from lokid.server.protocol import GuardedProtocol

GRACE_SECONDS = 1
KEEP_ALIVE_SECONDS = 5


class QuietServer(Server):
    """A server that ends when ``stop`` is set."""

    def __init__(
        self, app: ASGIApp, stop: asyncio.Event, farewell: Callable[[], None]
    ) -> None:
        """``farewell`` is called when the end begins, to end endless answers."""
        super().__init__(
            Config(
                app,
                loop="none",
                http=GuardedProtocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                workers=1,  # else it is read from the environment
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                limit_concurrency=None,  # ours: `room`
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._stop = stop
        self._farewell = farewell
        self.server_state.default_headers = [
            (b"x-lokid-protocol", str(PROTOCOL).encode()),
            (b"x-content-type-options", b"nosniff"),
        ]

    async def serve_on(self, listening: socket.socket) -> None:
        """Answer until ``stop``, then let running answers end for a second."""
        await self.serve(sockets=[listening])
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def main_loop(self) -> None:
        """Await the end instead of asking for it."""
        await self._stop.wait()
        self._farewell()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever owns the process."""
        yield
