"""What uvicorn leaves open: who may speak, how much, and for how long.

A subclass of its httptools protocol.  Refused, by closing the connection:

* a peer of another user, by the kernel's word (``SO_PEERCRED``), before a byte
  is read.  Where the system does not give it, the socket's mode and folder are
  the only guard;
* a head over `HEAD_BYTES` (431), a body over `BODY_BYTES` (413);
* a request that ``admission.py`` does not let in (400, 403, 415, 421), and one that
  is no HTTP (400);
* a connection that has not finished a request `IDLE_SECONDS` after it began;
* what there is no room for (``room.py``);
* a reader that takes nothing of a finished answer for `IDLE_SECONDS`, or for
  `STALLED_SECONDS` while more than `UNREAD_BYTES` of it are left.

A slow reader is borne as long as it reads.  An answer that is still being made
(``lokictl events``) waits for its reader without end: flow control bounds what is
held for it, and a person may page as long as they like.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lokid.errors import DaemonMissing, UsageError
from lokid.peer import is_ours
from lokid.server import room
from lokid.server.admission import refusal
from lokid.server.answers import problem

HEAD_BYTES = 32 << 10
BODY_BYTES = 64 << 10
IDLE_SECONDS = 5.0
STALLED_SECONDS = 1.0
UNREAD_BYTES = 1 << 20
_HEAD_TOO_LARGE = 431, f"the head is over {HEAD_BYTES} bytes"
_BODY_TOO_LARGE = 413, f"the body is over {BODY_BYTES} bytes"
_NO_HTTP = 400, "this is no HTTP request"


class GuardedProtocol(HttpToolsProtocol):
    """One connection, held to the limits above."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  uvicorn's
        """As uvicorn makes it."""
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._since = self.loop.time()
        self._no_room = False
        self._in_head = True
        self._size = 0
        self._refused = False

    def connection_made(  # type: ignore[override]  # as uvicorn narrows it
        self, transport: asyncio.Transport
    ) -> None:
        """Let the peer in, or not."""
        super().connection_made(transport)
        link = transport.get_extra_info("socket")
        if link is not None and is_ours(link):
            self._hurry()
            self._make_room()
        else:
            self._refused = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._at_ease()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    @property
    def waiting_since(self) -> float | None:
        """Since when it has no whole request to be answered; None: it has one."""
        waits = self.cycle is None or self.cycle.response_complete
        return self._since if waits or self._timer is not None else None

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
            self._refuse(*_HEAD_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words
        """Say that nothing was understood."""
        self._refuse(*_NO_HTTP)

    def on_headers_complete(self) -> None:
        """Hold the head to its size, and to what is let in."""
        if self._refused:
            return
        head = len(self.url) + sum(
            len(name) + len(value) for name, value in self.headers
        )
        version, method = self.parser.get_http_version(), self.parser.get_method()
        refused = refusal(version, method, self.url, self.headers)
        if head > HEAD_BYTES:
            refused = _HEAD_TOO_LARGE
        if self._no_room:
            refused = room.FULL
        if refused is not None:
            self._refuse(*refused)
        else:
            self._in_head, self._size = False, 0
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hold the body to its size."""
        self._size += len(body)
        if self._size > BODY_BYTES:
            self._refuse(*_BODY_TOO_LARGE)
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: no more haste."""
        self._in_head, self._size = True, 0
        if not self._refused:
            self._at_ease()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is made: what is left of it is the reader's to take."""
        self._since = self.loop.time()
        super().on_response_complete()
        self._watch_reader()

    def _watch_reader(self) -> None:
        """Look later whether it takes what is left of an answer."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        left = self.transport.get_write_buffer_size()
        if left:
            patience = STALLED_SECONDS if left > UNREAD_BYTES else IDLE_SECONDS
            self._unread = self.loop.call_later(patience, self._has_read, left)

    def _has_read(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left >= before and self.cycle.response_complete:
            self.transport.abort()  # `close` would wait for the reader
        else:
            self._watch_reader()

    def _make_room(self) -> None:
        """Over the limit, hang up on whoever waits longest, else on this one."""
        if len(self.connections) <= room.most():
            return
        ours = (one for one in self.connections if isinstance(one, GuardedProtocol))
        idle = room.longest_waiting(one for one in ours if one is not self)
        if idle is None:
            self._no_room = True
        else:
            self.connections.discard(idle)  # before the next one counts
            idle.transport.abort()

    def _hurry(self) -> None:
        self._timer = self.loop.call_later(IDLE_SECONDS, self.transport.close)

    def _at_ease(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int, reason: str) -> None:
        """Hang up; say why, where that is not taken for another answer."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self._is_next():
            kind = DaemonMissing if self._no_room else UsageError
            told = problem(kind(reason), status)
            told.headers["connection"] = "close"
            fields = [*self.server_state.default_headers, *told.raw_headers]
            lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
            lines += [b": ".join(field) for field in fields]
            self.transport.write(b"\r\n".join([*lines, b"", bytes(told.body)]))
        self.transport.close()

    def _is_next(self) -> bool:
        """Whether the request that is being read is the next to be answered."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        own = not self._in_head and not self.pipeline
        return own and not self.cycle.response_started
