"""What uvicorn leaves open: who may speak, how much, and for how long.

A subclass of its httptools protocol.  Refused, by closing the connection:

* a peer of another user, by the kernel's word (``SO_PEERCRED``), before a byte
  is read.  Where the system does not give it, the socket's mode and folder are
  the only guard;
* a head over `HEAD_BYTES` (431), a body over `BODY_BYTES` (413);
* a connection that has not finished a request `IDLE_SECONDS` after it began.

A slow reader is borne: uvicorn's flow control bounds what is held for it, and
a person may page through ``lokictl events`` as long as they like.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lokid.server import PROTOCOL

HEAD_BYTES = 32 << 10
BODY_BYTES = 64 << 10
IDLE_SECONDS = 5.0
_PEER = struct.Struct("3i")
_HEAD_TOO_LARGE = "431 Request Header Fields Too Large"
_BODY_TOO_LARGE = "413 Content Too Large"


class GuardedProtocol(HttpToolsProtocol):
    """One connection, held to the limits above."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  uvicorn's
        """As uvicorn makes it."""
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._in_head = True
        self._size = 0
        self._refused = False

    def connection_made(  # type: ignore[override]  # as uvicorn narrows it
        self, transport: asyncio.Transport
    ) -> None:
        """Let the peer in, or not."""
        super().connection_made(transport)
        if _may_speak(transport.get_extra_info("socket")):
            self._hurry()
        else:
            self._refused = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._at_ease()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count heads before they are parsed: one without end is never kept."""
        if self._refused:
            return
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._hurry()
        if self._in_head:
            self._size += len(data)
        super().data_received(data)
        if self._in_head and self._size > HEAD_BYTES:
            self._refuse(_HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Hold the head to its size."""
        head = len(self.url) + sum(
            len(name) + len(value) for name, value in self.headers
        )
        self._in_head, self._size = False, 0
        if head > HEAD_BYTES:
            self._refuse(_HEAD_TOO_LARGE)
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hold the body to its size."""
        self._size += len(body)
        if self._size > BODY_BYTES:
            self._refuse(_BODY_TOO_LARGE)
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: no more haste."""
        self._in_head, self._size = True, 0
        if not self._refused:
            self._at_ease()
            super().on_message_complete()

    def _hurry(self) -> None:
        self._timer = self.loop.call_later(IDLE_SECONDS, self.transport.close)

    def _at_ease(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: str) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self.cycle is None or not self.cycle.response_started:
            head = f"HTTP/1.1 {status}\r\nx-lokid-protocol: {PROTOCOL}\r\n"
            rest = "content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write((head + rest).encode())
        self.transport.close()


def _may_speak(link: socket.socket | None) -> bool:
    option = getattr(socket, "SO_PEERCRED", None)
    if link is None or option is None:
        return True
    raw = link.getsockopt(socket.SOL_SOCKET, option, _PEER.size)
    return _PEER.unpack(raw)[1] in (os.getuid(), 0)
