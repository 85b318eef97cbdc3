"""HTTP as the double speaks it: sockets, threads, one buffer for each answer.

Promises: head and body leave in one send (two would cost each call 40 ms, the
delayed acknowledgement), and closing ends every thread, also one that waits for a
client.  Refuses bodies without a length; no client of ours sends one.
"""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

LARGEST = 32 << 20
"""Bytes of a request body that the service reads at most."""


@dataclass(frozen=True)
class Asked:
    """A request as it was read."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer that is ready."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def head(self, length: int | None) -> bytes:
        """The lines before the body; no ``length``: it comes in chunks."""
        size = "Transfer-Encoding: chunked"
        if length is not None:
            size = f"Content-Length: {length}"
        phrase = HTTPStatus(self.status).phrase if self.status in _KNOWN else ""
        more = [f"{name}: {value}" for name, value in self.headers.items()]
        lines = [f"HTTP/1.1 {self.status} {phrase}", size, *more, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def whole(self) -> bytes:
        """Head and body, to be sent at once."""
        return self.head(len(self.body)) + self.body


_KNOWN = {one.value for one in HTTPStatus}


def json_reply(status: int, body: Any, headers: Mapping[str, str]) -> Reply:
    """A reply of JSON; a text is sent as it is."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = {"Content-Type": "application/json"}
    return Reply(status, text.encode(), {**kind, **headers})


Serve = Callable[["Line", Asked], None]


class Line(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if "Transfer-Encoding" in self.headers or length > LARGEST:
            self.send(Reply(413, b"", {"Connection": "close"}).whole())
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        self.server.serve(self, Asked(self.command, self.path, headers, body))

    do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = _serve  # noqa: N815  http.server looks for these names

    def send(self, data: bytes) -> bool:
        """Send all of it; False when the client is gone."""
        try:
            self.connection.sendall(data)
        except OSError:
            self.close_connection = True
            return False
        return True

    def drop(self) -> None:
        """Close the connection as it is."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
        """Say nothing; the request log knows."""


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection, all of them known."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, serve: Serve, failed: Callable[[BaseException], None]) -> None:
        """Listen on a free port of this machine; `begin` answers."""
        super().__init__(("127.0.0.1", 0), Line)
        self.serve = serve
        self._failed = failed
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def begin(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def end(self) -> None:
        """Hang up on everybody and wait for the threads."""
        self.shutdown()
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection while it lasts."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing; anything else fails the test."""
        del request, client_address
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self._failed(error)
